// SPDX-License-Identifier: GPL-2.0
/*
 * load.c: compile commands => facts of all units, from the cache or by parsing in worker
 * processes.
 *
 * Workers are forked, take units from a shared counter, and write each unit's facts to a file named
 * by its content, and finally the header definitions that they claimed. The parent merges these
 * into the pool and writes the index last.
 */
#include "facts/load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORKERS 64
#define PCH_LEAST   24 /* with fewer units a precompiled header doesn't pay */

/* In memory shared by workers and parent. */
struct shared {
	uint32_t next, done, failed;
	uint64_t pools[MAX_WORKERS + 1]; /* block hashes; the last is the precompiled header's */
	uint32_t with_pch, retried;
	uint64_t blocks[]; /* by position in `todo` */
};

struct load {
	const struct compdb *db;
	const char *dir;
	const struct facts_watch *watch;
	struct facts_index index;
	struct plan plan;
	struct claims claims;
	struct shared *shared;
	VEC(uint32_t) todo;
	char *pch;
	struct strmap pch_files;
	int jobs;
};

static int store_block(const char *dir, const char *prefix, const struct fb *fb, uint64_t *hash)
{
	size_t size;
	void *block = fb_pack(fb, &size);
	char *path;
	int rc = 0;

	*hash = hash64(block, size, 3);
	path = facts_file(dir, prefix, *hash, ".facts");
	if (access(path, F_OK))
		rc = write_file(path, block, size);
	free(path);
	free(block);
	return rc;
}

static int map_block(struct facts *f, const char *dir, const char *prefix, uint64_t hash)
{
	char *path = facts_file(dir, prefix, hash, ".facts");
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
	struct stat st;
	void *block;

	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0) {
		block = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (block != MAP_FAILED) {
			rc = facts_unpack(f, block, st.st_size);
			if (rc)
				munmap(block, st.st_size);
		}
	}
	if (fd >= 0)
		close(fd);
	if (rc)
		err(path, "remove its directory and run again", "damaged facts in the cache");
	free(path);
	return rc;
}

/* ---- in a worker ---- */

/* Assembles again: Kbuild's object may be older than the source. */
static int worker_parse_asm(struct load *l, struct worker *w, const struct tu *tu, struct fb *out)
{
	char *object = xasprintf("%s/asm-%d.o", l->dir, getpid());
	char **argv = xcalloc(tu->argc + 1, sizeof(*argv));
	int n = 0, rc;

	for (int i = 0; i < tu->argc; i++) {
		if (starts_with(tu->argv[i], "-Wp,-M"))
			continue;
		argv[n++] = i && !strcmp(tu->argv[i - 1], "-o") ? object : tu->argv[i];
	}
	rc = run_command(argv, l->db->objdir, NULL, NULL);
	if (rc)
		rc = err(tu->source, "fix the error the assembler printed", "doesn't assemble");
	else
		rc = elf_facts(w, tu, object, out);
	unlink(object);
	free(object);
	free(argv);
	return rc;
}

static int worker_parse_unit(struct load *l, struct worker *w, uint32_t unit, struct fb *out)
{
	const struct plan_unit *plan = &l->plan.units[unit];
	struct parse_job job = {.tu = &l->db->tus[unit], .group = plan->group};

	if (job.tu->is_asm)
		return worker_parse_asm(l, w, job.tu, out);
	if (l->pch && plan->pch) {
		job.pch = l->pch;
		job.pch_files = &l->pch_files;
		job.quiet = true;
		__atomic_fetch_add(&l->shared->with_pch, 1, __ATOMIC_RELAXED);
		if (!facts_parse(w, &job, out))
			return 0;
		/* additional headers may have caused the error: retry without the precompiled
		 * header */
		__atomic_fetch_add(&l->shared->retried, 1, __ATOMIC_RELAXED);
		job.pch = NULL;
		job.quiet = false;
	}
	return facts_parse(w, &job, out);
}

static int worker_parse_units(struct load *l, struct worker *w)
{
	struct shared *s = l->shared;
	uint32_t i;

	while (!s->failed && (i = __atomic_fetch_add(&s->next, 1, __ATOMIC_RELAXED)) < l->todo.n) {
		struct fb fb;

		if (worker_parse_unit(l, w, l->todo.a[i], &fb))
			return -1;
		if (store_block(l->dir, "", &fb, &s->blocks[i]))
			return -1;
		fb_free(&fb);
		__atomic_fetch_add(&s->done, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

/* Makes header definitions of the last run and of the precompiled header known, which the units
 * parsed now don't show. */
static int worker_know_pools(struct load *l, struct worker *w)
{
	uint64_t hashes[] = {l->index.pool, l->shared->pools[MAX_WORKERS]};

	for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
		struct facts pool;

		if (!hashes[i])
			continue;
		if (map_block(&pool, l->dir, "pool-", hashes[i]))
			return -1;
		worker_know(w, &pool);
		munmap(pool.block, pool.size);
	}
	return 0;
}

static void worker_main(struct load *l, int slot, bool make_pch, const char *text)
{
	struct worker w;
	int rc;

	worker_init(&w, l->db, &l->claims);
	w.watch = l->watch;
	if (chdir(l->db->objdir))
		_exit(2);
	if (make_pch) {
		const struct tu *model = &l->db->tus[l->plan.pch_model];
		struct strbuf files = {};
		char *list = xasprintf("%s.files", l->pch);

		rc = facts_make_pch(&w, model, text, l->pch, &l->pch_files);
		for (size_t i = 0; i < l->pch_files.cap; i++)
			if (l->pch_files.slots[i].key)
				sb_printf(&files, "%s\n", l->pch_files.slots[i].key);
		rc = rc ? 3 : write_file(list, files.s ? files.s : "", files.len);
	} else {
		rc = worker_know_pools(l, &w);
		if (!rc)
			rc = worker_parse_units(l, &w);
	}
	if (!rc)
		rc = store_block(l->dir, "pool-", &w.pool, &l->shared->pools[slot]);
	if (rc)
		l->shared->failed = !make_pch;
	_exit(rc ? 3 : 0);
}

static pid_t start_worker(struct load *l, int slot, bool make_pch, const char *text)
{
	pid_t pid;

	fflush(NULL);
	pid = child_fork();
	if (!pid)
		worker_main(l, slot, make_pch, text);
	if (pid < 0)
		err(NULL, "lower -j", "cannot start a worker: %s", strerror(errno));
	return pid;
}

/* ---- the precompiled header ---- */

static int read_pch_files(struct load *l)
{
	char *list = xasprintf("%s.files", l->pch), *text = read_file(list, NULL);

	for (char *s = text ? strtok(text, "\n") : NULL; s; s = strtok(NULL, "\n"))
		strmap_add(&l->pch_files, s, NULL);
	free(list);
	free(text);
	return text ? 0 : -1;
}

/* Tries all frequently used headers, then fewer: some conflict. */
static void make_pch(struct load *l)
{
	l->pch = xasprintf("%s/pch-%d", l->dir, getpid());
	for (size_t n = l->plan.headers.n; n; n = n * 2 / 3) {
		struct strbuf text = {};
		pid_t pid;
		int status;

		for (size_t i = 0; i < n; i++)
			sb_printf(&text, "#include <%s>\n", l->plan.headers.a[i]);
		interrupt_guard_file(l->pch);
		pid = start_worker(l, MAX_WORKERS, true, text.s);
		sb_free(&text);
		status = pid < 0 ? -1 : child_wait(pid);
		if (!status && !read_pch_files(l))
			return;
		/* its claims are in no pool */
		memset(l->claims.slots, 0, (l->claims.mask + 1) * sizeof(*l->claims.slots));
	}
	unlink(l->pch);
	interrupt_guard_file(NULL);
	free(l->pch);
	l->pch = NULL;
}

static void remove_pch(struct load *l)
{
	static const char *const suffixes[] = {"", ".h", ".files"};

	for (size_t i = 0; i < ARRAY_LEN(suffixes) && l->pch; i++) {
		char *path = xasprintf("%s%s", l->pch, suffixes[i]);

		unlink(path);
		free(path);
	}
	interrupt_guard_file(NULL);
	free(l->pch);
	l->pch = NULL;
	strmap_free(&l->pch_files);
}

/* ---- in the parent ---- */

static int watch_workers(struct load *l, const pid_t *pids, int n)
{
	int running = n, rc = 0, status;
	bool ended[MAX_WORKERS] = {};

	while (running) {
		for (int i = 0; i < n; i++) {
			siginfo_t info = {};

			if (ended[i] ||
			    waitid(P_PID, pids[i], &info, WEXITED | WNOWAIT | WNOHANG) ||
			    !info.si_pid)
				continue;
			status = child_wait(pids[i]);
			ended[i] = true;
			running--;
			if (status) {
				rc = -1;
				l->shared->failed = 1;
			}
			if (WIFSIGNALED(status))
				err(NULL, "run again with -j1 to find the file",
				    "a worker was ended by signal %d", WTERMSIG(status));
		}
		progress("facts", l->shared->done, l->todo.n);
		usleep(20000);
	}
	progress_end();
	return rc;
}

static int run_workers(struct load *l)
{
	int n = l->jobs < 1 ? 1 : l->jobs > MAX_WORKERS ? MAX_WORKERS : l->jobs, started = 0;
	pid_t pids[MAX_WORKERS];

	if ((size_t)n > l->todo.n)
		n = l->todo.n;
	for (; started < n; started++) {
		pids[started] = start_worker(l, started, false, NULL);
		if (pids[started] < 0) {
			l->shared->failed = 1;
			break;
		}
	}
	return watch_workers(l, pids, started) | (started < n ? -1 : 0);
}

static int load_claims(struct load *l)
{
	char *path = facts_file(l->dir, "", l->index.pool, ".claims");
	size_t len;
	char *text = read_file(path, &len);

	for (size_t i = 0; text && i + 8 <= len; i += 8) {
		uint64_t hash;

		memcpy(&hash, text + i, 8);
		claims_take(&l->claims, hash);
	}
	if (!text)
		err(path, "remove its directory and run again", "cannot read it: %s",
		    strerror(errno));
	free(path);
	free(text);
	return text ? 0 : -1;
}

static int save_claims(struct load *l)
{
	char *path = facts_file(l->dir, "", l->index.pool, ".claims");
	struct strbuf out = {};
	int rc;

	for (size_t i = 0; i <= l->claims.mask; i++)
		if (l->claims.slots[i])
			sb_add(&out, &l->claims.slots[i], 8);
	rc = write_file(path, out.s ? out.s : "", out.len);
	sb_free(&out);
	free(path);
	return rc;
}

static void facts_unmap(struct facts *f)
{
	if (f->block)
		munmap(f->block, f->size);
	*f = (struct facts){};
}

/* Old pool + header definitions found by the workers => new pool. */
static int merge_pools(struct load *l)
{
	struct fb pool;
	int rc = 0;

	fb_init(&pool);
	for (int i = -1; i <= MAX_WORKERS && !rc; i++) {
		uint64_t hash = i < 0 ? l->index.pool : l->shared->pools[i];
		struct facts part = {};

		if (!hash)
			continue;
		rc = map_block(&part, l->dir, "pool-", hash);
		if (!rc)
			fb_merge(&pool, &part);
		facts_unmap(&part);
	}
	if (!rc)
		rc = store_block(l->dir, "pool-", &pool, &l->index.pool);
	if (!rc)
		rc = save_claims(l);
	fb_free(&pool);
	return rc;
}

static char *dep_path(const struct compdb *db, const char *name)
{
	if (starts_with(name, "obj:"))
		return xasprintf("%s/%s", db->objdir, name + 4);
	return *name == '/' ? xstrdup(name) : xasprintf("%s/%s", db->overlay, name);
}

/* Records the files of parsed units as their dependencies. */
static int index_parsed_units(struct load *l)
{
	struct strmap fresh = {};
	int rc = 0;

	for (size_t i = 0; i < l->todo.n && !rc; i++) {
		struct index_unit *u = &l->index.units[l->todo.a[i]];
		struct facts f = {};

		u->block = l->shared->blocks[i];
		u->valid = true;
		u->deps.n = 0;
		rc = map_block(&f, l->dir, "", u->block);
		for (uint32_t j = 0; j < f.nfiles && !rc; j++) {
			char *path = dep_path(l->db, fact_str(&f, f.files[j].path));
			uint32_t dep = depset_add(&l->index.deps, path);
			bool added;

			if (!f.files[j].header) {
				strmap_add(&fresh, path, &added);
				if (added)
					depset_refresh(&l->index.deps, dep);
			}
			*vec_add(&u->deps) = dep;
			free(path);
		}
		facts_unmap(&f);
	}
	strmap_free(&fresh);
	return rc;
}

static int parse_missing_units(struct load *l)
{
	size_t size = sizeof(*l->shared) + l->todo.n * sizeof(l->shared->blocks[0]);
	int rc = 0;

	l->shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l->shared == MAP_FAILED || claims_init(&l->claims))
		return err(NULL, NULL, "no shared memory: %s", strerror(errno));
	plan_make(&l->plan, l->db);
	if (l->index.pool)
		rc = load_claims(l);
	else if (l->todo.n >= PCH_LEAST)
		make_pch(l);
	if (l->pch)
		plan_use_pch(&l->plan, l->db, &l->pch_files);
	if (!rc)
		rc = run_workers(l);
	if (getenv("KSLICE_DEBUG"))
		fprintf(stderr,
			"facts: %zu units, %u with pch of %zu files, %u of them again without\n",
			l->todo.n, l->shared->with_pch, l->pch_files.n, l->shared->retried);
	remove_pch(l);
	if (!rc)
		rc = merge_pools(l);
	if (!rc)
		rc = index_parsed_units(l);
	munmap(l->shared, size);
	munmap(l->claims.slots, (l->claims.mask + 1) * sizeof(*l->claims.slots));
	plan_free(&l->plan);
	return rc;
}

static int facts_map_all(struct load *l, struct facts *facts)
{
	for (size_t i = 0; i < l->db->ntus; i++)
		if (map_block(&facts[i], l->dir, "", l->index.units[i].block))
			return -1;
	return map_block(&facts[l->db->ntus], l->dir, "pool-", l->index.pool);
}

static int facts_load_locked(struct load *l, struct facts *facts)
{
	int rc = 0;

	index_load(&l->index, l->db, l->watch, l->dir);
	for (size_t i = 0; i < l->db->ntus; i++)
		if (!l->index.units[i].valid)
			*vec_add(&l->todo) = i;
	if (l->todo.n)
		rc = parse_missing_units(l);
	if (!rc && (l->todo.n || l->index.deps.touched))
		rc = index_save(&l->index, l->dir);
	if (!rc)
		rc = facts_map_all(l, facts);
	if (!rc && l->todo.n)
		index_sweep(&l->index, l->dir);
	index_free(&l->index);
	free(l->todo.a);
	return rc;
}

static char *facts_dir(const struct compdb *db)
{
	if (db->dir)
		return xasprintf("%s/facts", db->dir);
	/* commands from elsewhere */
	return xasprintf("%s/facts/%016" PRIx64, cache_dir(),
			 hash_str(db->objdir, hash_str(db->overlay, 0)));
}

int facts_load_all(struct facts *facts, const struct compdb *db, const struct facts_watch *watch,
		   int jobs)
{
	char *dir = facts_dir(db), *lock = xasprintf("%s/lock", dir);
	struct load l = {.db = db, .dir = dir, .watch = watch, .jobs = jobs};
	int fd = cache_lock(lock, LOCK_TO_WRITE), rc = -1;

	memset(facts, 0, (db->ntus + 1) * sizeof(*facts));
	if (fd >= 0) {
		rc = facts_load_locked(&l, facts);
		close(fd);
	}
	if (rc)
		facts_free_all(facts, db);
	free(lock);
	free(dir);
	return rc;
}

void facts_free_all(struct facts *facts, const struct compdb *db)
{
	for (size_t i = 0; i <= db->ntus; i++)
		facts_unmap(&facts[i]);
}

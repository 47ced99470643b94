// SPDX-License-Identifier: GPL-2.0
/*
 * jobs.c: units to compile => modules in the caches of their sides.
 *
 * Workers are forked, take jobs from a shared counter and store modules; the parent records them.
 * A precompiled header of each side's own headers, chosen as for the facts, saves most of the time.
 */
#include "verify/jobs.h"
#include "facts/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORKERS 64
#define PCH_LEAST   24 /* with fewer units a precompiled header doesn't pay */

/* In memory shared by workers and parent. */
struct shared {
	uint32_t next, done, failed, with_pch, again;
	uint64_t modules[]; /* by position in `todo` */
};

/* ---- in a worker ---- */

static int job_compile(const struct verify *v, const struct verify_job *j, bool exact,
		       struct shared *sh)
{
	const struct side *s = &v->side[j->side];

	if (!exact && s->pch && v->pch[j->unit]) {
		__atomic_fetch_add(&sh->with_pch, 1, __ATOMIC_RELAXED);
		if (!front_compile(s, j->unit, FRONT_PCH, true))
			return 0;
		/* more headers than its own: some units don't bear that */
		__atomic_fetch_add(&sh->again, 1, __ATOMIC_RELAXED);
	}
	if (!front_compile(s, j->unit, FRONT_PLAIN, true))
		return 0;
	return front_compile(s, j->unit, FRONT_COUNT, false);
}

static int job_run(const struct verify *v, const struct verify_job *j, bool exact,
		   struct shared *sh, uint64_t *module)
{
	const struct side *s = &v->side[j->side];
	const char *source = s->units[j->unit].source;
	char *ll = side_file(s, "unit-", j->unit, ".ll"), *text = NULL, *why;
	struct module m = {0};
	int r = -1;

	if (job_compile(v, j, exact, sh))
		err(source,
		    j->side == SLICED
			    ? "the messages above say why; if a sliced tree doesn't compile, kslice or a cut has a bug"
			    : "compile the file by hand with its command from compile_commands.json",
		    "the %s doesn't compile for the check",
		    j->side == SLICED ? "slice" : "whole file");
	else if (!(text = read_file(ll, NULL)))
		err(ll, "make room on the disk", "%s", strerror(errno));
	else if (ir_parse(text, false, &m, &why))
		err(source, "report this, and build with --no-verify",
		    "the check doesn't understand this line of IR: %.200s", why);
	else
		r = side_store(s, &m, module);
	module_free(&m);
	if (!exact)
		unlink(ll);
	free(text);
	free(ll);
	return r;
}

static void worker_main(const struct verify *v, bool exact, struct shared *sh)
{
	uint32_t i;

	while (!sh->failed &&
	       (i = __atomic_fetch_add(&sh->next, 1, __ATOMIC_RELAXED)) < v->todo.n) {
		if (job_run(v, &v->todo.a[i], exact, sh, &sh->modules[i])) {
			sh->failed = 1;
			_exit(1);
		}
		__atomic_fetch_add(&sh->done, 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

/* ---- in the parent ---- */

static bool worker_ended(pid_t pid, int *status)
{
	siginfo_t info = {0};

	if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WNOHANG) || !info.si_pid)
		return false;
	*status = child_wait(pid);
	return true;
}

static int watch_workers(const struct verify *v, struct shared *sh, pid_t *pids, int n)
{
	char *what = xasprintf("%s: verify", v->name);
	int running = n, rc = 0, status;

	while (running) {
		for (int i = 0; i < n; i++) {
			if (!pids[i] || !worker_ended(pids[i], &status))
				continue;
			pids[i] = 0;
			running--;
			if (status)
				rc = -1;
			if (WIFSIGNALED(status)) {
				err(NULL, "run again with -j1 to find the file",
				    "a worker was ended by signal %d", WTERMSIG(status));
				sh->failed = 1;
			}
		}
		progress(what, sh->done, v->todo.n);
		usleep(20000);
	}
	progress_end();
	free(what);
	return rc;
}

static int run_workers(const struct verify *v, bool exact, struct shared *sh)
{
	int n = v->processes < 1 ? 1 : v->processes > MAX_WORKERS ? MAX_WORKERS : v->processes;
	pid_t pids[MAX_WORKERS];

	if ((size_t)n > v->todo.n)
		n = v->todo.n;
	fflush(NULL);
	for (int i = 0; i < n; i++) {
		pids[i] = child_fork();
		if (!pids[i])
			worker_main(v, exact, sh);
		if (pids[i] < 0) {
			sh->failed = 1;
			watch_workers(v, sh, pids, i);
			return err(NULL, "lower -j", "cannot start a worker: %s", strerror(errno));
		}
	}
	return watch_workers(v, sh, pids, n);
}

static int record_modules(struct verify *v, const struct shared *sh)
{
	int r = 0;

	for (size_t i = 0; i < v->todo.n && !r; i++) {
		const struct verify_job *j = &v->todo.a[i];
		struct side *s = &v->side[j->side];
		char *dep = side_file(s, "unit-", j->unit, ".d");

		r = side_set(s, j->unit, sh->modules[i], dep);
		unlink(dep);
		free(dep);
	}
	return r;
}

/* ---- the precompiled header ---- */

static void add_file(void *ctx, const char *path)
{
	if (!ends_with(path, ".pch.h"))
		strmap_add(ctx, path, NULL);
}

/* Both sides' at once, in two processes. */
static int precompile_both(struct verify *v, size_t model, const char *text)
{
	pid_t pids[SIDES];
	int r = 0;

	fflush(NULL);
	for (int i = 0; i < SIDES; i++) {
		pids[i] = child_fork();
		if (!pids[i])
			_exit(front_precompile(&v->side[i], model, text) ? 1 : 0);
		r |= pids[i] < 0;
	}
	for (int i = 0; i < SIDES; i++) {
		if (pids[i] > 0)
			r |= child_wait(pids[i]);
		free(v->side[i].pch);
		v->side[i].pch = xasprintf("%s/headers.pch", v->side[i].dir);
	}
	return r ? -1 : 0;
}

/* Tries all frequently used headers, then fewer: some conflict. */
static bool make_pch(struct verify *v, const struct plan *plan)
{
	for (size_t n = plan->headers.n; n; n = n * 2 / 3) {
		struct strbuf text = {0};
		int r;

		for (size_t i = 0; i < n; i++)
			sb_printf(&text, "#include <%s>\n", plan->headers.a[i]);
		r = precompile_both(v, plan->pch_model, text.s);
		sb_free(&text);
		if (!r)
			return true;
	}
	for (int i = 0; i < SIDES; i++)
		front_remove_pch(&v->side[i]);
	return false;
}

/* Chooses headers by the units of the slice, and which of them may use these. */
static void plan_pch(struct verify *v)
{
	struct compdb live = *v->g->db;
	struct strmap files = {0};
	struct plan plan;
	char *dep;

	live.tus = xcalloc(v->n, sizeof(*live.tus));
	live.ntus = v->n;
	for (size_t i = 0; i < v->n; i++)
		live.tus[i] = v->g->db->tus[v->tu[i]];
	plan_make(&plan, &live);
	if (make_pch(v, &plan)) {
		dep = xasprintf("%s.d", v->side[WHOLE].pch);
		if (!depfile_each(dep, v->side[WHOLE].cwd, add_file, &files))
			plan_use_pch(&plan, &live, &files);
		for (size_t i = 0; i < v->n; i++)
			v->pch[i] = files.n && plan.units[i].pch;
		free(dep);
	}
	plan_free(&plan);
	strmap_free(&files);
	free(live.tus);
}

int jobs_run(struct verify *v, bool exact)
{
	size_t size = sizeof(struct shared) + v->todo.n * sizeof(uint64_t);
	struct shared *sh =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r;

	if (sh == MAP_FAILED)
		return err(NULL, NULL, "no shared memory: %s", strerror(errno));
	if (!exact && v->todo.n >= PCH_LEAST)
		plan_pch(v);
	r = run_workers(v, exact, sh);
	if (getenv("KSLICE_DEBUG"))
		fprintf(stderr, "verify: %zu compilations, %u with pch, %u of them again without\n",
			v->todo.n, sh->with_pch, sh->again);
	if (!r)
		r = record_modules(v, sh);
	for (int i = 0; i < SIDES; i++)
		front_remove_pch(&v->side[i]);
	munmap(sh, size);
	return r;
}

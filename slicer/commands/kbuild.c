// SPDX-License-Identifier: GPL-2.0
/*
 * kbuild.c: tree + config => one compile command per translation unit.
 *
 * Runs Kbuild itself, in a directory of the cache, with a compiler that only records its command
 * lines (wrapper/cc.c). The members of the resulting vmlinux.a are the kernel's units, in link
 * order.
 */
#include "commands/commands.h"
#include "base/arch.h"
#include "base/cache.h"
#include "base/path_map.h"
#include "commands/kconfig.h"
#include "commands/log.h"
#include "commands/overlay.h"
#include "spec/spec.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LLVM_SUFFIX "-19"
#define COMPILER    "clang" LLVM_SUFFIX

static bool has_overlay(void)
{
	return !strcmp(arch_name(), "sd");
}

static int check_tree(const char *tree)
{
	static const char *const needed[] = {"Makefile",
					     "Kconfig",
					     "Kbuild",
					     "init/main.c",
					     "include/linux/kernel.h",
					     "scripts/Makefile.build"};

	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		char *path = xasprintf("%s/%s", tree, needed[i]);
		int rc = access(path, R_OK);

		free(path);
		if (rc)
			return err(
				tree,
				"give an unpacked Linux source tree; kernel-tree/fetch.sh makes one",
				"not a Linux source tree: no %s", needed[i]);
	}
	return 0;
}

static char *find_program(const char *name)
{
	const char *path = getenv("PATH");

	for (const char *s = path ? path : "/usr/bin"; *s;) {
		size_t n = strcspn(s, ":");
		char *full = xasprintf("%.*s/%s", (int)n, s, name);

		if (!access(full, X_OK))
			return full;
		free(full);
		s += n + (s[n] == ':');
	}
	return NULL;
}

/* The wrapper is beside kslice; tests, whose programs are elsewhere, give its path. */
static char *find_wrapper(void)
{
	const char *env = getenv("KSLICE_CC_WRAPPER");
	char *path = env ? xstrdup(env) : xasprintf("%s/build/bin/kslice-cc", repo_root());

	if (!access(path, X_OK))
		return path;
	err(path, "build it: make (at the top of the repo)", "the compiler wrapper isn't there");
	free(path);
	return NULL;
}

/* ---- running Kbuild ---- */

struct kbuild {
	struct compdb *db;
	const struct spec *spec;
	int jobs;
	char *bin, *log, *make_log;
	const char *gen;
	VEC(char *) env;
};

/* NULL: there are no stubs yet. */
static const char *generated_dir(const struct spec *spec)
{
	char *kbuild = xasprintf("%s/Kbuild", spec->generated);
	bool there = !access(kbuild, F_OK);

	free(kbuild);
	return there ? spec->generated : NULL;
}

/* Prints make's lines that look like the cause. */
static int kbuild_failed(struct kbuild *k, const char *what)
{
	size_t len, shown = 0;
	char *text = read_file(k->make_log, &len);

	err(k->make_log,
	    "read that log; the configuration may not fit the tree, or a tool is missing "
	    "(kernel-tree/install-deps.sh installs them)",
	    "Kbuild failed to %s", what);
	for (char *line = text ? strtok(text, "\n") : NULL; line && shown < 8;
	     line = strtok(NULL, "\n"))
		if (strstr(line, "rror") || strstr(line, "***") || strstr(line, "No such file") ||
		    strstr(line, "kslice-cc"))
			fprintf(stderr, "        | %s\n", line), shown++;
	free(text);
	return -1;
}

static int kbuild_make(struct kbuild *k, const char *target)
{
	char *jobs = xasprintf("-j%d", k->jobs), *out = xasprintf("O=%s", k->db->objdir);
	char *arch = xasprintf("ARCH=%s", arch_name());
	char *target_flags = xasprintf("CLANG_TARGET_FLAGS_%s=x86_64-linux-gnu", arch_name());
	char *argv[] = {"make", "-C", k->db->overlay, jobs, out, arch, "LLVM=" LLVM_SUFFIX,
			"CROSS_COMPILE=x86_64-linux-gnu-",
			/* for trees that don't take clang's target from the line above */
			target_flags, "KBUILD_BUILD_TIMESTAMP=kslice", "KBUILD_BUILD_USER=kslice",
			"KBUILD_BUILD_HOST=kslice",
			/* a check of every object, by nm and awk: ours are empty */
			"cmd_check_local_export=", (char *)target, NULL};
	int rc = run_command(argv, NULL, k->env.a, k->make_log);

	free(jobs);
	free(out);
	free(arch);
	free(target_flags);
	return rc;
}

static int make_overlay(struct kbuild *k)
{
	char *script, *argv[5] = {};
	int rc;

	if (!has_overlay())
		return 0;
	script = xasprintf("%s/kernel-tree/overlay.sh", repo_root());
	argv[0] = script;
	argv[1] = k->db->tree;
	argv[2] = k->db->overlay;
	argv[3] = (char *)k->gen;
	/* only links and edited copies; always rebuilt, so that nothing old is left */
	rc = remove_tree(k->db->overlay);
	if (!rc)
		rc = run_command(argv, NULL, NULL, k->make_log);
	free(script);
	if (rc)
		return kbuild_failed(k, "make the overlay tree");
	return overlay_apply(k->spec, k->db->tree, k->db->overlay);
}

/* Sets up the directory that is first in PATH, the empty object that all units compile to, and the
 * log. */
static int make_wrapper(struct kbuild *k)
{
	char *wrapper = find_wrapper(), *real = find_program(COMPILER), *empty, *link;
	const char *path = getenv("PATH");
	int rc = -1;

	if (!real)
		err(COMPILER, "install clang-19 (kernel-tree/install-deps.sh)",
		    "the compiler isn't in PATH");
	if (!real || !wrapper)
		goto out;
	empty = xasprintf("%s/empty.o", k->bin);
	link = xasprintf("%s/" COMPILER, k->bin);
	if (!make_dirs(k->bin)) {
		char *argv[] = {real, "--target=x86_64-linux-gnu",
				"-x", "c",
				"-c", "/dev/null",
				"-o", empty,
				NULL};

		unlink(link);
		rc = symlink(wrapper, link) || run_command(argv, NULL, NULL, k->make_log)
			     ? err(k->bin, "check space and permissions",
				   "cannot set up the compiler wrapper")
			     : 0;
	}
	*vec_add(&k->env) = xasprintf("PATH=%s:%s", k->bin, path ? path : "/usr/bin:/bin");
	*vec_add(&k->env) = xasprintf("KSLICE_CC_REAL=%s", real);
	*vec_add(&k->env) = xasprintf("KSLICE_CC_LOG=%s", k->log);
	*vec_add(&k->env) = xasprintf("KSLICE_CC_EMPTY=%s", empty);
	*vec_add(&k->env) = xasprintf("KCONFIG_ALLCONFIG=%s", k->spec->config);
	*vec_add(&k->env) = xstrdup("MAKEFLAGS=");
	*vec_add(&k->env) = xstrdup("MAKELEVEL=");
	*vec_add(&k->env) = xstrdup("LC_ALL=C");
	*vec_add(&k->env) = NULL;
	free(empty);
	free(link);
out:
	free(wrapper);
	free(real);
	return rc;
}

/* The link of the empty objects fails, as expected. vmlinux.a, which comes before it, exists only
 * if everything before succeeded. */
static int record_commands(struct kbuild *k)
{
	char *archive = xasprintf("%s/vmlinux.a", k->db->objdir);
	int rc = 0;

	progress("record compile commands", 0, 0);
	unlink(archive);
	if (kbuild_make(k, "vmlinux") && access(archive, F_OK))
		rc = kbuild_failed(k, "record the compile commands");
	free(archive);
	return rc;
}

static int run_kbuild(struct kbuild *k)
{
	unlink(k->make_log);
	if (!cc_log_whole(k->log)) {
		/* the commands of the existing objects are lost */
		unlink(k->log);
		if (remove_tree(k->db->objdir))
			return err(k->db->objdir, "remove it by hand", "cannot remove it: %s",
				   strerror(errno));
	}
	if (make_dirs(k->db->objdir) || make_wrapper(k) || make_overlay(k))
		return -1;
	if (access(k->spec->config, R_OK))
		return err(k->spec->config, "give a Kconfig fragment in the spec's \"config\"",
			   "cannot read it: %s", strerror(errno));
	progress("configure the tree", 0, 0);
	if (kbuild_make(k, "allnoconfig"))
		return kbuild_failed(k, "configure the tree");
	if (kconfig_check(k->db, k->spec->config))
		return -1;
	return record_commands(k);
}

/* ---- log => units ---- */

static char **copy_strings(const char **strings, size_t n)
{
	char **copy = xcalloc(n + 1, sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(strings[i]);
	return copy;
}

static int add_recorded_unit(struct compdb *db, const struct log_entry *e,
			     const struct path_map *paths)
{
	struct tu *tu;

	db->tus = xrealloc(db->tus, (db->ntus + 1) * sizeof(*db->tus));
	tu = &db->tus[db->ntus++];
	*tu = (struct tu){
		.source = path_map_name(paths, e->source, e->cwd),
		.object = path_normalize(xstrdup(e->object)),
		.argv = copy_strings(e->argv, e->argc),
		.argc = e->argc,
		.is_asm = e->is_asm,
		.deps = copy_strings(e->deps, e->ndeps),
		.ndeps = e->ndeps,
	};
	return 0;
}

static int add_members(struct compdb *db, const struct cc_log *log, const struct path_map *paths,
		       const char *archive)
{
	name_vec members = {};
	int rc = archive_members(db->objdir, archive, &members);

	for (size_t i = 0; i < members.n && !rc; i++) {
		uint64_t *at = strmap_get(&log->by_object, members.a[i]);

		if (at)
			rc = add_recorded_unit(db, &log->entries.a[*at - 1], paths);
		else
			rc = err(members.a[i],
				 "remove the kbuild directory in the cache and run again",
				 "linked into the kernel, but its compile command wasn't recorded");
	}
	for (size_t i = 0; i < members.n; i++)
		free(members.a[i]);
	free(members.a);
	return rc;
}

/* lib.a archives of the directories units were compiled in. */
static int add_libraries(struct compdb *db, const struct cc_log *log, const struct path_map *paths)
{
	struct strmap seen = {};
	int rc = 0;

	for (size_t i = 0; i < log->entries.n && !rc; i++) {
		const char *object = log->entries.a[i].object, *slash = strrchr(object, '/');
		char *lib = xasprintf("%.*slib.a", slash ? (int)(slash - object) + 1 : 0, object);
		char *path = xasprintf("%s/%s", db->objdir, lib);
		bool added;

		path_normalize(lib);
		strmap_add(&seen, lib, &added);
		if (added && !access(path, F_OK))
			rc = add_members(db, log, paths, lib);
		free(lib);
		free(path);
	}
	strmap_free(&seen);
	return rc;
}

static int collect_units(struct kbuild *k)
{
	struct path_map paths = {};
	struct compdb *db = k->db;
	struct cc_log log;
	int rc;

	if (cc_log_read(&log, k->log))
		return -1;
	path_map_init(&paths, db->tree, db->overlay, db->objdir);
	rc = add_members(db, &log, &paths, "vmlinux.a");
	db->nbuiltin = db->ntus;
	if (!rc && !db->ntus)
		rc = err(k->log, "remove its directory and run again", "vmlinux.a has no members");
	if (!rc)
		rc = add_libraries(db, &log, &paths);
	path_map_free(&paths);
	cc_log_free(&log);
	return rc;
}

static bool has_unit(const struct compdb *db, const char *source)
{
	for (size_t i = 0; i < db->ntus; i++)
		if (!strcmp(db->tus[i].source, source))
			return true;
	return false;
}

int compdb_check_runtime(const struct compdb *db, bool stubs)
{
	static const char *const needed[] = {"arch/sd/kernel/init.c", "arch/sd/rt/kernel/main.c",
					     "arch/sd/rt/core/server.c", "arch/sd/gen/server.c"};

	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if ((stubs || !starts_with(needed[i], "arch/sd/gen/")) && !has_unit(db, needed[i]))
			return err(db->overlay,
				   "the Kbuild files of runtime/ don't find their sources in this "
				   "tree; correct them",
				   "Kbuild compiled no %s: the image would lack the runtime",
				   needed[i]);
	return 0;
}

/* ---- what the commands depend on ---- */

static void dep_file(struct depset *deps, const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);

	depset_add(deps, path);
	free(path);
}

/* Makefile and Kbuild of a directory and of those above it. */
static void dep_makefiles(struct depset *deps, struct strmap *seen, const char *overlay,
			  const char *source)
{
	char *dir = xstrdup(source), *slash, *sub;
	bool added = true;

	while (added && (slash = strrchr(dir, '/'))) {
		*slash = 0;
		strmap_add(seen, dir, &added);
		sub = xasprintf("%s/%s", overlay, dir);
		dep_file(deps, sub, "Makefile");
		dep_file(deps, sub, "Kbuild");
		free(sub);
	}
	free(dir);
}

/* The Kconfig files, by the list Kconfig leaves for make. */
static void dep_kconfig(struct depset *deps, const struct compdb *db)
{
	char *list = xasprintf("%s/include/config/auto.conf.cmd", db->objdir),
	     *text = read_file(list, NULL);

	for (char *s = text ? strtok(text, " \t\n\\") : NULL; s; s = strtok(NULL, " \t\n\\"))
		if (strstr(s, "Kconfig") && !strchr(s, '=') && !strchr(s, '$')) {
			if (*s == '/')
				depset_add(deps, s);
			else
				dep_file(deps, db->overlay, s);
		}
	free(text);
	free(list);
}

/* Sources that headers are generated from (asm-offsets), and all their includes outside the object
 * directory. */
static int dep_generators(struct depset *deps, struct kbuild *k)
{
	struct cc_log log;

	if (cc_log_read(&log, k->log))
		return -1;
	for (size_t i = 0; i < log.entries.n; i++) {
		const struct log_entry *e = &log.entries.a[i];

		for (uint32_t j = 0; e->to_asm && j < e->ndeps; j++)
			if (e->deps[j][0] == '/' && !starts_with(e->deps[j], k->db->objdir))
				depset_add(deps, e->deps[j]);
	}
	cc_log_free(&log);
	return 0;
}

static int save_stamp(struct kbuild *k, const char *stamp)
{
	static const char *const top[] = {"Makefile",
					  "Kbuild",
					  "scripts/Makefile.build",
					  "scripts/Makefile.lib",
					  "scripts/Makefile.extrawarn",
					  "scripts/Makefile.compiler",
					  "scripts/Makefile.clang",
					  "scripts/Kbuild.include"};
	struct strmap seen = {};
	struct strbuf text = {};
	struct depset deps;
	int rc;

	depset_init(&deps);
	for (size_t i = 0; i < ARRAY_LEN(top); i++)
		dep_file(&deps, k->db->overlay, top[i]);
	for (size_t i = 0; i < k->db->ntus; i++)
		dep_makefiles(&deps, &seen, k->db->overlay, k->db->tus[i].source);
	dep_kconfig(&deps, k->db);
	rc = dep_generators(&deps, k);
	dep_file(&deps, k->spec->generated, "Kbuild");
	dep_file(&deps, repo_root(), "kernel-tree/overlay.sh");
	dep_file(&deps, repo_root(), "runtime/arch/tree.probes");
	depset_write(&deps, &text);
	if (!rc)
		rc = write_file(stamp, text.s, text.len);
	sb_free(&text);
	strmap_free(&seen);
	depset_free(&deps);
	return rc;
}

static bool stamp_is_current(const char *stamp)
{
	char *text = read_file(stamp, NULL);
	struct depset deps;
	bool same;

	if (!text)
		return false;
	depset_init(&deps);
	same = depset_read(&deps, text) && depset_all_same(&deps, NULL);
	if (same && deps.touched) {
		struct strbuf out = {};

		depset_write(&deps, &out);
		same = !write_file(stamp, out.s, out.len);
		sb_free(&out);
	}
	depset_free(&deps);
	free(text);
	return same;
}

/* ---- the pass ---- */

/* runtime/kernel/Kbuild compiles all files present, so adding or removing one is another build. */
static uint64_t hash_names(const char *dir, uint64_t key)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		key = hash_str(list[i]->d_name, key);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return key;
}

static uint64_t kbuild_key(const struct compdb *db, const struct spec *spec)
{
	size_t len = 0;
	char *config = read_file(spec->config, &len), *kernel;
	uint64_t key = hash_str(db->tree, overlay_key(spec));

	key = hash64(config ? config : "", len, key);
	key = hash_str(repo_root(), key);
	free(config);
	kernel = xasprintf("%s/runtime/kernel", repo_root());
	key = hash_names(kernel, key);
	free(kernel);
	return hash_str(arch_name(), key);
}

static int make_commands(struct compdb *db, const struct spec *spec, int jobs, const char *stamp,
			 const char *tus)
{
	struct kbuild k = {
		.db = db,
		.spec = spec,
		.jobs = jobs,
		.bin = xasprintf("%s/bin", db->dir),
		.log = xasprintf("%s/commands.log", db->dir),
		.make_log = xasprintf("%s/make.log", db->dir),
		.gen = generated_dir(spec),
	};
	int rc = run_kbuild(&k);

	progress_end();
	if (!rc)
		rc = collect_units(&k);
	if (!rc && has_overlay())
		rc = compdb_check_runtime(db, k.gen);
	if (!rc)
		rc = compdb_save(db, tus);
	if (!rc)
		rc = save_stamp(&k, stamp);
	for (size_t i = 0; i < k.env.n; i++)
		free(k.env.a[i]);
	free(k.env.a);
	free(k.bin);
	free(k.log);
	free(k.make_log);
	return rc;
}

/* Once nobody reads them any more, unless another process has made them meanwhile. */
static int remake_commands(struct compdb *db, const struct spec *spec, int jobs, const char *stamp,
			   const char *tus, const char *lock)
{
	int rc = 0;

	if (cache_lock_again(db->lock, lock, LOCK_TO_WRITE))
		return -1;
	if (!stamp_is_current(stamp) || compdb_read(db, tus)) {
		unlink(stamp);
		rc = make_commands(db, spec, jobs, stamp, tus);
	}
	return rc ?: cache_lock_again(db->lock, lock, LOCK_TO_READ);
}

int compdb_load(struct compdb *db, const struct spec *spec, const char *tree, int jobs)
{
	char *stamp, *tus, *lock;
	int rc = 0;

	*db = (struct compdb){};
	db->tree = realpath(tree, NULL);
	if (!db->tree)
		return err(tree, "kernel-tree/fetch.sh unpacks one", "no such tree: %s",
			   strerror(errno));
	if (check_tree(db->tree))
		return -1;
	db->dir = xasprintf("%s/kbuild/%s-%s-%016llx", cache_dir(), arch_name(), spec->name,
			    (unsigned long long)kbuild_key(db, spec));
	db->overlay = has_overlay() ? xasprintf("%s/tree", db->dir) : xstrdup(db->tree);
	db->objdir = xasprintf("%s/obj", db->dir);
	stamp = xasprintf("%s/stamp", db->dir);
	tus = xasprintf("%s/tus.json", db->dir);
	lock = xasprintf("%s/lock", db->dir);
	db->lock = cache_lock(lock, LOCK_TO_READ);
	if (db->lock < 0)
		rc = -1;
	else if (!stamp_is_current(stamp) || compdb_read(db, tus))
		rc = remake_commands(db, spec, jobs, stamp, tus, lock);
	free(stamp);
	free(tus);
	free(lock);
	return rc;
}

static void free_strings(char **strings)
{
	for (char **s = strings; s && *s; s++)
		free(*s);
	free(strings);
}

void compdb_free(struct compdb *db)
{
	for (size_t i = 0; i < db->ntus; i++) {
		free(db->tus[i].source);
		free(db->tus[i].object);
		free_strings(db->tus[i].argv);
		free_strings(db->tus[i].deps);
	}
	free(db->tus);
	free(db->tree);
	free(db->overlay);
	free(db->objdir);
	free(db->dir);
	if (db->lock > 0)
		close(db->lock);
	*db = (struct compdb){};
}

// SPDX-License-Identifier: GPL-2.0
/* parse.c: a compile command => libclang => facts; and what workers share. */
#include "facts/clang.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* All units parsed with a precompiled header have the same module name. */
#define PCH_MODNAME "-DKBUILD_MODNAME=\"kslice\""
#define CLAIM_SLOTS (1u << 21)

/* ---- claims ---- */

int claims_init(struct claims *c)
{
	c->mask = CLAIM_SLOTS - 1;
	c->slots = mmap(NULL, CLAIM_SLOTS * sizeof(*c->slots), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return c->slots == MAP_FAILED ? -1 : 0;
}

bool claims_take(struct claims *c, uint64_t hash)
{
	size_t i = hash & c->mask;

	hash |= !hash;
	for (size_t tries = 0; tries <= c->mask; tries++, i = (i + 1) & c->mask) {
		uint64_t seen = 0;

		if (__atomic_compare_exchange_n(&c->slots[i], &seen, hash, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return true;
		if (seen == hash)
			return false;
	}
	die("more than %zu header definitions", c->mask);
}

uint64_t claim_hash(const char *path, const char *name, uint32_t off, uint64_t group)
{
	return hash_str(name, hash_str(path, group ^ ((uint64_t)off << 20)));
}

/* ---- parsing ---- */

void worker_init(struct worker *w, const struct compdb *db, struct claims *claims)
{
	*w = (struct worker){.db = db, .claims = claims};
	/* no thread per parse: each worker is a process */
	setenv("LIBCLANG_NOTHREADS", "1", 1);
	path_map_init(&w->paths, db->tree, db->overlay, db->objdir);
	fb_init(&w->pool);
	w->index = clang_createIndex(1, 0);
}

void worker_know(struct worker *w, const struct facts *pool)
{
	for (uint32_t i = 0; i < pool->ndefs; i++) {
		const struct fact_def *d = &pool->defs[i];
		uint64_t *at;

		if (d->kind != DEF_FUNC || !(d->flags & DEF_STATIC))
			continue;
		at = strmap_add(&w->statics, fact_str(pool, d->name), NULL);
		if (!*at)
			*at = (uintptr_t)xstrdup(fact_str(pool, d->key));
	}
}

void worker_free(struct worker *w)
{
	for (size_t i = 0; i < w->statics.cap; i++)
		if (w->statics.slots[i].key)
			free((char *)(uintptr_t)w->statics.slots[i].value);
	strmap_free(&w->statics);
	clang_disposeIndex(w->index);
	for (size_t i = 0; i < w->files.cap; i++) {
		struct srcfile *src =
			(void *)(uintptr_t)(w->files.slots[i].key ? w->files.slots[i].value : 0);

		if (src)
			free(src->path);
		free(src);
	}
	strmap_free(&w->files);
	words_free(&w->words);
	path_map_free(&w->paths);
	fb_free(&w->pool);
}

typedef VEC(const char *) args_vec;

/*
 * The recorded command without options that matter only to code generation or to the build.
 * Warnings are switched off to save their analyses.
 */
static void clang_parse_args(const struct tu *tu, bool with_pch, bool with_source, args_vec *args)
{
	for (int i = 0; i < tu->argc; i++) {
		const char *a = tu->argv[i];

		if (!strcmp(a, "-o")) {
			i++;
			continue;
		}
		if (!strcmp(a, "-c") || starts_with(a, "-W") ||
		    starts_with(a, "-enable-trivial-auto-var-init-zero"))
			continue;
		if (with_pch && starts_with(a, "-DKBUILD_MODNAME="))
			continue;
		if (!with_source && (starts_with(a, "-DKBUILD_") || starts_with(a, "-D__KBUILD_") ||
				     i == tu->argc - 1))
			continue;
		*vec_add(args) = a;
	}
	if (with_pch)
		*vec_add(args) = PCH_MODNAME;
	*vec_add(args) = "-w";
}

static int clang_check_errors(CXTranslationUnit tu, const char *path, bool quiet)
{
	unsigned n = clang_getNumDiagnostics(tu), shown = 0;

	for (unsigned i = 0; i < n; i++) {
		CXDiagnostic d = clang_getDiagnostic(tu, i);
		bool bad = clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error;

		if (bad && !quiet && shown < 5) {
			CXString s = clang_formatDiagnostic(d, CXDiagnostic_DisplaySourceLocation |
								       CXDiagnostic_DisplayColumn);

			err(path, NULL, "%s", clang_getCString(s));
			clang_disposeString(s);
		}
		shown += bad;
		clang_disposeDiagnostic(d);
	}
	if (shown && !quiet)
		err(path,
		    "compile the file by hand with its command from compile_commands.json; a tree that builds "
		    "with clang-19 parses here too",
		    "%u errors, its facts can't be trusted", shown);
	return shown ? -1 : 0;
}

static int clang_parse_unit(struct worker *w, args_vec *args, const char *path, unsigned options,
			    bool quiet, CXTranslationUnit *tu)
{
	enum CXErrorCode code = clang_parseTranslationUnit2FullArgv(w->index, NULL, args->a,
								    args->n, NULL, 0, options, tu);

	if (code == CXError_Success) {
		if (!clang_check_errors(*tu, path, quiet))
			return 0;
		clang_disposeTranslationUnit(*tu);
		return -1;
	}
	if (!quiet)
		err(path, "check that the command in compile_commands.json works with clang-19",
		    "libclang can't parse it (error %d)", code);
	return -1;
}

int facts_parse(struct worker *w, const struct parse_job *job, struct fb *out)
{
	args_vec args = {};
	CXTranslationUnit tu;
	int rc;

	clang_parse_args(job->tu, job->pch, true, &args);
	if (job->pch) {
		*vec_add(&args) = "-include-pch";
		*vec_add(&args) = job->pch;
	}
	rc = clang_parse_unit(w, &args, job->tu->source,
			      CXTranslationUnit_DetailedPreprocessingRecord, job->quiet, &tu);
	free(args.a);
	if (rc)
		return -1;
	rc = walk_unit(w, tu, job->tu->source, job->group, out);
	clang_disposeTranslationUnit(tu);
	if (!rc && job->pch)
		for (size_t i = 0; i < job->pch_files->cap; i++)
			if (job->pch_files->slots[i].key)
				fb_file(out, job->pch_files->slots[i].key, 1);
	return rc;
}

int facts_make_pch(struct worker *w, const struct tu *tu, const char *text, const char *path,
		   struct strmap *files)
{
	char *source = xasprintf("%s.h", path);
	CXTranslationUnit unit;
	args_vec args = {};
	struct fb facts;
	int rc = -1;

	if (write_file(source, text, strlen(text))) {
		free(source);
		return -1;
	}
	clang_parse_args(tu, true, false, &args);
	*vec_add(&args) = "-xc-header";
	*vec_add(&args) = source;
	/* with the preprocessing record: uses of a macro are recorded only together with its
	 * definition */
	if (clang_parse_unit(w, &args, source,
			     CXTranslationUnit_ForSerialization |
				     CXTranslationUnit_DetailedPreprocessingRecord,
			     getenv("KSLICE_DEBUG") == NULL, &unit))
		goto out;
	if (!clang_saveTranslationUnit(unit, path, clang_defaultSaveOptions(unit)) &&
	    !walk_unit(w, unit, NULL, 0, &facts)) {
		for (uint32_t i = 0; i < facts.files.n; i++) {
			const char *name = facts.str.s + facts.files.a[i].path;

			if (!ends_with(name, source))
				strmap_add(files, name, NULL);
		}
		fb_free(&facts);
		rc = 0;
	}
	clang_disposeTranslationUnit(unit);
out:
	free(args.a);
	free(source);
	return rc;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * side.h: private to the check: the units of one side, whole or sliced, their commands, and their
 * modules in a cache.
 *
 * A side's folder: <hash>.ir modules; `index`, which names them and is written last; unit-N.* of a
 * compilation that runs; headers.* the precompiled header. Only one kslice works in it, by a lock.
 */
#ifndef KSLICE_VERIFY_SIDE_H
#define KSLICE_VERIFY_SIDE_H

#include "base/cache.h"
#include "verify/ir.h"

struct side_unit {
	const char *source; /* relative to the tree */
	char **argv;	    /* compiler and flags without output and source, NULL-terminated */
	char *input;	    /* the source, for the compiler */
	uint64_t command;   /* hash of it all */
	uint64_t module;    /* names the file */
	VEC(uint32_t) deps;
	bool valid; /* module and deps are up to date */
};

struct side {
	char *dir, *cwd; /* cache folder; where commands run, a real path */
	struct side_unit *units;
	size_t n;
	struct depset deps;
	bool own;  /* nobody but this process writes the files that units include */
	char *pch; /* NULL: none. Its text and dependencies are beside it */
	int lock;
};

/* ---- side.c: the cache ---- */
/* Takes the lock and reads the index. 0, or -1 after err(). */
int side_open(struct side *s);
int side_save(const struct side *s);
/* Removes modules that the index doesn't name. */
void side_sweep(const struct side *s);
void side_close(struct side *s);
char *side_file(const struct side *s, const char *prefix, uint64_t n, const char *suffix);
/* Stores a module; *hash names it. 0, or -1 after err(). */
int side_store(const struct side *s, const struct module *m, uint64_t *hash);
/* 0, or -1 after err(). */
int side_module(const struct side *s, size_t unit, struct module *m);
/* Records a new module, with the files that the compiler listed. 0, or -1 after err(). */
int side_set(struct side *s, size_t unit, uint64_t module, const char *depfile);
/* Does the unit include the file of that absolute path? */
bool side_includes(const struct side *s, size_t unit, const char *path);
/* Calls fn for each file that a compiler's depfile names, as an absolute path. -1: unreadable. */
int depfile_each(const char *depfile, const char *cwd, void (*fn)(void *ctx, const char *path),
		 void *ctx);

/* ---- front.c: the compiler ---- */
enum front_mode {
	FRONT_PCH, /* with the precompiled header */
	FRONT_PLAIN,
	FRONT_COUNT, /* with numbers for __LINE__: a few macros make names of it */
};
/* Compiles to s->dir/unit-N.ll and .d. quiet: no messages. The compiler's exit status, or -1. */
int front_compile(const struct side *s, size_t unit, enum front_mode mode, bool quiet);
/* Precompiles `text` with unit's flags; sets s->pch. 0, or -1 (quiet). */
int front_precompile(struct side *s, size_t unit, const char *text);
void front_remove_pch(struct side *s);

#endif

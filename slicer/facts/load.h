/* SPDX-License-Identifier: GPL-2.0 */
/*
 * load.h: private to the pass facts: which units must be parsed, how (groups, precompiled header),
 * and the index of the cache.
 *
 * Facts directory: <hash>.facts of units, pool-<hash>.facts the header definitions, <hash>.claims
 * what the pool holds, and `index`, which names them all and is written last. Files that the index
 * doesn't name are left over from an interrupted run.
 */
#ifndef KSLICE_FACTS_LOAD_H
#define KSLICE_FACTS_LOAD_H

#include "base/cache.h"
#include "commands/commands.h"
#include "facts/parse.h"

/* ---- plan.c ---- */

struct plan_unit {
	uint64_t group; /* units of one group see the same headers */
	uint64_t flags; /* hash of the flags that a precompiled header must share */
	bool pch;
	VEC(char *) macros; /* defined before the last #include, also by headers of its folder */
};
struct plan {
	struct plan_unit *units; /* as db->tus */
	size_t nunits;
	uint64_t pch_flags;  /* flags of most units */
	size_t pch_model;    /* a unit that has them */
	VEC(char *) headers; /* most included ones, most frequent first */
};
/* Scans the sources' text. */
void plan_make(struct plan *plan, const struct compdb *db);
/* Called with the precompiled header: excludes units that define a macro used in its headers. */
void plan_use_pch(struct plan *plan, const struct compdb *db, const struct strmap *pch_files);
void plan_free(struct plan *plan);

/* ---- index.c ---- */

struct index_unit {
	uint64_t command; /* hash of the compile command */
	uint64_t block;	  /* names the facts file; 0: none */
	VEC(uint32_t) deps;
	bool valid;
};
struct facts_index {
	struct depset deps;
	struct index_unit *units; /* as db->tus */
	size_t nunits;
	uint64_t pool;
	uint64_t watch; /* hash of the watched names */
};
/*
 * Reads the index and checks which units are still valid. If a header has changed none is, and pool
 * is 0: what a header's definition refers to depends on other headers.
 */
void index_load(struct facts_index *index, const struct compdb *db, const struct facts_watch *watch,
		const char *dir);
int index_save(const struct facts_index *index, const char *dir);
void index_free(struct facts_index *index);
/* Removes files that the index doesn't name. */
void index_sweep(const struct facts_index *index, const char *dir);
char *facts_file(const char *dir, const char *prefix, uint64_t hash, const char *suffix);

/* ---- elf.c ---- */
/* Facts of an assembler unit from its object. 0/-1 after err(). */
int elf_facts(struct worker *w, const struct tu *tu, const char *object, struct fb *out);

#endif

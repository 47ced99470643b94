/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.h: one translation unit => its facts. What a worker process keeps between units is in
 * struct worker.
 */
#ifndef KSLICE_FACTS_PARSE_H
#define KSLICE_FACTS_PARSE_H

#include "base/path_map.h"
#include "commands/commands.h"
#include "facts/facts.h"
#include "facts/build.h"

/*
 * Header definitions are recorded once over all workers: the first to put a definition's hash into
 * this shared set records it. Lies in memory shared between the processes; slots are only ever set.
 */
struct claims {
	size_t mask;
	uint64_t *slots;
};
int claims_init(struct claims *c);
bool claims_take(struct claims *c, uint64_t hash); /* true: it's ours */
uint64_t claim_hash(const char *path, const char *name, uint32_t off, uint64_t group);

struct worker {
	const struct compdb *db;
	struct path_map paths;
	struct strmap files; /* name the compiler used => struct srcfile */
	struct claims *claims;
	struct fb pool;	       /* header definitions this worker claimed */
	struct strmap statics; /* name of a header's static function => its key, char * */
	void *index;	       /* CXIndex */
};
void worker_init(struct worker *w, const struct compdb *db, struct claims *claims);
void worker_free(struct worker *w);
/* Header definitions that are known without being seen: those of a pool. */
void worker_know(struct worker *w, const struct facts *pool);

/* The compiler's arguments for parsing tu; pch may be NULL. NULL-terminated, caller frees the array
 * and [*owned]. */
struct parse_job {
	const struct tu *tu;
	const char *pch;	  /* precompiled header, or NULL */
	struct strmap *pch_files; /* what pch includes, as facts paths */
	uint64_t group;
	bool quiet; /* don't print errors: the caller tries again */
};
/* Parses and fills out. 0; -1: doesn't parse (printed unless quiet). */
int facts_parse(struct worker *w, const struct parse_job *job, struct fb *out);
/* Builds a precompiled header of `text` with tu's flags at path; its header definitions go to the
 * pool. 0/-1, quiet. */
int facts_make_pch(struct worker *w, const struct tu *tu, const char *text, const char *path,
		   struct strmap *files);

#endif

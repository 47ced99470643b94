/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parse.h: one translation unit => its facts. A worker process's state across units is in struct
 * worker.
 */
#ifndef KSLICE_FACTS_PARSE_H
#define KSLICE_FACTS_PARSE_H

#include "base/path_map.h"
#include "commands/commands.h"
#include "facts/facts.h"
#include "facts/build.h"

/*
 * Each header definition is recorded by one worker: the first to put its hash into this set, which
 * is in memory shared between the processes; slots are set and never cleared.
 */
struct claims {
	size_t mask;
	uint64_t *slots;
};
int claims_init(struct claims *c);
bool claims_take(struct claims *c, uint64_t hash); /* true: the caller records it */
uint64_t claim_hash(const char *path, const char *name, uint32_t off, uint64_t group);

struct worker {
	const struct compdb *db;
	struct path_map paths;
	struct strmap files; /* name the compiler used => struct srcfile */
	struct claims *claims;
	const struct facts_watch *watch;
	struct fb pool;	       /* header definitions this worker claimed */
	struct strmap statics; /* name of a header's static function => its key, char * */
	struct strmap words;   /* header => its identifiers, see views.c */
	void *index;	       /* CXIndex */
};
void worker_init(struct worker *w, const struct compdb *db, struct claims *claims);
void worker_free(struct worker *w);
/* Makes the header definitions of a pool known to the worker. */
void worker_know(struct worker *w, const struct facts *pool);

/* The compiler's arguments for parsing tu; pch may be NULL. NULL-terminated, caller frees the array
 * and [*owned]. */
struct parse_job {
	const struct tu *tu;
	const char *pch;	  /* precompiled header, or NULL */
	struct strmap *pch_files; /* files that pch includes, as facts paths */
	uint64_t group;
	bool quiet; /* don't print errors: the caller retries */
};
/* Parses and fills out. 0; -1: doesn't parse (printed unless quiet). */
int facts_parse(struct worker *w, const struct parse_job *job, struct fb *out);
/* Builds a precompiled header of `text` with tu's flags at path; its header definitions go to the
 * pool. 0/-1, quiet. */
int facts_make_pch(struct worker *w, const struct tu *tu, const char *text, const char *path,
		   struct strmap *files);

#endif

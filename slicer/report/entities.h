/* SPDX-License-Identifier: GPL-2.0 */
/*
 * entities.h: what the text of a function may depend on: macros, records, enumerations, types and
 * inline functions of the headers of a slice, by name, each with a hash of its text and the names
 * that matter to it.
 *
 * Found by their text, in every header that a live unit includes, whatever #if is around them: all
 * definitions of a name count together. So a change may be seen where the configuration has none,
 * but none is missed. Comments and white space don't count.
 */
#ifndef KSLICE_REPORT_ENTITIES_H
#define KSLICE_REPORT_ENTITIES_H

#include "closure/graph.h"

struct entity {
	char *name; /* "struct sock", "SOCK_DEAD", "sk_eat_skb" */
	const char *file;
	uint64_t hash;
	VEC(char *) needs; /* names of entities; a record's: only those whose size matters */
};

struct entities {
	VEC(struct entity) v;
	struct strmap index; /* name => 1 + index */
};

void entities_scan(struct entities *e, const struct graph *g);
void entities_free(struct entities *e);
const struct entity *entities_get(const struct entities *e, const char *name);

/*
 * A C text's tokens. next: the token's begin and length in *s, *n; false at the end. Comments are
 * skipped; a string is one token; a directive begins with the token "#" and ends with the token
 * "\n".
 */
struct tokens {
	const char *at, *end;
	bool directive, line_begins;
};
void tokens_init(struct tokens *t, const char *text, size_t len);
bool tokens_next(struct tokens *t, const char **s, size_t *n);
/* Of all tokens, in order. */
uint64_t tokens_hash(const char *text, size_t len);
/* Calls fn for each name that a text may depend on: identifiers, and "struct X" for tags. With
 * by_value, not for types of pointers. */
void tokens_names(const char *text, size_t len, bool by_value,
		  void (*fn)(void *arg, const char *name), void *arg);

#endif

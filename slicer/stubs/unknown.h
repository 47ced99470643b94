/* SPDX-License-Identifier: GPL-2.0 */
/*
 * unknown.h: names in annotations that the tree or the spec doesn't have: errors with their place
 * and similar names.
 */
#ifndef KSLICE_STUBS_UNKNOWN_H
#define KSLICE_STUBS_UNKNOWN_H

#include "stubs/marshal.h"

/* A key of list/of/part, "calls"/"read"/"params", that is no parameter or field; known: those there
 * are. Returns -1. */
int unknown_member(const struct marshal *m, const char *list, const char *of, const char *part,
		   const char *name, const struct mval *known, size_t nknown);
/* The header below tree/include that has this constant or struct, "linux/eventfd.h"; NULL: none.
 * The caller frees it. */
char *header_of(const char *tree, const char *name);
/* Each of m->types.unknown, with the header that has it, if there is one. */
void unknown_constants(const struct marshal *m);
/* Calls in the spec's own groups that aren't among its calls. 0, or -1 after printing them all. */
int unknown_calls(const struct marshal *m);

#endif

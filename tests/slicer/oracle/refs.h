/* SPDX-License-Identifier: GPL-2.0 */
/* refs.h: relocations of each definition against its facts; names shared with oracle.c. */
#ifndef KSLICE_ORACLE_REFS_H
#define KSLICE_ORACLE_REFS_H

#include "closure/graph.h"
#include "oracle.h"

/* Prints what the facts don't mention; counts in whitelist what is excused. Returns the number of
 * checks. */
size_t refs_check(struct graph *g, struct oracle *o, struct strmap *whitelist, size_t *missing);

/* "fn.var", "fn.cold", "__const.fn.x": the definition it comes from. NULL: made by the compiler.
 * Caller frees. */
char *source_name(const struct osym *s);
/* "__initcall__kmod_socket__794_3246_sock_init1": the counter differs with the headers seen before.
 */
const char *without_counter(const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * infer.h: shared by infer.c, which applies annotations and the rules by name and type, and
 * settle.c, which holds them against the bodies.
 */
#ifndef KSLICE_STUBS_INFER_H
#define KSLICE_STUBS_INFER_H

#include "stubs/marshal.h"

struct ctx { /* the list that contains a value */
	struct marshal *m;
	const char *path;  /* of the annotation */
	const char *where; /* "recvmsg", "struct iovec_in" */
	struct mval *list;
	unsigned n;
	bool params;
	const struct evidence *ev; /* of the call; NULL for a struct's fields */
};

/* infer.c: counts it; a value may be unsure for several reasons. note must outlive m. */
void mark_unsure(struct ctx *x, struct mval *v, const char *note);

/* What would settle it: see struct question. A key is asked for once. Strings must outlive m. */
void ask_for(struct mval *v, const char *key, const char *choices);
/* The choices for "len": the numbers among its siblings, and a number. */
const char *length_choices(const struct ctx *x, const struct mval *v);

/* The parameter or field of that name, or -1. */
int param_find(const struct ctx *x, const char *name);
/* -1 after printing that v's annotation is wrong. */
int annotation_bad(const struct ctx *x, const struct mval *v, const char *what);
/* members.c. Names in the annotations of the call x->where that are none of its parameters, and in
 * shared groups those that the tree lacks: 0, or -1 after printing them all. */
int unknown_in_call(struct ctx *x, json_t *call);
int unknown_in_groups(struct marshal *m);

/* calls.c. call_keys(): 0, or -1 after printing. */
void call_flags(struct mcall *c, json_t *a);
int call_keys(struct ctx *x, struct mcall *c, json_t *a);

/* settle.c: parameter i; a struct's fields have no evidence. */

/* The body's own length, if all that happens to the pointer to `to` was seen and is exact. */
bool settle_length(struct ctx *x, struct mval *v, int i, const struct type *to);
/* A length by name or type that the body contradicts becomes unsure. */
void compare_length(struct ctx *x, struct mval *v, int i);
/* Of a pointer without "dir". */
void settle_dir(struct ctx *x, struct mval *v, int i, bool is_const);
/* An int that bodies look up is a descriptor; one that they use as an address may not be passed. */
void settle_number(struct ctx *x, struct mval *v, int i);

#endif

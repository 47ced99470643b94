/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compare.h: two modules of one unit, of the whole and of the sliced source => differences that
 * nothing explains. What explains one is in edits.json (tree/edits.h):
 *
 * - A function's body differs: a cut replaced it, or took a call in it. Then it names no global
 *   that neither the whole one nor the cut's text names.
 * - A slot is empty or sd_dead_...: an element of this very variable was declared dead, and it
 *   names what the whole one has in that slot.
 * - A member of llvm.used, a constructor, a member of a section that the linker collects, or a line
 *   of file-scope asm is gone: a cut took it; or it marks the export of what is gone; or it was
 *   the own variable of a function that is gone.
 * - A function exists only in the slice: such a sd_dead_..., which only traps.
 *
 * Everything else that is gone is the linker's to miss. No part of the closure is asked.
 */
#ifndef KSLICE_VERIFY_COMPARE_H
#define KSLICE_VERIFY_COMPARE_H

#include "verify/ir.h"
#include <jansson.h>

struct declared {
	const char *file, *kind, *cut, *field, *text; /* NULL: none */
	uint32_t beg, end, line;
	const json_t *json;
};

struct declared_use {
	uint32_t edit, next; /* next: 1 + index */
};

/* The edits of edits.json. Owns all it points to. */
struct declared_edits {
	json_t *json;
	VEC(struct declared) edit;
	struct strmap names; /* of "in" and "names" => 1 + index of a use */
	VEC(struct declared_use) uses;
};
/* 0, or -1 after err(). */
int declared_load(struct declared_edits *d, const char *path);
void declared_free(struct declared_edits *d);
/* The edit of that file that is nearest to [beg,end); NULL: none. */
const struct declared *declared_nearest(const struct declared_edits *d, const char *file,
					uint32_t beg, uint32_t end);

struct difference {
	const char *name;	   /* of the function or variable */
	const char *what;	   /* "differs at byte 8" */
	const char *whole, *slice; /* canonical lines; NULL: nothing there */
};

struct compare {
	const struct declared_edits *edits;
	/* Does the unit include this file, which has an edit? */
	bool (*includes)(void *ctx, const char *file);
	/* NULL: they are only counted. */
	void (*report)(void *ctx, const struct difference *d);
	void *ctx;
	const struct module *whole, *slice;
	size_t n;	 /* differences */
	const char *var; /* being compared */
};

/* Returns the number of differences. */
size_t compare_modules(struct compare *c);

#endif

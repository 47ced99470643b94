/* SPDX-License-Identifier: GPL-2.0 */
/*
 * unit.h: a source file's text => its file-scope units, byte ranges that are kept or deleted as a
 * whole.
 *
 * Neither libclang's extents (macro calls, several declarators, attributes, the ';') nor the text
 * alone (which '{' opens a function, which macro call needs no ';') gives these. So both are used:
 * the compiler's results are sorted offsets, by which the text is cut at file scope.
 */
#ifndef KSLICE_FACTS_UNIT_H
#define KSLICE_FACTS_UNIT_H

#include "base/util.h"

struct span {
	uint32_t beg, end;
};

struct text_unit {
	uint32_t beg, end; /* the trailing ';' included */
	uint32_t line;
	uint32_t name_len; /* starts with a macro call: length of the macro's name at beg, else 0 */
	uint32_t whole;	   /* the macro call is all of it (except a ';') */
};

typedef VEC(uint32_t) offset_vec;
typedef VEC(struct span) span_vec;
typedef VEC(struct text_unit) unit_vec;

struct unit_input {
	const char *text;
	size_t len;
	span_vec skipped;  /* ranges that the preprocessor skipped */
	span_vec macros;   /* macro invocations, sorted by beg, outermost only need be there */
	offset_vec starts; /* beginnings of declarations, sorted */
	offset_vec bodies; /* '{' of function bodies, sorted */
	span_vec heads;	   /* of function definitions: from their beginning to that '{' */
};

/* Cuts the text into sorted units that don't overlap. -1: unbalanced text; *bad is the offset. */
int units_cut(const struct unit_input *in, unit_vec *units, size_t *bad);
/* The unit that contains offset off, or NULL. */
const struct text_unit *units_find(const unit_vec *units, uint32_t off);
/* The text with comments, strings, directives and skipped parts blanked: same length, caller frees.
 */
char *units_blank(const char *text, size_t len, const span_vec *skipped);
/* The first span that begins at or behind off; v->n: none. v is sorted. */
size_t spans_from(const span_vec *v, uint32_t off);
void unit_input_sort(struct unit_input *in);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * walk.h: private to the walk over one definition: walk.c (references, calls), lists.c (elements of
 * initialisers) and puns.c (fields that are read without being named).
 */
#ifndef KSLICE_FACTS_WALK_H
#define KSLICE_FACTS_WALK_H

#include "facts/clang.h"

/* A cursor being visited, and those that enclose it. */
struct frame {
	struct frame *up;
	struct walk *w;
	CXCursor c;
	enum CXCursorKind kind;
	CXType type;
	unsigned nth;	  /* child being visited + 1 */
	uint32_t element; /* innermost initialiser element, 1 + index */
	bool write;	  /* target of a plain assignment */
	CXType callee;	  /* of a call: the function's type, once its first child was visited */

	/* initialiser list of a record */
	bool is_record_list;
	bool lost; /* positions no longer tell the field */
	VEC(CXCursor) fields;
	size_t next;
	struct list_place {
		uint32_t element;  /* 1 + index; 0: of no field, or it refers to no symbol */
		uint32_t beg, end; /* in the text; 0, 0: elsewhere */
	} last;
};

/* walk.c */
void add_read(struct walk *w, const char *field, uint32_t off);

/* lists.c */
void open_list(struct frame *f);
/* The element that a child of a list belongs to; further references are part of it. */
uint32_t open_element(struct frame *f);
/* Discards an element that refers to no symbol. */
void close_element(struct frame *f, uint32_t element, size_t nrefs);

/* constants.c: constants of watched fields and arguments => values of the open definition. */
void see_watched_field(struct frame *f, const char *field);
void see_watched_call(struct frame *f, const char *callee);

/* puns.c */
/* The cursor above f may convert its value: to a pointer that reads the record by other names. */
void see_conversion(struct frame *f);
/* f is an argument behind the parameters that the function declares. */
void see_argument(struct frame *f);
/* f reads a member of a union, and so all that share its bytes. */
void see_union_member(struct frame *f, CXCursor field);
/* f is an operand of an asm statement. */
void see_asm_operand(struct frame *f);

#endif

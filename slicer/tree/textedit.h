/* SPDX-License-Identifier: GPL-2.0 */
/*
 * textedit.h: deletes pieces of a C text so that the rest still looks like the original. Edits
 * refer to byte ranges of the original, in any order.
 */
#ifndef KSLICE_TREE_TEXTEDIT_H
#define KSLICE_TREE_TEXTEDIT_H

#include "base/util.h"

enum edit_kind {
	EDIT_DEF,     /* deletes a file-scope definition with its comment */
	EDIT_TYPE,    /* like EDIT_DEF, but keeps the type that the declaration defines */
	EDIT_ELEMENT, /* deletes an initialiser element */
	EDIT_STMT,    /* deletes a statement; leaves an empty one where the grammar needs one */
	EDIT_PUT,     /* replaced by text */
	EDIT_BODY,    /* replaces a function body by text */
	EDIT_ABOVE,   /* puts a definition above the one that begins at beg, and its comment */
};

struct edit {
	uint32_t beg, end;
	enum edit_kind kind;
	/* Owned. EDIT_PUT, EDIT_BODY, EDIT_ABOVE: what is put. EDIT_TYPE: NULL, or the declarators
	 * whose type has attributes, with a space before and behind each. */
	char *text;
};

struct edits {
	VEC(struct edit) v;
};

void edit_add(struct edits *e, enum edit_kind kind, uint32_t beg, uint32_t end, char *text);
/*
 * Original + edits => new text in out. Preprocessor lines inside deleted ranges stay. Edits inside
 * another one are ignored. Only EDIT_ABOVE may have an empty range. -1 if two overlap partly or one
 * is outside the text (nothing printed).
 */
int edit_apply(const char *text, size_t len, struct edits *e, struct strbuf *out);
struct range {
	uint32_t beg, end;
};
/*
 * Local variables of the function [beg,end) that only gone[which] (and its own declaration) names:
 * without the call the compiler would report them as unused. As "(void)a; (void)b; " with `sep`
 * after each; malloc'ed.
 */
char *orphaned_locals(const char *text, size_t len, uint32_t beg, uint32_t end,
		      const struct range *gone, size_t ngone, size_t which, const char *sep);
void edits_free(struct edits *e);

#endif

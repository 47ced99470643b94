// SPDX-License-Identifier: GPL-2.0
/* lists.c: initialiser lists => elements, each with its field and, if it may go, its text. */
#include "facts/walk.h"

#include <ctype.h>
#include <stdlib.h>

static enum CXVisitorResult list_collect_field(CXCursor field, CXClientData data)
{
	struct frame *list = data;
	CXString name = clang_getCursorSpelling(field);

	if (!clang_Cursor_isBitField(field) || clang_getCString(name)[0])
		*vec_add(&list->fields) = field;
	clang_disposeString(name);
	return CXVisit_Continue;
}

void open_list(struct frame *f)
{
	CXType t = clang_getCanonicalType(f->type);

	if (t.kind != CXType_Record)
		return;
	f->is_record_list = true;
	clang_Type_visitFields(t, list_collect_field, f);
}

struct designator {
	CXCursor first, last;
	unsigned n;
};

static enum CXChildVisitResult find_designator(CXCursor c, CXCursor parent, CXClientData data)
{
	struct designator *d = data;

	(void)parent;
	if (clang_getCursorKind(c) != CXCursor_MemberRef)
		return CXChildVisit_Continue;
	d->last = clang_getCursorReferenced(c);
	if (!d->n++)
		d->first = d->last;
	return CXChildVisit_Continue;
}

static bool list_fills_whole(CXCursor value, CXCursor field)
{
	CXType want = clang_getCanonicalType(clang_getCursorType(field));
	CXType got = clang_getCanonicalType(clang_getCursorType(value));
	enum CXCursorKind kind = clang_getCursorKind(value);

	if (want.kind != CXType_Record && want.kind != CXType_ConstantArray)
		return true;
	return kind == CXCursor_InitListExpr || kind == CXCursor_StringLiteral ||
	       got.kind == CXType_Record || kind == CXCursor_CompoundLiteralExpr;
}

/* The field that a value of a record's list initialises; a null cursor if unknown. */
static CXCursor list_field(struct frame *list, CXCursor value, bool *designated)
{
	struct designator d = {.n = 0};
	size_t i;

	*designated = clang_getCursorKind(value) == CXCursor_UnexposedExpr &&
		      clang_getCursorType(value).kind == CXType_Void;
	if (*designated) {
		clang_visitChildren(value, find_designator, &d);
		if (!d.n)
			return clang_getNullCursor();
		for (i = 0; i < list->fields.n && !clang_equalCursors(list->fields.a[i], d.first);
		     i++)
			;
		list->lost = i == list->fields.n;
		list->next = i + 1;
		return d.last;
	}
	if (list->lost || list->next >= list->fields.n ||
	    !list_fills_whole(value, list->fields.a[list->next])) {
		list->lost = true;
		return clang_getNullCursor();
	}
	return list->fields.a[list->next++];
}

/* ---- the element's text ---- */

/*
 * The text of a cursor, with the whole of each macro call that it ends in. False: it is elsewhere,
 * made by a macro, or begins inside a macro call that ends in the midst of it.
 */
static bool text_of(struct walk *w, CXCursor c, struct span *text)
{
	CXSourceRange range = clang_getCursorExtent(c);
	struct place beg = walk_place(w, clang_getRangeStart(range));
	struct place end = walk_place(w, clang_getRangeEnd(range));
	const struct ctext *t = w->ctext;
	/* libclang then says where the call begins if that is an argument of another */
	bool made = from_macro_body(clang_getRangeEnd(range));

	*text = (struct span){beg.off, end.off};
	if (!t || beg.file != t->file || end.file != t->file || beg.off >= end.off)
		return false;
	for (size_t i = spans_from(&t->in.macros, w->beg); i < t->in.macros.n; i++) {
		const struct span *m = &t->in.macros.a[i];

		if (m->beg > text->end || (m->beg == text->end && !made))
			break;
		if (m->beg >= text->beg && m->end > text->end)
			text->end = m->end;
		else if (m->beg < text->beg && m->end > text->beg && m->end < text->end)
			return false;
	}
	return true;
}

static enum CXChildVisitResult find_value(CXCursor c, CXCursor parent, CXClientData data)
{
	(void)parent;
	if (clang_isExpression(clang_getCursorKind(c)))
		*(CXCursor *)data = c;
	return CXChildVisit_Continue;
}

static bool points_to_function(CXCursor field)
{
	CXType t = clang_getCanonicalType(clang_getCursorType(field));

	if (t.kind != CXType_Pointer)
		return false;
	t = clang_getCanonicalType(clang_getPointeeType(t));
	return t.kind == CXType_FunctionProto || t.kind == CXType_FunctionNoProto;
}

/* The range of a designated element, and of its value if it may be replaced. */
static void element_set_text(struct walk *w, struct fact_element *e, CXCursor c, CXCursor field)
{
	const struct ctext *t = w->ctext;
	CXCursor value = clang_getNullCursor();
	struct span all, part;
	uint32_t comma;

	if (!text_of(w, c, &all) || from_macro_body(clang_getRangeStart(clang_getCursorExtent(c))))
		return;
	for (comma = all.end; comma < t->in.len && isspace((unsigned char)t->blank[comma]);)
		comma++;
	e->beg = all.beg;
	e->end = comma < t->in.len && t->blank[comma] == ',' ? comma + 1 : all.end;
	if (!points_to_function(field))
		return;
	clang_visitChildren(c, find_value, &value);
	if (!clang_Cursor_isNull(value) && text_of(w, value, &part) && part.beg > all.beg &&
	    part.end <= all.end) {
		e->value = part.beg;
		e->value_end = part.end;
	}
}

/* It stays whatever its field. */
static void element_stays(struct fb *fb, uint32_t element)
{
	struct fact_element *e;

	if (!element || element > fb->elements.n)
		return;
	e = &fb->elements.a[element - 1];
	e->beg = e->end = e->value = e->value_end = 0;
}

/*
 * The text of two neighbours overlaps if one macro call makes both, or ends in one: neither can go
 * alone. A positional one has its place by the one before, which may get another value, but not go.
 */
static void list_next_place(struct frame *list, CXCursor c, uint32_t element, bool designated)
{
	struct walk *w = list->w;
	struct fb *fb = w->fb;
	struct list_place next = {.element = element};
	struct list_place *last = &list->last;
	struct span text;

	if (!w->ctext)
		return;
	if (text_of(w, c, &text)) {
		next.beg = text.beg;
		next.end = text.end;
	}
	if (last->end && (!next.end || next.beg < last->end)) {
		element_stays(fb, last->element);
		element_stays(fb, element);
	} else if (!designated && last->element && last->element <= fb->elements.n &&
		   !fb->elements.a[last->element - 1].value) {
		element_stays(fb, last->element);
	}
	list->last = next;
}

/* Opens an element for a child of a record's list; further references belong to it. */
uint32_t open_element(struct frame *f)
{
	struct walk *w = f->w;
	struct fact_element e = {.parent = f->up->element};
	bool designated;
	CXCursor field = list_field(f->up, f->c, &designated);

	if (clang_Cursor_isNull(field)) {
		list_next_place(f->up, f->c, 0, designated);
		return f->up->element;
	}
	e.field = fb_str(w->fb, field_key(w, field));
	see_watched_field(f, field_key(w, field));
	if (designated)
		element_set_text(w, &e, f->c, field);
	*vec_add(&w->fb->elements) = e;
	list_next_place(f->up, f->c, w->fb->elements.n, designated);
	return w->fb->elements.n;
}

void close_element(struct frame *f, uint32_t element, size_t nrefs)
{
	struct fb *fb = f->w->fb;

	if (element == f->up->element || fb->elements.n != element || fb->refs.n != nrefs)
		return;
	fb->elements.n--;
	if (f->up->last.element == element)
		f->up->last.element = 0;
}

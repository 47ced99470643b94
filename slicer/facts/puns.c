// SPDX-License-Identifier: GPL-2.0
/*
 * puns.c: the ways in which code reads fields that it doesn't name. A record whose bytes or whose
 * pointers get out of the type system's sight escapes: all its fields count as read.
 *
 *      conversion      of a pointer to the record, at any depth (void **, long, another record), of
 *                      the record itself (a copy), of a pointer to a function that takes it; with
 *                      it what its pointers lead to, if the other record has another type there
 *      argument        in the "..." of a function, which reads it by va_arg()
 *      union           what overlaps a member that is read
 *      asm             an operand of an asm statement that has instructions
 *
 * Not seen: what another unit declares otherwise than it is defined (closure.c), and pointers that
 * lie in memory copied as bytes: their own conversion to those bytes is an escape.
 */
#include "facts/walk.h"

#include <stdlib.h>
#include <string.h>

struct escape {
	struct walk *w;
	uint32_t off;
};

static enum CXVisitorResult escape_field(CXCursor field, CXClientData data);

static void add_escape(struct walk *w, CXType record, uint32_t off)
{
	struct escape e = {w, off};
	char *name = record_name(w, clang_getTypeDeclaration(record)),
	     *key = xasprintf("%s:*", name);

	add_read(w, key, off);
	free(name);
	free(key);
	clang_Type_visitFields(record, escape_field, &e);
}

/* Records inside an escaping record escape with it. */
static enum CXVisitorResult escape_field(CXCursor field, CXClientData data)
{
	struct escape *e = data;
	CXType t = clang_getCanonicalType(clang_getCursorType(field));

	while (is_array_type(t))
		t = clang_getCanonicalType(clang_getArrayElementType(t));
	if (t.kind == CXType_Record)
		add_escape(e->w, t, e->off);
	return CXVisit_Continue;
}

static bool is_same_type(CXType a, CXType b)
{
	return clang_equalTypes(clang_getUnqualifiedType(a), clang_getUnqualifiedType(b));
}

/* ---- what lies behind pointers in a record that is read as another ---- */

struct slot {
	unsigned long long bit;
	CXType base;
};
typedef VEC(struct slot) slot_vec;
struct slots {
	slot_vec *v;
	unsigned long long bit;
};

static enum CXVisitorResult collect_slot(CXCursor field, CXClientData data)
{
	const struct slots *in = data;
	CXType t = clang_getCanonicalType(clang_getCursorType(field));
	long long at = clang_Cursor_getOffsetOfField(field);
	struct slots inner = {in->v, in->bit + (at < 0 ? 0 : at)};

	while (is_array_type(t))
		t = clang_getCanonicalType(clang_getArrayElementType(t));
	if (at < 0)
		return CXVisit_Continue;
	/* the offset of a member of an unnamed record counts from the named one */
	if (t.kind == CXType_Record && clang_Cursor_isAnonymous(clang_getTypeDeclaration(t)) &&
	    clang_Cursor_isAnonymousRecordDecl(clang_getTypeDeclaration(t)))
		inner.bit = in->bit;
	if (t.kind == CXType_Record)
		clang_Type_visitFields(t, collect_slot, &inner);
	else if (t.kind == CXType_Pointer && base_type(t).kind == CXType_Record)
		*vec_add(in->v) = (struct slot){inner.bit, base_type(t)};
	return CXVisit_Continue;
}

/* Records behind pointers that `from` has where `to` points to others. */
static void compare_slots(struct overlay *o, CXType from, CXType to)
{
	slot_vec a = {}, b = {};

	clang_Type_visitFields(from, collect_slot, &(struct slots){&a, 0});
	clang_Type_visitFields(to, collect_slot, &(struct slots){&b, 0});
	for (size_t i = 0; i < a.n; i++)
		for (size_t k = 0; k < b.n; k++)
			if (a.a[i].bit == b.a[k].bit && !is_same_type(a.a[i].base, b.a[k].base))
				*vec_add(&o->behind) = a.a[i].base;
	free(a.a);
	free(b.a);
}

static const struct overlay *overlay_of(struct walk *w, CXType from, CXType to)
{
	const void *a = clang_getTypeDeclaration(from).data[0],
		   *b = clang_getTypeDeclaration(to).data[0];
	struct overlay *o;

	for (size_t i = 0; i < w->overlays.n; i++)
		if (w->overlays.a[i].from == a && w->overlays.a[i].to == b)
			return &w->overlays.a[i];
	o = vec_add(&w->overlays);
	*o = (struct overlay){.from = a, .to = b};
	compare_slots(o, from, to);
	return o;
}

static void see_overlay(struct walk *w, CXType from, CXType to, uint32_t off)
{
	const struct overlay *o = overlay_of(w, from, to);

	for (size_t i = 0; i < o->behind.n; i++)
		add_escape(w, o->behind.a[i], off);
}

/* A record is read as another type. */
static void see_pun(struct walk *w, CXType record, CXType as, uint32_t off)
{
	add_escape(w, record, off);
	if (as.kind == CXType_Record)
		see_overlay(w, record, as, off);
}

void overlays_free(struct walk *w)
{
	for (size_t i = 0; i < w->overlays.n; i++)
		free(w->overlays.a[i].behind.a);
	free(w->overlays.a);
}

/* ---- conversions ---- */

static bool is_function(CXType t)
{
	return t.kind == CXType_FunctionProto || t.kind == CXType_FunctionNoProto;
}

static CXType function_part(CXType fn, int i)
{
	return base_type(i < 0 ? clang_getResultType(fn) : clang_getArgType(fn, i));
}

/* Its caller may know other types of its parameters and its result. */
static void escape_function(struct walk *w, CXType fn, uint32_t off)
{
	int n = clang_getNumArgTypes(fn);

	for (int i = -1; i < n; i++) {
		CXType t = function_part(fn, i);

		if (t.kind == CXType_Record)
			add_escape(w, t, off);
	}
}

static void see_function_conversion(struct frame *f, CXType from, CXType to)
{
	uint32_t off = place_in_def(f->w, f->c);
	int n = clang_getNumArgTypes(from);

	if (!is_function(to)) {
		escape_function(f->w, from, off);
		return;
	}
	if (is_same_type(from, to))
		return;
	if (clang_getNumArgTypes(to) != n) {
		escape_function(f->w, from, off);
		escape_function(f->w, to, off);
		return;
	}
	for (int i = -1; i < n; i++) {
		CXType a = function_part(from, i), b = function_part(to, i);

		/* what is passed as void * or a number was converted to it by the caller */
		if (a.kind != CXType_Record || b.kind != CXType_Record || is_same_type(a, b))
			continue;
		see_pun(f->w, a, b, off);
		see_pun(f->w, b, a, off);
	}
}

void see_conversion(struct frame *f)
{
	const struct frame *up = f->up;
	CXType from, to, base;

	if (up->kind != CXCursor_UnexposedExpr && up->kind != CXCursor_CStyleCastExpr)
		return;
	to = clang_getCanonicalType(up->type);
	if (to.kind == CXType_Void || to.kind == CXType_Bool)
		return;
	from = clang_getCanonicalType(f->type);
	if (from.kind == CXType_Record) {
		if (f->kind != CXCursor_CompoundLiteralExpr && f->kind != CXCursor_InitListExpr &&
		    f->kind != CXCursor_CallExpr)
			add_escape(f->w, from, place_in_def(f->w, f->c));
		return;
	}
	base = base_type(from);
	to = base_type(to);
	if (is_function(base))
		see_function_conversion(f, base, to);
	else if (base.kind == CXType_Record && !is_same_type(to, base))
		see_pun(f->w, base, to, place_in_def(f->w, f->c));
}

static bool is_builtin_call(const struct frame *call)
{
	CXString name = clang_getCursorSpelling(call->c);
	const char *s = clang_getCString(name);
	bool builtin = s && starts_with(s, "__builtin_");

	clang_disposeString(name);
	return builtin;
}

void see_argument(struct frame *f)
{
	CXType callee = f->up->callee, base;
	int n = clang_getNumArgTypes(callee), i = (int)f->up->nth - 2;

	if (callee.kind == CXType_FunctionProto && (i < n || !clang_isFunctionTypeVariadic(callee)))
		return;
	base = base_type(f->type);
	if ((base.kind != CXType_Record && !is_function(base)) || is_builtin_call(f->up))
		return;
	if (is_function(base))
		escape_function(f->w, base, place_in_def(f->w, f->c));
	else
		add_escape(f->w, base, place_in_def(f->w, f->c));
}

/* ---- unions ---- */

struct overlap {
	struct walk *w;
	uint32_t off;
	CXCursor member; /* the one that is read; null: all overlap it */
	CXType base;	 /* of its type */
};

static enum CXVisitorResult see_overlapping(CXCursor field, CXClientData data)
{
	struct overlap *o = data;
	CXCursor record;
	CXType base;

	if (clang_equalCursors(field, o->member))
		return CXVisit_Continue;
	add_read(o->w, field_key(o->w, field), o->off);
	base = base_type(clang_getCursorType(field));
	record = clang_getTypeDeclaration(base);
	if (base.kind == CXType_Record && clang_Cursor_isAnonymous(record)) {
		struct overlap inner = *o;

		inner.member = clang_getNullCursor();
		clang_Type_visitFields(base, see_overlapping, &inner);
	} else if (base.kind == CXType_Record && !is_same_type(base, o->base)) {
		see_pun(o->w, base, o->base, o->off);
	}
	return CXVisit_Continue;
}

void see_union_member(struct frame *f, CXCursor field)
{
	CXCursor parent = clang_getCursorSemanticParent(field);
	struct walk *w = f->w;
	struct overlap o = {.w = w,
			    .off = place_in_def(w, f->c),
			    .member = field,
			    .base = base_type(clang_getCursorType(field))};

	if (clang_getCursorKind(parent) != CXCursor_UnionDecl)
		return;
	for (size_t i = 0; i < w->members.n; i++)
		if (w->members.a[i].decl == field.data[0] &&
		    (!w->ctext || w->members.a[i].off == o.off))
			return;
	*vec_add(&w->members) = (struct seen_member){field.data[0], o.off};
	clang_Type_visitFields(clang_getCursorType(parent), see_overlapping, &o);
}

/* ---- asm ---- */

void see_asm_operand(struct frame *f)
{
	CXType base = base_type(f->type);

	if (base.kind == CXType_Record)
		*vec_add(&f->w->operands) =
			(struct asm_operand){f->w->nasm - 1, base, place_in_def(f->w, f->c)};
}

void escape_operands(struct walk *w, const bool *empty, size_t n)
{
	for (size_t i = 0; i < w->operands.n; i++) {
		const struct asm_operand *o = &w->operands.a[i];

		if (n != w->nasm || !empty[o->stmt])
			add_escape(w, o->record, o->off);
	}
	w->operands.n = 0;
}

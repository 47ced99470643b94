// SPDX-License-Identifier: GPL-2.0
/*
 * walk.c: a definition's cursor => its refs, field reads, initialiser elements and calls.
 *
 * libclang shows implicit conversions as unexposed expressions around the converted one: by these,
 * copies and pointer conversions of whole records are detected.
 */
#include "facts/clang.h"

#include <ctype.h>
#include <stdlib.h>

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
	bool sizeof_arg;  /* not evaluated */

	/* initialiser list of a record */
	bool is_record_list;
	bool lost; /* positions no longer tell the field */
	VEC(CXCursor) fields;
	size_t next;
};

static enum CXChildVisitResult frame_visit(CXCursor c, CXCursor parent, CXClientData data);

void add_ref(struct walk *w, const char *key, uint32_t off, uint32_t element, enum ref_kind kind)
{
	struct fb *fb = w->fb;
	struct fact_ref ref = {
		.key = fb_str(fb, key), .off = off, .element = element, .kind = kind};
	size_t first = fb->defs.a[fb->defs.n - 1].ref0;

	/* in a header only the set of refs matters */
	for (size_t i = fb->refs.n; i > first && fb->refs.n - i < 64; i--) {
		struct fact_ref *r = &fb->refs.a[i - 1];

		if (r->key == ref.key && r->kind == ref.kind && r->element == element &&
		    (!w->ctext || r->off == off))
			return;
	}
	*vec_add(&fb->refs) = ref;
}

void add_late_ref(struct walk *w, const char *name, uint32_t off, enum ref_kind kind)
{
	size_t n = w->fb->refs.n;
	uint64_t *at;

	if (w->fb != &w->unit_fb) { /* a header refers to symbols defined before it */
		at = strmap_get(&w->worker->statics, name);
		add_ref(w, at ? (const char *)(uintptr_t)*at : name, off, 0, kind);
		return;
	}
	add_ref(w, name, off, 0, kind);
	if (w->fb->refs.n > n)
		*vec_add(&w->late) = (struct late_name){.ref = n, .name = xstrdup(name)};
}

static void add_read(struct walk *w, const char *field, uint32_t off)
{
	struct fb *fb = w->fb;
	struct fact_read read = {.field = fb_str(fb, field), .off = off};
	size_t first = fb->defs.a[fb->defs.n - 1].read0;

	for (size_t i = fb->reads.n; i > first && fb->reads.n - i < 64; i--)
		if (fb->reads.a[i - 1].field == read.field &&
		    (!w->ctext || fb->reads.a[i - 1].off == off))
			return;
	*vec_add(&fb->reads) = read;
}

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

static CXType array_element_type(CXType t)
{
	t = clang_getCanonicalType(t);
	while (t.kind == CXType_ConstantArray || t.kind == CXType_IncompleteArray)
		t = clang_getCanonicalType(clang_getArrayElementType(t));
	return t;
}

/* Records inside an escaping record escape with it. */
static enum CXVisitorResult escape_field(CXCursor field, CXClientData data)
{
	struct escape *e = data;
	CXType t = array_element_type(clang_getCursorType(field));

	if (t.kind == CXType_Record)
		add_escape(e->w, t, e->off);
	return CXVisit_Continue;
}

static bool is_same_type(CXType a, CXType b)
{
	return clang_equalTypes(clang_getUnqualifiedType(a), clang_getUnqualifiedType(b));
}

/* Does the enclosing cursor convert the child (of type t) so that its record is no longer known? */
static void check_conversion(struct frame *f)
{
	struct frame *up = f->up;
	CXType from, to, record;

	if (up->kind != CXCursor_UnexposedExpr && up->kind != CXCursor_CStyleCastExpr)
		return;
	from = clang_getCanonicalType(f->type);
	if (from.kind == CXType_Record) {
		if (f->kind == CXCursor_CompoundLiteralExpr || f->kind == CXCursor_InitListExpr ||
		    f->kind == CXCursor_CallExpr || up->type.kind == CXType_Void)
			return;
		add_escape(f->w, from, place_in_def(f->w, f->c));
		return;
	}
	if (from.kind != CXType_Pointer)
		return;
	record = clang_getCanonicalType(clang_getPointeeType(from));
	if (record.kind != CXType_Record || up->type.kind == CXType_Void)
		return;
	to = clang_getCanonicalType(up->type);
	if (to.kind == CXType_Pointer &&
	    is_same_type(clang_getCanonicalType(clang_getPointeeType(to)), record))
		return;
	add_escape(f->w, record, place_in_def(f->w, f->c));
}

/* Skips cursors that don't change the value. */
static struct frame *frame_significant(struct frame *f)
{
	while (f && (f->kind == CXCursor_UnexposedExpr || f->kind == CXCursor_ParenExpr))
		f = f->up;
	return f;
}

static enum ref_kind ref_kind_of(struct frame *f)
{
	struct frame *up = frame_significant(f->up);

	if (f->write)
		return REF_WRITE;
	if (up->kind == CXCursor_CallExpr && up->nth == 1)
		return REF_CALL;
	if (clang_getCanonicalType(f->type).kind == CXType_FunctionProto)
		return REF_ADDR;
	if (up->kind == CXCursor_UnaryOperator &&
	    clang_getCursorUnaryOperatorKind(up->c) == CXUnaryOperator_AddrOf)
		return REF_ADDR;
	return REF_READ;
}

static void frame_see_decl_ref(struct frame *f)
{
	CXCursor decl = clang_getCursorReferenced(f->c);
	const char *key = symbol_key(f->w, decl);
	enum ref_kind kind;

	if (!key)
		return;
	kind = clang_getCursorKind(decl) == CXCursor_EnumConstantDecl ? REF_TYPE : ref_kind_of(f);
	add_ref(f->w, key, place_in_def(f->w, f->c), f->element, kind);
}

static void frame_see_type(struct walk *w, CXCursor decl, CXCursor at, uint32_t element)
{
	const char *key = symbol_key(w, decl);

	if (key)
		add_ref(w, key, place_in_def(w, at), element, REF_TYPE);
}

static void frame_see_member(struct frame *f)
{
	CXCursor field = clang_getCursorReferenced(f->c);

	if (clang_getCursorKind(field) != CXCursor_FieldDecl)
		return;
	frame_see_type(f->w, clang_getCursorSemanticParent(field), f->c, f->element);
	if (!f->write)
		add_read(f->w, field_key(f->w, field), place_in_def(f->w, f->c));
}

/* ---- calls ---- */

static bool is_statement_place(const struct frame *f)
{
	const struct frame *up = f->up;

	switch (up->kind) {
	case CXCursor_CompoundStmt:
		/* the last expression of ({ }) is its value */
		return up->up->kind != CXCursor_StmtExpr ||
		       clang_getCanonicalType(f->type).kind == CXType_Void;
	case CXCursor_IfStmt:
	case CXCursor_WhileStmt:
	case CXCursor_SwitchStmt:
		return up->nth > 1;
	case CXCursor_CaseStmt:
		return up->nth > 1;
	case CXCursor_DefaultStmt:
	case CXCursor_LabelStmt:
		return true;
	default:
		return false;
	}
}

/* Does the macro call that begins at `off` also expand to what encloses the call? */
static bool macro_holds_more(struct frame *f, struct place beg)
{
	struct frame *up = frame_significant(f->up);
	CXSourceLocation loc;
	struct place p;

	if (!up || !up->up)
		return false;
	loc = clang_getRangeStart(clang_getCursorExtent(up->c));
	p = walk_place(f->w, loc);
	return p.file == beg.file && p.off == beg.off && from_macro_body(loc);
}

static uint32_t macro_end_behind(const struct ctext *t, uint32_t beg, uint32_t end)
{
	for (size_t lo = 0, hi = t->in.macros.n; lo < hi;) {
		size_t mid = (lo + hi) / 2;
		const struct span *m = &t->in.macros.a[mid];

		if (m->beg == beg)
			return m->end > end ? m->end : end;
		if (m->beg < beg)
			lo = mid + 1;
		else
			hi = mid;
	}
	return end;
}

static uint32_t text_skip_blank(const struct ctext *t, uint32_t off)
{
	while (off < t->in.len && isspace((unsigned char)t->blank[off]))
		off++;
	return off;
}

static void frame_see_call(struct frame *f)
{
	struct walk *w = f->w;
	const struct ctext *t = w->ctext;
	CXCursor callee = clang_getCursorReferenced(f->c);
	const char *key = clang_Cursor_isNull(callee) ? NULL : symbol_key(w, callee);
	CXSourceRange range = clang_getCursorExtent(f->c);
	struct frame *outer = f;
	struct fact_call call = {};
	struct place beg, end;

	if (!key || !t || clang_getCursorKind(callee) != CXCursor_FunctionDecl)
		return;
	beg = walk_place(w, clang_getRangeStart(range));
	end = walk_place(w, clang_getRangeEnd(range));
	if (beg.file != t->file || end.file != t->file)
		return;
	call.callee = fb_str(w->fb, key);
	call.beg = beg.off;
	call.end = end.off;
	if (from_macro_body(clang_getRangeStart(range))) {
		call.end = macro_end_behind(t, call.beg, call.end);
		call.macro = macro_holds_more(f, beg) ? 2 : 1;
	} else if (t->in.text[call.end - 1] != ')') {
		call.macro = 2;
	}
	if (f->up->kind == CXCursor_CStyleCastExpr && f->up->type.kind == CXType_Void)
		outer = f->up;
	if (call.macro < 2 && is_statement_place(outer)) {
		uint32_t semi = text_skip_blank(t, call.end);

		if (semi < t->in.len && t->blank[semi] == ';') {
			call.stmt = 1;
			call.end = semi + 1;
			if (outer != f)
				call.beg = walk_place(w, clang_getRangeStart(
								 clang_getCursorExtent(outer->c)))
						   .off;
		}
	}
	*vec_add(&w->fb->calls) = call;
}

/* A macro that expands to two calls side by side is neither of them. */
static void check_macro_calls(struct walk *w)
{
	struct fact_def *d = &w->fb->defs.a[w->fb->defs.n - 1];
	struct fact_call *c = w->fb->calls.a;

	for (size_t i = d->call0; i < w->fb->calls.n; i++)
		for (size_t j = i + 1; j < w->fb->calls.n; j++)
			if (c[i].macro && c[j].macro && c[i].beg == c[j].beg &&
			    c[i].callee != c[j].callee)
				c[c[i].macro == 1 && c[j].macro == 2 ? j : i].macro = 2;
}

/* ---- initialisers ---- */

static enum CXVisitorResult list_collect_field(CXCursor field, CXClientData data)
{
	struct frame *list = data;
	CXString name = clang_getCursorSpelling(field);

	if (!clang_Cursor_isBitField(field) || clang_getCString(name)[0])
		*vec_add(&list->fields) = field;
	clang_disposeString(name);
	return CXVisit_Continue;
}

static void open_list(struct frame *f)
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

/* Opens an element for a child of a record's list; further references belong to it. */
static uint32_t open_element(struct frame *f)
{
	struct walk *w = f->w;
	struct fact_element e = {.parent = f->up->element};
	bool designated;
	CXCursor field = list_field(f->up, f->c, &designated);
	CXSourceRange range = clang_getCursorExtent(f->c);

	if (clang_Cursor_isNull(field))
		return f->up->element;
	e.field = fb_str(w->fb, field_key(w, field));
	if (designated && w->ctext && !from_macro_body(clang_getRangeStart(range))) {
		struct place beg = walk_place(w, clang_getRangeStart(range));
		struct place end = walk_place(w, clang_getRangeEnd(range));

		if (beg.file == w->ctext->file && end.file == beg.file) {
			uint32_t comma = text_skip_blank(w->ctext, end.off);

			e.beg = beg.off;
			e.end = comma < w->ctext->in.len && w->ctext->blank[comma] == ','
					? comma + 1
					: end.off;
		}
	}
	*vec_add(&w->fb->elements) = e;
	return w->fb->elements.n;
}

/* Discards an element that refers to no symbol. */
static void close_element(struct frame *f, uint32_t element, size_t nrefs)
{
	struct fb *fb = f->w->fb;

	if (element != f->up->element && fb->elements.n == element && fb->refs.n == nrefs)
		fb->elements.n--;
}

/* ---- the walk ---- */

static void frame_see_cleanup(struct frame *f)
{
	const char *at;
	char *text, *end;

	if (f->up->kind != CXCursor_VarDecl || !f->up->up)
		return;
	text = pretty(f->up->c, false);
	at = strstr(text, "cleanup(");
	if (at) {
		at += strlen("cleanup(");
		end = strchr(at, ')');
		if (end) {
			*end = 0;
			add_late_ref(f->w, at, place_in_def(f->w, f->up->c), REF_CLEANUP);
		}
	}
	free(text);
}

static void frame_see(struct frame *f)
{
	switch (f->kind) {
	case CXCursor_DeclRefExpr:
		frame_see_decl_ref(f);
		break;
	case CXCursor_MemberRefExpr:
		frame_see_member(f);
		break;
	case CXCursor_MemberRef: /* offsetof; in an initialiser a designator, which reads nothing */
		if (f->up->type.kind != CXType_Void)
			frame_see_member(f);
		break;
	case CXCursor_TypeRef:
		frame_see_type(f->w, clang_getCursorReferenced(f->c), f->c, f->element);
		break;
	case CXCursor_CallExpr:
		frame_see_call(f);
		break;
	case CXCursor_InitListExpr:
		open_list(f);
		break;
	case CXCursor_GCCAsmStmt:
	case CXCursor_MSAsmStmt:
		f->w->has_asm = true;
		break;
	case CXCursor_UnexposedAttr:
		f->w->has_attr = true;
		frame_see_cleanup(f);
		break;
	case CXCursor_CompoundStmt:
		if (!f->up->up &&
		    !from_macro_body(clang_getRangeStart(clang_getCursorExtent(f->c))))
			f->w->body =
				walk_place(f->w, clang_getRangeStart(clang_getCursorExtent(f->c)))
					.off;
		break;
	default:
		break;
	}
}

static enum CXChildVisitResult frame_visit(CXCursor c, CXCursor parent, CXClientData data)
{
	struct frame *up = data;
	struct frame f = {.up = up,
			  .w = up->w,
			  .c = c,
			  .kind = clang_getCursorKind(c),
			  .element = up->element};
	size_t nrefs = f.w->fb->refs.n;
	uint32_t element = up->element;

	(void)parent;
	up->nth++;
	if (clang_isExpression(f.kind)) {
		f.type = clang_getCursorType(c);
		check_conversion(&f);
		if (up->is_record_list)
			element = f.element = open_element(&f);
	}
	f.write = (up->kind == CXCursor_BinaryOperator && up->nth == 1 &&
		   clang_getCursorBinaryOperatorKind(up->c) == CXBinaryOperator_Assign) ||
		  (up->write && up->kind == CXCursor_ParenExpr);
	frame_see(&f);
	clang_visitChildren(c, frame_visit, &f);
	if (element != up->element)
		close_element(&f, element, nrefs);
	free(f.fields.a);
	return CXChildVisit_Continue;
}

void walk_definition(struct walk *w, CXCursor def)
{
	struct frame root = {.w = w, .c = def, .kind = clang_getCursorKind(def)};

	w->has_attr = w->has_asm = false;
	w->body = 0;
	clang_visitChildren(def, frame_visit, &root);
	check_macro_calls(w);
}

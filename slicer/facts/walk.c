// SPDX-License-Identifier: GPL-2.0
/*
 * walk.c: a definition's cursor => its refs, field reads, initialiser elements and calls.
 *
 * libclang shows implicit conversions as unexposed expressions around the converted one: by these,
 * copies and pointer conversions of whole records are detected.
 */
#include "facts/walk.h"

#include <ctype.h>
#include <stdlib.h>

static enum CXChildVisitResult frame_visit(CXCursor c, CXCursor parent, CXClientData data);

struct fact_ref *add_ref(struct walk *w, const char *key, uint32_t off, uint32_t element,
			 enum ref_kind kind)
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
			return NULL;
	}
	*vec_add(&fb->refs) = ref;
	return &fb->refs.a[fb->refs.n - 1];
}

struct fact_ref *add_late_ref(struct walk *w, const char *name, uint32_t off, enum ref_kind kind)
{
	struct fact_ref *r;
	uint64_t *at;

	if (w->fb != &w->unit_fb) { /* a header refers to symbols defined before it */
		at = strmap_get(&w->worker->statics, name);
		return add_ref(w, at ? (const char *)(uintptr_t)*at : name, off, 0, kind);
	}
	r = add_ref(w, name, off, 0, kind);
	if (r)
		*vec_add(&w->late) =
			(struct late_name){.ref = r - w->fb->refs.a, .name = xstrdup(name)};
	return r;
}

void add_read(struct walk *w, const char *field, uint32_t off)
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
	enum CXCursorKind what = clang_getCursorKind(decl);
	const char *key = symbol_key(f->w, decl);
	enum ref_kind kind;
	struct fact_ref *r;

	if (!key)
		return;
	kind = what == CXCursor_EnumConstantDecl ? REF_TYPE : ref_kind_of(f);
	r = add_ref(f->w, key, place_in_def(f->w, f->c), f->element, kind);
	if (r && what == CXCursor_VarDecl && clang_getCursorLinkage(decl) == CXLinkage_External)
		r->record = fb_str(f->w->fb, variable_record(f->w, decl));
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
	if (f->write)
		return;
	add_read(f->w, field_key(f->w, field), place_in_def(f->w, f->c));
	see_union_member(f, field);
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

/* Is [beg, end) a call's text? Not if a macro makes the call of its argument: ONCE(f, x). */
static bool is_whole_call(const struct ctext *t, uint32_t beg, uint32_t end)
{
	int depth = 0;

	for (uint32_t i = beg; i < end && depth >= 0; i++)
		depth += (t->blank[i] == '(') - (t->blank[i] == ')');
	return !depth && t->in.text[end - 1] == ')';
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

	if (!key || clang_getCursorKind(callee) != CXCursor_FunctionDecl)
		return;
	see_watched_call(f, key);
	if (!t)
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
	} else if (!is_whole_call(t, call.beg, call.end)) {
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

/* ---- the walk ---- */

/* Of what a call calls: a function, or a pointer to one. */
static CXType function_type(CXType t)
{
	t = clang_getCanonicalType(t);
	return t.kind == CXType_Pointer ? clang_getCanonicalType(clang_getPointeeType(t)) : t;
}

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
		f->w->nasm++;
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
		see_conversion(&f);
		if (up->kind == CXCursor_CallExpr && up->nth == 1)
			up->callee = function_type(f.type);
		else if (up->kind == CXCursor_CallExpr)
			see_argument(&f);
		else if (up->kind == CXCursor_GCCAsmStmt)
			see_asm_operand(&f);
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

	w->has_attr = false;
	w->nasm = w->operands.n = w->members.n = 0;
	w->body = 0;
	clang_visitChildren(def, frame_visit, &root);
	check_macro_calls(w);
}

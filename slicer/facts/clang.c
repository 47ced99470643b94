// SPDX-License-Identifier: GPL-2.0
/* clang.c: a parsed unit => its definitions. */
#include "facts/clang.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- looking through the unit ---- */

static struct ctext *ctext_of(struct walk *w, struct place p)
{
	struct ctext *t;

	for (size_t i = 0; i < w->ctexts.n; i++)
		if (w->ctexts.a[i].file == p.file)
			return &w->ctexts.a[i];
	t = vec_add(&w->ctexts);
	t->file = p.file;
	t->handle = p.handle;
	t->in.text = clang_getFileContents(w->tu, p.handle, &t->in.len);
	return t;
}

static void see_macro(struct walk *w, CXCursor c)
{
	CXSourceRange range = clang_getCursorExtent(c);
	struct place beg = walk_place(w, clang_getRangeStart(range)), end;

	if (!beg.file || !beg.file->is_c)
		return;
	end = walk_place(w, clang_getRangeEnd(range));
	if (end.file == beg.file)
		*vec_add(&ctext_of(w, beg)->in.macros) = (struct span){beg.off, end.off};
}

static enum CXChildVisitResult def_find_body(CXCursor c, CXCursor parent, CXClientData data)
{
	(void)parent;
	if (clang_getCursorKind(c) != CXCursor_CompoundStmt)
		return CXChildVisit_Continue;
	*(CXCursor *)data = c;
	return CXChildVisit_Break;
}

static void see_source_decl(struct walk *w, CXCursor c, struct place p)
{
	struct ctext *t = ctext_of(w, p);
	struct place beg = walk_place(w, clang_getRangeStart(clang_getCursorExtent(c))), open;
	CXCursor body = clang_getNullCursor();

	*vec_add(&w->decls) = c;
	if (beg.file == p.file)
		*vec_add(&t->in.starts) = beg.off;
	if (clang_getCursorKind(c) != CXCursor_FunctionDecl || !clang_isCursorDefinition(c))
		return;
	clang_visitChildren(c, def_find_body, &body);
	if (clang_Cursor_isNull(body))
		return;
	open = walk_place(w, clang_getRangeStart(clang_getCursorExtent(body)));
	if (open.file != p.file)
		return;
	*vec_add(&t->in.bodies) = open.off;
	if (beg.file == p.file && beg.off < open.off)
		*vec_add(&t->in.heads) = (struct span){beg.off, open.off};
}

static bool is_header_def(CXCursor c, enum CXCursorKind kind)
{
	if (kind == CXCursor_FunctionDecl)
		return clang_isCursorDefinition(c) || clang_Cursor_hasAttrs(c);
	if (kind == CXCursor_VarDecl && clang_Cursor_getStorageClass(c) == CX_SC_Register)
		return false;
	if (kind == CXCursor_VarDecl)
		return clang_Cursor_getStorageClass(c) != CX_SC_Extern ||
		       clang_isCursorDefinition(c);
	return kind == CXCursor_UnexposedDecl;
}

static void emit_header_def(struct walk *w, CXCursor c, struct place p);

static enum CXChildVisitResult see_top(CXCursor c, CXCursor parent, CXClientData data)
{
	enum CXCursorKind kind = clang_getCursorKind(c);
	struct walk *w = data;
	struct place p;

	(void)parent;
	if (kind == CXCursor_MacroExpansion) {
		see_macro(w, c);
		return CXChildVisit_Continue;
	}
	if (kind == CXCursor_MacroDefinition)
		see_macro_definition(w, c);
	if (clang_isPreprocessing(kind))
		return CXChildVisit_Continue;
	if (!w->has_views) /* libclang shows macros first */
		make_views(w);
	w->has_views = true;
	p = walk_place(w, clang_getCursorLocation(c));
	if (!p.file)
		return CXChildVisit_Continue;
	if (p.file->is_c)
		see_source_decl(w, c, p);
	else if (is_header_def(c, kind))
		emit_header_def(w, c, p);
	return CXChildVisit_Continue;
}

/* ---- definitions ---- */

static bool is_tentative(CXCursor c)
{
	return clang_Cursor_getStorageClass(c) != CX_SC_Extern && !clang_isCursorDefinition(c);
}

static enum def_kind def_kind_of(CXCursor c, enum CXCursorKind kind)
{
	switch (kind) {
	case CXCursor_FunctionDecl:
		return clang_isCursorDefinition(c) ? DEF_FUNC : DEF_PROTO;
	case CXCursor_VarDecl:
		return clang_isCursorDefinition(c) || is_tentative(c) ? DEF_VAR : DEF_PROTO;
	case CXCursor_StaticAssert:
		return DEF_ASSERT;
	case CXCursor_UnexposedDecl:
		return DEF_ASM;
	default:
		return DEF_TYPE;
	}
}

static uint32_t def_flags_of(CXCursor c, enum CXCursorKind kind)
{
	uint32_t flags = 0;

	if (kind != CXCursor_FunctionDecl && kind != CXCursor_VarDecl)
		return 0;
	if (clang_getCursorLinkage(c) == CXLinkage_Internal)
		flags |= DEF_STATIC;
	if (kind == CXCursor_VarDecl && is_tentative(c))
		flags |= DEF_TENTATIVE;
	if (kind == CXCursor_FunctionDecl && clang_Cursor_isFunctionInlined(c))
		flags |= DEF_INLINE;
	return flags;
}

static fact_string def_type_text(struct fb *fb, CXCursor c, enum CXCursorKind kind)
{
	CXType t = clang_getCursorType(c);
	CXString s;
	fact_string text;

	if (kind == CXCursor_FunctionDecl)
		t = clang_getResultType(t);
	else if (kind != CXCursor_VarDecl)
		return 0;
	s = clang_getTypeSpelling(t);
	text = fb_str(fb, clang_getCString(s));
	clang_disposeString(s);
	return text;
}

/* Fills the open definition from its cursor and walks it. base has its place. */
static void def_fill(struct walk *w, CXCursor c, struct fact_def base)
{
	enum CXCursorKind kind = clang_getCursorKind(c);
	CXString name = clang_getCursorSpelling(c);
	const char *key = symbol_key(w, c);
	struct fact_def *d = fb_def(w->fb);
	char *anonymous = NULL;

	if (!key)
		key = anonymous = xasprintf("%s:@%u", w->fb->str.s + w->fb->files.a[base.file].path,
					    base.beg);
	d->file = base.file;
	d->beg = base.beg;
	d->end = base.end;
	d->line = base.line;
	d->kind = def_kind_of(c, kind);
	d->flags = base.flags | def_flags_of(c, kind);
	d->key = fb_str(w->fb, key);
	d->name = fb_str(w->fb, clang_getCString(name));
	d->type = def_type_text(w->fb, c, kind);
	if (kind == CXCursor_VarDecl)
		d->record = fb_str(w->fb, variable_record(w, c));
	if (d->kind == DEF_TYPE && clang_Cursor_hasAttrs(c))
		d->flags |= DEF_ATTRS;
	if (d->kind == DEF_TYPE && from_macro_body(clang_getRangeStart(clang_getCursorExtent(c))))
		d->flags |= DEF_WRITTEN;
	w->beg = base.beg;
	if ((d->flags & DEF_STATIC) && w->fb == &w->unit_fb) {
		bool added;
		uint64_t *at = strmap_add(&w->statics, clang_getCString(name), &added);

		if (added) {
			*vec_add(&w->static_keys) = xstrdup(key);
			*at = w->static_keys.n;
		}
	}
	if (clang_Cursor_hasAttrs(c))
		apply_attributes(w, c, d);
	walk_definition(w, c);
	if (w->nasm && kind == CXCursor_FunctionDecl)
		asm_statements(w, c);
	d = fb_def_end(w->fb);
	d->body = d->kind == DEF_FUNC ? w->body : 0;
	if (d->kind == DEF_PROTO && d->flags & DEF_ALIAS)
		d->kind = DEF_FUNC;
	free(anonymous);
	clang_disposeString(name);
}

static void emit_def(struct walk *w, CXCursor c, struct fact_def base)
{
	if (clang_getCursorKind(c) == CXCursor_UnexposedDecl) {
		char *text = pretty(c, false);

		w->beg = base.beg;
		if (starts_with(text, "__asm") || starts_with(text, "asm"))
			asm_definition(w, text, base);
		free(text);
		return;
	}
	def_fill(w, c, base);
}

/* Can a header's definition be shared, i.e. is it live only by references to it? */
static bool is_shared_header_def(CXCursor c)
{
	char *text;
	bool used;

	if (clang_getCursorLinkage(c) != CXLinkage_Internal)
		return clang_Cursor_isFunctionInlined(c);
	if (clang_getCursorKind(c) == CXCursor_FunctionDecl || !clang_Cursor_hasAttrs(c))
		return true;
	text = pretty(c, false);
	used = strstr(text, "__attribute__((used))") || strstr(text, "__attribute__((retain))");
	free(text);
	return !used;
}

/* Records statics by name, since attributes and asm refer to functions without a cursor. */
static void know_static(struct walk *w, CXCursor c)
{
	CXString name = clang_getCursorSpelling(c);
	uint64_t *at = strmap_add(&w->worker->statics, clang_getCString(name), NULL);

	if (!*at)
		*at = (uintptr_t)xstrdup(symbol_key(w, c));
	clang_disposeString(name);
}

static void emit_header_def(struct walk *w, CXCursor c, struct place p)
{
	enum CXCursorKind kind = clang_getCursorKind(c);
	struct fact_def base = {.flags = DEF_HEADER};
	CXSourceRange range = clang_getCursorExtent(c);
	unsigned line;

	if (kind == CXCursor_FunctionDecl && !clang_isCursorDefinition(c)) {
		char *text = pretty(c, true);
		bool alias = strstr(text, "__attribute__((alias(") != NULL;

		free(text);
		if (!alias)
			return;
	}
	if (kind == CXCursor_FunctionDecl && clang_getCursorLinkage(c) == CXLinkage_Internal)
		know_static(w, c);
	w->fb = &w->unit_fb;
	w->ctext = NULL;
	if (kind != CXCursor_UnexposedDecl && is_shared_header_def(c)) {
		CXString name = clang_getCursorSpelling(c);
		uint64_t hash = claim_hash(p.file->path, clang_getCString(name), p.off,
					   w->group ^ view_of(w, p.file));

		clang_disposeString(name);
		if (!claims_take(w->worker->claims, hash))
			return;
		w->fb = &w->worker->pool;
	}
	clang_getFileLocation(clang_getRangeStart(range), NULL, &line, NULL, &base.beg);
	base.line = line;
	base.end = walk_place(w, clang_getRangeEnd(range)).off;
	base.file = fb_file(w->fb, p.file->path, 1);
	emit_def(w, c, base);
	w->fb = &w->unit_fb;
}

/* ---- units ---- */

static int cut_units(struct walk *w, struct ctext *t)
{
	CXSourceRangeList *skipped = clang_getSkippedRanges(w->tu, t->handle);
	size_t bad = 0;

	for (unsigned i = 0; skipped && i < skipped->count; i++) {
		struct span s;

		clang_getFileLocation(clang_getRangeStart(skipped->ranges[i]), NULL, NULL, NULL,
				      &s.beg);
		clang_getFileLocation(clang_getRangeEnd(skipped->ranges[i]), NULL, NULL, NULL,
				      &s.end);
		*vec_add(&t->in.skipped) = s;
	}
	clang_disposeSourceRangeList(skipped);
	unit_input_sort(&t->in);
	t->blank = units_blank(t->in.text, t->in.len, &t->in.skipped);
	if (units_cut(&t->in, &t->units, &bad)) {
		char *place = xasprintf("%s: offset %zu", t->file->path, bad);

		err(place, "report this file; kslice can't tell its definitions apart",
		    "brackets don't match at file scope");
		free(place);
		return -1;
	}
	for (size_t i = 0; i < t->units.n; i++)
		*vec_add(&t->unit_defs) = 0;
	return 0;
}

static bool unit_name_is(const struct ctext *t, const struct text_unit *u, const char *prefix)
{
	size_t n = strlen(prefix);

	return u->name_len >= n && !strncmp(t->in.text + u->beg, prefix, n);
}

static void emit_source_def(struct walk *w, CXCursor c)
{
	struct place p = walk_place(w, clang_getCursorLocation(c));
	struct ctext *t = ctext_of(w, p);
	const struct text_unit *u = units_find(&t->units, p.off);
	struct fact_def base = {.file = fb_file(&w->unit_fb, p.file->path, 0)};
	size_t before;

	if (!u)
		die("%s: offset %u is in no unit", p.file->path, p.off);
	base.beg = u->beg;
	base.end = u->end;
	base.line = u->line;
	if (u->whole)
		base.flags |= DEF_MACRO;
	if (unit_name_is(t, u, "SYSCALL_DEFINE") || unit_name_is(t, u, "COMPAT_SYSCALL_DEFINE"))
		base.flags |= DEF_SYSCALL;
	w->ctext = t;
	before = w->unit_fb.defs.n;
	emit_def(w, c, base);
	t->unit_defs.a[u - t->units.a] +=
		w->unit_fb.defs.n - before; /* an empty declaration isn't a definition */
}

/*
 * A macro call that expands to nothing, such as EXPORT_SYMBOL(x) without modules, belongs to the
 * definition named by its first argument.
 */
static void emit_empty_unit(struct walk *w, const struct ctext *t, const struct text_unit *u)
{
	const char *s = t->blank + u->beg + u->name_len;
	struct fact_def *d;
	char *name, *key;
	size_t n = 0;

	if (!u->name_len || !u->whole)
		return;
	s += strspn(s, " \t\n(");
	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	name = xstrndup(s, n);
	d = fb_def(&w->unit_fb);
	key = xasprintf("%s:export@%u", t->file->path, u->beg);
	d->key = fb_str(&w->unit_fb, key);
	d->name = fb_str(&w->unit_fb, name);
	d->kind = DEF_ASM;
	d->flags = DEF_EXPORT | DEF_MACRO;
	d->file = fb_file(&w->unit_fb, t->file->path, 0);
	d->beg = u->beg;
	d->end = u->end;
	d->line = u->line;
	w->ctext = t;
	w->beg = u->beg;
	w->fb = &w->unit_fb;
	if (n)
		add_late_ref(w, name, u->beg, REF_ADDR);
	fb_def_end(&w->unit_fb);
	free(name);
	free(key);
}

/* Variables and functions that share a unit which isn't one macro call: `int a, b;`. */
static void mark_shared(struct fb *fb)
{
	for (size_t i = 1; i < fb->defs.n; i++) {
		struct fact_def *a = &fb->defs.a[i - 1], *b = &fb->defs.a[i];

		if (a->file != b->file || a->beg != b->beg ||
		    (a->flags | b->flags) & (DEF_MACRO | DEF_HEADER | DEF_SYSCALL))
			continue;
		a->flags |= DEF_SHARED;
		b->flags |= DEF_SHARED;
	}
}

static void resolve_names(struct walk *w)
{
	for (size_t i = 0; i < w->late.n; i++) {
		uint64_t *at = strmap_get(&w->statics, w->late.a[i].name);

		const char *key = at ? w->static_keys.a[*at - 1] : NULL;

		if (!key && (at = strmap_get(&w->worker->statics, w->late.a[i].name)))
			key = (const char *)(uintptr_t)*at;
		if (key)
			w->unit_fb.refs.a[w->late.a[i].ref].key = fb_str(&w->unit_fb, key);
	}
}

static void see_inclusion(CXFile file, CXSourceLocation *stack, unsigned depth, CXClientData data)
{
	struct walk *w = data;
	struct srcfile *src = walk_file(w, file);

	(void)stack;
	(void)depth;
	fb_file(&w->unit_fb, src->path, !src->is_c);
}

static void walk_free(struct walk *w)
{
	for (size_t i = 0; i < w->ctexts.n; i++) {
		struct ctext *t = &w->ctexts.a[i];

		free(t->in.skipped.a);
		free(t->in.macros.a);
		free(t->in.starts.a);
		free(t->in.bodies.a);
		free(t->in.heads.a);
		free(t->blank);
		free(t->units.a);
		free(t->unit_defs.a);
	}
	for (size_t i = 0; i < w->late.n; i++)
		free(w->late.a[i].name);
	for (size_t i = 0; i < w->static_keys.n; i++)
		free(w->static_keys.a[i]);
	views_free(w);
	overlays_free(w);
	free(w->operands.a);
	free(w->members.a);
	free(w->ctexts.a);
	free(w->late.a);
	free(w->static_keys.a);
	free(w->decls.a);
	strmap_free(&w->statics);
	ptrmap_free(&w->files);
	symbols_free(&w->symbols);
	symbols_free(&w->fields);
	symbols_free(&w->records);
}

int walk_unit(struct worker *worker, CXTranslationUnit tu, const char *main_path, uint64_t group,
	      struct fb *out)
{
	struct walk w = {.worker = worker, .tu = tu, .group = group};
	int rc = 0;

	fb_init(&w.unit_fb);
	w.fb = &w.unit_fb;
	if (main_path)
		fb_file(&w.unit_fb, main_path, 0);
	clang_getInclusions(tu, see_inclusion, &w);
	clang_visitChildren(clang_getTranslationUnitCursor(tu), see_top, &w);
	for (size_t i = 0; i < w.ctexts.n && !rc; i++)
		rc = cut_units(&w, &w.ctexts.a[i]);
	for (size_t i = 0; i < w.decls.n && !rc; i++)
		emit_source_def(&w, w.decls.a[i]);
	for (size_t i = 0; i < w.ctexts.n && !rc; i++)
		for (size_t j = 0; j < w.ctexts.a[i].units.n; j++)
			if (!w.ctexts.a[i].unit_defs.a[j])
				emit_empty_unit(&w, &w.ctexts.a[i], &w.ctexts.a[i].units.a[j]);
	mark_shared(&w.unit_fb);
	resolve_names(&w);
	walk_free(&w);
	if (rc)
		fb_free(&w.unit_fb);
	else
		*out = w.unit_fb;
	return rc;
}

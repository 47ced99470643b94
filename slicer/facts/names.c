// SPDX-License-Identifier: GPL-2.0
/* names.c: cursors => keys, places and printed text. */
#include "facts/clang.h"

#include <ctype.h>
#include <stdlib.h>

static char no_key[1];

void **ptrmap_at(struct ptrmap *m, const void *key)
{
	size_t i;

	if (m->n * 2 >= m->cap) {
		struct ptrmap old = *m;

		m->cap = old.cap ? old.cap * 2 : 256;
		m->keys = xcalloc(m->cap, sizeof(*m->keys));
		m->values = xcalloc(m->cap, sizeof(*m->values));
		m->n = 0;
		for (i = 0; i < old.cap; i++)
			if (old.keys[i])
				*ptrmap_at(m, old.keys[i]) = old.values[i];
		free(old.keys);
		free(old.values);
	}
	i = ((uintptr_t)key >> 3) * 0x9e3779b97f4a7c15ull >> 20 & (m->cap - 1);
	while (m->keys[i] && m->keys[i] != key)
		i = (i + 1) & (m->cap - 1);
	if (!m->keys[i]) {
		m->keys[i] = key;
		m->n++;
	}
	return &m->values[i];
}

void ptrmap_free(struct ptrmap *m)
{
	free(m->keys);
	free(m->values);
	*m = (struct ptrmap){};
}

void symbols_free(struct ptrmap *m)
{
	for (size_t i = 0; i < m->cap; i++)
		if (m->values && m->values[i] != no_key)
			free(m->values[i]);
	ptrmap_free(m);
}

struct srcfile *walk_file(struct walk *w, CXFile file)
{
	void **slot = ptrmap_at(&w->files, file);
	struct srcfile *src;
	uint64_t *at;
	CXString name;
	bool added;

	if (*slot)
		return *slot;
	name = clang_getFileName(file);
	at = strmap_add(&w->worker->files, clang_getCString(name), &added);
	if (added) {
		src = xcalloc(1, sizeof(*src));
		src->path = path_map_name(&w->worker->paths, clang_getCString(name),
					  w->worker->db->objdir);
		src->path_hash = hash_str(src->path, 0);
		src->is_c = ends_with(src->path, ".c");
		*at = (uintptr_t)src;
	}
	src = (struct srcfile *)(uintptr_t)*at;
	clang_disposeString(name);
	return *slot = src;
}

struct place walk_place(struct walk *w, CXSourceLocation loc)
{
	struct place p = {};

	clang_getFileLocation(loc, &p.handle, NULL, NULL, &p.off);
	if (p.handle)
		p.file = walk_file(w, p.handle);
	return p;
}

bool from_macro_body(CXSourceLocation loc)
{
	CXFile f1, f2;
	unsigned o1, o2;

	clang_getFileLocation(loc, &f1, NULL, NULL, &o1);
	clang_getSpellingLocation(loc, &f2, NULL, NULL, &o2);
	return o1 != o2 || f1 != f2;
}

uint32_t place_in_def(struct walk *w, CXCursor c)
{
	struct place p = walk_place(w, clang_getCursorLocation(c));

	return w->ctext && p.file != w->ctext->file ? w->beg : p.off;
}

bool is_record_kind(enum CXCursorKind kind)
{
	return kind == CXCursor_StructDecl || kind == CXCursor_UnionDecl;
}

static char *cursor_name(CXCursor c)
{
	CXString s = clang_getCursorSpelling(c);
	char *name = xstrdup(clang_getCString(s) ? clang_getCString(s) : "");

	clang_disposeString(s);
	return name;
}

static enum CXChildVisitResult find_asm_label(CXCursor c, CXCursor parent, CXClientData data)
{
	(void)parent;
	if (clang_getCursorKind(c) != CXCursor_AsmLabelAttr)
		return CXChildVisit_Continue;
	*(char **)data = cursor_name(c);
	return CXChildVisit_Break;
}

/* The linker's name: an asm label, else the C name. */
static char *link_name(CXCursor decl)
{
	char *label = NULL;

	if (clang_Cursor_hasAttrs(decl))
		clang_visitChildren(decl, find_asm_label, &label);
	return label ? label : cursor_name(decl);
}

static char *prefixed_key(struct walk *w, CXCursor decl, const char *what, char *name)
{
	struct place p = walk_place(w, clang_getCursorLocation(clang_getCanonicalCursor(decl)));
	char *key = xasprintf("%s:%s%s", p.file ? p.file->path : "", what, name);

	free(name);
	return key;
}

static bool is_libcall(const char *name)
{
	return starts_with(name, "__builtin_mem") || starts_with(name, "__builtin_str") ||
	       starts_with(name, "__builtin___mem") || starts_with(name, "__builtin___str") ||
	       starts_with(name, "__builtin_bcmp");
}

/* Key of a type in a .c file; there are no facts about others. */
static char *type_key(struct walk *w, CXCursor decl, enum CXCursorKind kind)
{
	struct place p = walk_place(w, clang_getCursorLocation(decl));
	char *name;

	if (!p.file || !p.file->is_c)
		return no_key;
	if (clang_getCursorKind(clang_getCursorSemanticParent(decl)) == CXCursor_FunctionDecl)
		return no_key;
	name = clang_Cursor_isAnonymous(decl) ? xasprintf("@%u", p.off) : cursor_name(decl);
	return prefixed_key(w, decl,
			    kind == CXCursor_TypedefDecl ? "typedef "
			    : kind == CXCursor_EnumDecl	 ? "enum "
			    : kind == CXCursor_UnionDecl ? "union "
							 : "struct ",
			    name);
}

static char *symbol_make_key(struct walk *w, CXCursor decl)
{
	enum CXCursorKind kind = clang_getCursorKind(decl);
	enum CXLinkageKind linkage;
	char *name, *key;

	if (is_record_kind(kind) || kind == CXCursor_EnumDecl || kind == CXCursor_TypedefDecl)
		return type_key(w, decl, kind);
	if (kind == CXCursor_EnumConstantDecl) {
		decl = clang_getCursorSemanticParent(decl);
		return type_key(w, decl, CXCursor_EnumDecl);
	}
	if (kind != CXCursor_FunctionDecl && kind != CXCursor_VarDecl)
		return no_key;
	if (clang_Cursor_getStorageClass(decl) == CX_SC_Register) /* the name of a register */
		return no_key;
	linkage = clang_getCursorLinkage(decl);
	if (linkage == CXLinkage_External || linkage == CXLinkage_UniqueExternal) {
		name = link_name(decl);
		if (!starts_with(name, "__builtin_"))
			return name;
		/* may become a call of the function of that name */
		key = is_libcall(name) ? xstrdup(name + strlen("__builtin_")) : no_key;
		free(name);
		return key;
	}
	if (linkage != CXLinkage_Internal)
		return no_key;
	return prefixed_key(w, decl, "", cursor_name(decl));
}

const char *symbol_key(struct walk *w, CXCursor decl)
{
	void **slot = ptrmap_at(&w->symbols, decl.data[0]);

	if (!*slot) {
		char *key = symbol_make_key(w, decl);

		slot = ptrmap_at(&w->symbols, decl.data[0]);
		*slot = key;
	}
	return *slot == no_key ? NULL : *slot;
}

char *record_name(struct walk *w, CXCursor record)
{
	CXCursor up;
	CXString s;
	char *name;

	while (clang_Cursor_isAnonymous(record)) {
		up = clang_getCursorSemanticParent(record);
		if (!is_record_kind(clang_getCursorKind(up))) {
			struct place p = walk_place(w, clang_getCursorLocation(record));

			return xasprintf("struct @%s:%u", p.file ? p.file->path : "", p.off);
		}
		record = up;
	}
	s = clang_getTypeSpelling(clang_getCursorType(record));
	name = xstrdup(clang_getCString(s));
	clang_disposeString(s);
	return name;
}

bool is_array_type(CXType t)
{
	return t.kind == CXType_ConstantArray || t.kind == CXType_IncompleteArray ||
	       t.kind == CXType_VariableArray;
}

CXType base_type(CXType t)
{
	t = clang_getCanonicalType(t);
	while (t.kind == CXType_Pointer || is_array_type(t))
		t = clang_getCanonicalType(t.kind == CXType_Pointer ? clang_getPointeeType(t)
								    : clang_getArrayElementType(t));
	return t;
}

const char *variable_record(struct walk *w, CXCursor decl)
{
	void **slot = ptrmap_at(&w->records, decl.data[0]);
	CXType t;

	if (*slot)
		return *slot;
	t = base_type(clang_getCursorType(decl));
	*slot = t.kind == CXType_Record ? record_name(w, clang_getTypeDeclaration(t))
					: xstrdup("-");
	return *slot;
}

const char *field_key(struct walk *w, CXCursor field)
{
	void **slot = ptrmap_at(&w->fields, field.data[0]);
	char *record, *name, *key;

	if (*slot)
		return *slot;
	record = record_name(w, clang_getCursorSemanticParent(field));
	name = cursor_name(field);
	key = xasprintf("%s:%s", record, name);
	free(record);
	free(name);
	*ptrmap_at(&w->fields, field.data[0]) = key;
	return key;
}

char *pretty(CXCursor decl, bool with_body)
{
	CXPrintingPolicy policy = clang_getCursorPrintingPolicy(decl);
	CXString s;
	char *text;

	clang_PrintingPolicy_setProperty(policy, CXPrintingPolicy_TerseOutput, !with_body);
	s = clang_getCursorPrettyPrinted(decl, policy);
	text = xstrdup(clang_getCString(s) ? clang_getCString(s) : "");
	clang_disposeString(s);
	clang_PrintingPolicy_dispose(policy);
	return text;
}

/* One asm line: a directive's or an instruction's operands. */
static void asm_line_operands(char *line, void (*fn)(struct walk *w, const char *name),
			      struct walk *w)
{
	bool first = true;

	for (char *s = line; *s;) {
		char *beg = s, c;

		if (*s == '%' || *s == '$') {
			s++;
			if (*s == '%' || *s == '{' || *s == '[')
				s++;
			if (beg[0] == '$' || beg[1] == '[' || beg[1] == '{')
				/* $symbol; the name in %[name] is a constraint, dropped below */
				continue;
			while (isalnum((unsigned char)*s) || *s == '_')
				s++;
			continue;
		}
		if (!isalpha((unsigned char)*s) && *s != '_' && *s != '.') {
			s++;
			continue;
		}
		while (isalnum((unsigned char)*s) || *s == '_' || *s == '.' || *s == '$')
			s++;
		if (*s == ':') {
			first = true;
			continue;
		}
		c = *s;
		*s = 0;
		if (!first && *beg != '.' && (beg == line || (beg[-1] != '[' && beg[-1] != '"')))
			fn(w, beg);
		first = false;
		*s = c;
	}
}

void asm_operands(const char *text, void (*fn)(struct walk *w, const char *name), struct walk *w)
{
	char *copy = xstrdup(text), *line = copy, *end;

	for (; line; line = end ? end + 1 : NULL) {
		end = strpbrk(line, "\n;");
		if (end)
			*end = 0;
		asm_line_operands(line, fn, w);
	}
	free(copy);
}

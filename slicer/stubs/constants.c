// SPDX-License-Identifier: GPL-2.0
/* constants.c: constant expressions + a unit that knows their names => their values. */
#include "base/util.h"
#include "commands/commands.h"
#include "stubs/types.h"
#include "stubs/units.h"

#include <stdlib.h>

#define PREFIX "kslice_constant_"

struct constants {
	int64_t *values;
	bool *known;
};

static enum CXChildVisitResult see_enumerator(CXCursor c, CXCursor parent, CXClientData data)
{
	struct constants *k = data;
	CXString name;
	const char *s;

	(void)parent;
	if (clang_getCursorKind(c) == CXCursor_EnumDecl)
		return CXChildVisit_Recurse;
	if (clang_getCursorKind(c) != CXCursor_EnumConstantDecl)
		return CXChildVisit_Continue;
	name = clang_getCursorSpelling(c);
	s = clang_getCString(name);
	if (starts_with(s, PREFIX))
		k->values[strtoul(s + strlen(PREFIX), NULL, 10)] =
			clang_getEnumConstantDeclValue(c);
	clang_disposeString(name);
	return CXChildVisit_Continue;
}

/* "enum { kslice_constant_0 = (AF_INET) };", each on a line, whose errors are its own. */
static char *text_with_constants(const char *path, const char *const *exprs, size_t n,
				 unsigned *line)
{
	char *text = read_file(path, NULL);
	struct strbuf b = {0};

	sb_puts(&b, text ?: "");
	sb_puts(&b, "\n");
	*line = 1;
	for (size_t i = 0; i < b.len; i++)
		*line += b.s[i] == '\n';
	for (size_t i = 0; i < n; i++)
		sb_printf(&b, "enum { " PREFIX "%zu = (%s) };\n", i, exprs[i]);
	free(text);
	return b.s;
}

/* An expression is known if its line has no error. */
static void see_unknown(CXTranslationUnit unit, unsigned first, size_t n, bool *known)
{
	for (size_t i = 0; i < n; i++)
		known[i] = true;
	for (unsigned i = 0; i < clang_getNumDiagnostics(unit); i++) {
		CXDiagnostic d = clang_getDiagnostic(unit, i);
		unsigned line;

		clang_getFileLocation(clang_getDiagnosticLocation(d), NULL, &line, NULL, NULL);
		if (clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error && line >= first &&
		    line - first < n)
			known[line - first] = false;
		clang_disposeDiagnostic(d);
	}
}

int types_constants(const struct compdb *db, const char *source, const char *const *exprs, size_t n,
		    int64_t *values, bool *known)
{
	const struct tu *tu = types_unit(db, source);
	char *path = xasprintf("%s/%s", db->overlay, source), *text;
	struct constants k = {values, known};
	CXTranslationUnit unit = NULL;
	CXIndex index = clang_createIndex(0, 0);
	unsigned line;

	text = text_with_constants(path, exprs, n, &line);
	if (tu)
		unit = types_parse(db, index, tu, path, text, false);
	if (unit) {
		see_unknown(unit, line, n, known);
		clang_visitChildren(clang_getTranslationUnitCursor(unit), see_enumerator, &k);
		clang_disposeTranslationUnit(unit);
	} else {
		err(path, "does it compile with this configuration?", "cannot be parsed");
	}
	clang_disposeIndex(index);
	free(text);
	free(path);
	return unit ? 0 : -1;
}

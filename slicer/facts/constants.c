// SPDX-License-Identifier: GPL-2.0
/*
 * constants.c: constants in watched places => values of the open definition: what a field is
 * initialised with, and what a function is called with. By them the closure finds what registers
 * itself under a name or number, and who asks for it.
 */
#include "facts/walk.h"

#include <ctype.h>
#include <stdlib.h>

void facts_watch_add(struct facts_watch *w, const char *name)
{
	strmap_add(&w->names, name, NULL);
}

void facts_watch_free(struct facts_watch *w)
{
	strmap_free(&w->names);
}

static bool is_watched(const struct walk *w, const char *name)
{
	const struct facts_watch *watch = w->worker->watch;

	return watch && name && strmap_get(&watch->names, name);
}

/* The expression below implicit conversions, designators and parentheses. */
static enum CXChildVisitResult find_last_expression(CXCursor c, CXCursor parent, CXClientData data)
{
	(void)parent;
	if (clang_isExpression(clang_getCursorKind(c)))
		*(CXCursor *)data = c;
	return CXChildVisit_Continue;
}

static CXCursor constant_inner(CXCursor c)
{
	CXCursor inner = clang_getNullCursor();
	enum CXCursorKind kind = clang_getCursorKind(c);

	if (kind == CXCursor_UnexposedExpr || kind == CXCursor_ParenExpr ||
	    kind == CXCursor_CStyleCastExpr)
		clang_visitChildren(c, find_last_expression, &inner);
	return inner;
}

/* malloc'ed; NULL: not a constant, or one of another kind. */
static char *constant_of(CXCursor c)
{
	char *text = NULL;

	for (; !text && !clang_Cursor_isNull(c); c = constant_inner(c)) {
		CXEvalResult r = clang_Cursor_Evaluate(c);
		CXEvalResultKind kind = r ? clang_EvalResult_getKind(r) : CXEval_UnExposed;

		if (kind == CXEval_Int)
			text = xasprintf("%lld", clang_EvalResult_getAsLongLong(r));
		else if (kind == CXEval_StrLiteral && clang_EvalResult_getAsStr(r))
			text = xstrdup(clang_EvalResult_getAsStr(r));
		if (r)
			clang_EvalResult_dispose(r);
	}
	return text;
}

/* The text of an expression that is one word, as a constant's name; NULL: it isn't. */
static char *constant_word(struct walk *w, CXCursor c)
{
	CXSourceRange range = clang_getCursorExtent(c);
	struct place beg = walk_place(w, clang_getRangeStart(range));
	const struct ctext *t = w->ctext;
	uint32_t end = beg.off;

	if (!t || beg.file != t->file)
		return NULL;
	while (end < t->in.len &&
	       (isalnum((unsigned char)t->in.text[end]) || t->in.text[end] == '_'))
		end++;
	return end > beg.off && !isdigit((unsigned char)t->in.text[beg.off])
		       ? xstrndup(t->in.text + beg.off, end - beg.off)
		       : NULL;
}

static void add_value(struct walk *w, const char *what, unsigned arg, CXCursor c)
{
	char *constant = constant_of(c), *word = constant ? constant_word(w, c) : NULL;
	struct fact_value v = {.what = fb_str(w->fb, what),
			       .constant = fb_str(w->fb, constant),
			       .text = fb_str(w->fb, word),
			       .off = place_in_def(w, c),
			       .arg = arg,
			       .known = constant != NULL};

	*vec_add(&w->fb->values) = v;
	free(constant);
	free(word);
}

void see_watched_field(struct frame *f, const char *field)
{
	CXCursor value = f->c;

	if (!is_watched(f->w, field))
		return;
	/* a designated element: its value is the last expression in it */
	if (clang_getCursorKind(value) == CXCursor_UnexposedExpr &&
	    clang_getCursorType(value).kind == CXType_Void) {
		value = clang_getNullCursor();
		clang_visitChildren(f->c, find_last_expression, &value);
	}
	if (!clang_Cursor_isNull(value))
		add_value(f->w, field, 0, value);
}

void see_watched_call(struct frame *f, const char *callee)
{
	const char *colon = strrchr(callee, ':'), *name = colon ? colon + 1 : callee;
	int n = is_watched(f->w, name) ? clang_Cursor_getNumArguments(f->c) : 0;

	for (int i = 0; i < n; i++)
		add_value(f->w, callee, i, clang_Cursor_getArgument(f->c, i));
}

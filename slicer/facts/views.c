// SPDX-License-Identifier: GPL-2.0
/*
 * views.c: which headers a unit may see otherwise than other units do.
 *
 * A header's definitions are recorded once for all units of a group (parse.h). But a header of the
 * unit's own folder ("internal.h") may define a macro that a header included after it tests or
 * uses. Such a header gets a view: a hash of those macros and of where they are defined. Only units
 * with the same view share its definitions.
 */
#include "facts/clang.h"

#include <ctype.h>
#include <stdlib.h>

enum { IN_TEXT = 1, IN_MACRO = 2 };

/* Is it found by its name in any unit, by <...>? */
static bool is_common_header(const struct srcfile *file)
{
	const char *s = file->path;

	if (starts_with(s, "obj:"))
		s += strlen("obj:");
	return *s == '/' || starts_with(s, "include/") || strstr(s, "/include/");
}

void see_macro_definition(struct walk *w, CXCursor c)
{
	struct place p = walk_place(w, clang_getCursorLocation(c));
	CXString name;
	bool added;
	uint64_t *at;

	if (!p.file || p.file->is_c || is_common_header(p.file))
		return;
	name = clang_getCursorSpelling(c);
	at = strmap_add(&w->own_macros, clang_getCString(name), &added);
	if (added)
		*at = w->own_places.n + 1;
	*vec_add(&w->own_places) = (struct own_macro){p.file, p.off};
	if (!added) /* defined twice: both count */
		w->own_places.a[*at - 1].off ^= p.off * 31;
	clang_disposeString(name);
}

static size_t word_length(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (isalnum((unsigned char)s[i]) || s[i] == '_'))
		i++;
	return i;
}

/* Identifiers of a text => IN_TEXT, and IN_MACRO if in a #define. */
static struct strmap *read_words(const char *s, size_t len)
{
	struct strmap *words = xcalloc(1, sizeof(*words));
	bool define = false;

	for (size_t i = 0; i < len;) {
		size_t n = word_length(s + i, len - i);

		if (n && !isdigit((unsigned char)s[i])) {
			char *word = xstrndup(s + i, n);

			define |= !strcmp(word, "define");
			*strmap_add(words, word, NULL) |= define ? IN_TEXT | IN_MACRO : IN_TEXT;
			free(word);
		} else if (s[i] == '\n' && i && s[i - 1] != '\\') {
			define = false;
		}
		i += n ? n : 1;
	}
	return words;
}

static const struct strmap *words_of(struct walk *w, CXFile handle, const struct srcfile *file)
{
	bool added;
	uint64_t *at = strmap_add(&w->worker->words, file->path, &added);
	const char *text;
	size_t len;

	if (added) {
		text = clang_getFileContents(w->tu, handle, &len);
		*at = (uintptr_t)read_words(text ? text : "", text ? len : 0);
	}
	return (const struct strmap *)(uintptr_t)*at;
}

static void see_header(CXFile handle, CXSourceLocation *stack, unsigned depth, CXClientData data)
{
	struct walk *w = data;
	struct srcfile *file = walk_file(w, handle);
	const struct strmap *words;
	uint64_t view = w->macro_view;

	(void)stack;
	(void)depth;
	if (file->is_c)
		return;
	words = words_of(w, handle, file);
	for (size_t i = 0; i < w->own_macros.cap; i++) {
		const char *name = w->own_macros.slots[i].key;
		const struct own_macro *m;
		const uint64_t *how;

		if (!name)
			continue;
		m = &w->own_places.a[w->own_macros.slots[i].value - 1];
		how = strmap_get(words, name);
		if (m->file == file || !how)
			continue;
		view += hash_str(name, m->file->path_hash + m->off);
		if (*how & IN_MACRO) /* and whoever uses that macro */
			w->macro_view += hash_str(name, m->file->path_hash + m->off);
	}
	*ptrmap_at(&w->views, file) = (void *)(uintptr_t)view;
}

void make_views(struct walk *w)
{
	if (w->own_macros.n)
		clang_getInclusions(w->tu, see_header, w);
}

uint64_t view_of(struct walk *w, const struct srcfile *file)
{
	return w->own_macros.n ? (uintptr_t)*ptrmap_at(&w->views, file) : 0;
}

void views_free(struct walk *w)
{
	strmap_free(&w->own_macros);
	free(w->own_places.a);
	ptrmap_free(&w->views);
}

void words_free(struct strmap *words)
{
	for (size_t i = 0; i < words->cap; i++) {
		struct strmap *file =
			(void *)(uintptr_t)(words->slots[i].key ? words->slots[i].value : 0);

		if (file)
			strmap_free(file);
		free(file);
	}
	strmap_free(words);
}

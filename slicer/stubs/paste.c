// SPDX-License-Identifier: GPL-2.0
/* paste.c: an answer => file, JSON pointer and text. See paste.h. */
#include "stubs/paste.h"
#include "spec/json.h"

#include <stdlib.h>

/* Index of the spec's first own group in "annotations"; -1: none. */
static int own_index(const struct spec *spec)
{
	json_t *list = json_object_get(spec->json, "annotations"), *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (json_is_object(one))
			return (int)i;
	return -1;
}

/* "FILE:LINE"; the line of the pointer or of what encloses it. */
static char *file_and_line(const struct spec *spec, const char *pointer)
{
	char *p = xstrdup(pointer), *slash, *text;
	struct spec_place at = spec_place_of(spec, p);

	while (!at.line && (slash = strrchr(p, '/'))) {
		*slash = 0;
		at = spec_place_of(spec, p);
	}
	text = at.line ? xasprintf("%s:%d", spec->path, at.line) : xstrdup(spec->path);
	free(p);
	return text;
}

static char *paste_at(const struct spec *spec, const char *pointer, const char *text)
{
	char *place = file_and_line(spec, pointer);
	char *line = xasprintf("in %s, at %s, add:\n\t\t%s", place, *pointer ? pointer : "/", text);

	free(place);
	return line;
}

/* { KEY: { KEY: { members } } } without the outermost braces. */
static void nest(struct strbuf *b, const char *const *keys, const char *members)
{
	if (!*keys) {
		sb_puts(b, members);
		return;
	}
	sb_printf(b, "\"%s\": { ", *keys);
	nest(b, keys + 1, members);
	sb_puts(b, " }");
}

char *paste_element(const struct spec *spec, const char *list, const char *element)
{
	bool there = json_object_get(spec->json, list);
	char *pointer = there ? xasprintf("/%s", list) : xstrdup("");
	char *text = there ? xstrdup(element) : xasprintf("\"%s\": [%s]", list, element);
	char *line = paste_at(spec, pointer, text);

	free(text);
	free(pointer);
	return line;
}

char *paste_members(const struct marshal *m, const char *const *keys, const char *members)
{
	int own = own_index(m->spec);
	json_t *at =
		own < 0 ? NULL : json_array_get(json_object_get(m->spec->json, "annotations"), own);
	struct strbuf pointer = {0}, text = {0};
	char *line;

	if (own < 0) {
		sb_puts(&text, "{ ");
		nest(&text, keys, members);
		sb_puts(&text, " }");
		line = paste_element(m->spec, "annotations", text.s);
		sb_free(&text);
		return line;
	}
	sb_printf(&pointer, "/annotations/%d", own);
	while (*keys && json_object_get(at, *keys)) {
		at = json_object_get(at, *keys);
		sb_printf(&pointer, "/%s", *keys++);
	}
	nest(&text, keys, members);
	line = paste_at(m->spec, pointer.s, text.s);
	sb_free(&text);
	sb_free(&pointer);
	return line;
}

static json_t *own_call(const struct spec *spec, int own, const char *call)
{
	json_t *g = json_array_get(json_object_get(spec->json, "annotations"), (size_t)own);

	return own < 0 ? NULL : json_object_get(json_object_get(g, "calls"), call);
}

char *paste_base(const struct marshal *m, const char *call, const char *base)
{
	int own = own_index(m->spec);
	json_t *test = json_object_get(own_call(m->spec, own, call), "test");
	const char *keys[] = {"calls", call, "test", NULL};
	char *text, *line;

	if (json_object_get(test, "bases")) {
		text = xasprintf("/annotations/%d/calls/%s/test/bases", own, call);
		line = paste_at(m->spec, text, base);
	} else {
		text = xasprintf("\"bases\": [%s]", base);
		line = paste_members(m, keys, text);
	}
	free(text);
	return line;
}

/* The spec's own groups come after the files', in order. */
static int index_of_group(const struct marshal *m, const struct group *g)
{
	json_t *list = json_object_get(m->spec->json, "annotations"), *one;
	size_t i, n = (size_t)(g - m->groups);

	if (n < m->spec->annotations.n)
		return -1;
	n -= m->spec->annotations.n;
	json_array_foreach (list, i, one)
		if (json_is_object(one) && !n--)
			return (int)i;
	return -1;
}

char *paste_place(const struct marshal *m, const struct group *g, const char *pointer)
{
	int own = index_of_group(m, g);
	char *full, *file, *place;

	if (own < 0)
		return xasprintf("%s: %s", g->path, pointer);
	full = xasprintf("/annotations/%d%s", own, pointer);
	file = file_and_line(m->spec, full);
	place = xasprintf("%s: %s", file, full);
	free(full);
	free(file);
	return place;
}

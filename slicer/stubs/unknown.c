// SPDX-License-Identifier: GPL-2.0
/* unknown.c: names in annotations + tree and spec => errors about those that neither has. See
 * unknown.h. */
#include "stubs/unknown.h"
#include "stubs/paste.h"
#include "commands/commands.h"
#include "base/similar.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

/* ---- where an annotation has a name ---- */

/* Adds the pointer to a string or key `text` below v; false: it isn't there. */
static bool find_text(json_t *v, const char *text, struct strbuf *pointer)
{
	size_t was = pointer->len, i;
	const char *key;
	json_t *one;

	if (json_is_string(v))
		return !strcmp(json_string_value(v), text);
	json_array_foreach (v, i, one) {
		sb_printf(pointer, "/%zu", i);
		if (find_text(one, text, pointer))
			return true;
		pointer->len = was;
	}
	json_object_foreach (v, key, one) {
		sb_printf(pointer, "/%s", key);
		if (!strcmp(key, text) || find_text(one, text, pointer))
			return true;
		pointer->len = was;
	}
	return false;
}

/* Later groups are merged into the first one that has the call, so the last one is its place. The
 * caller frees it. */
static char *place_of_text(const struct marshal *m, const char *text)
{
	char *place = NULL;

	for (size_t i = m->ngroups; i-- > 0 && !place;) {
		struct strbuf pointer = {0};

		sb_puts(&pointer, "");
		if (find_text(m->groups[i].json, text, &pointer)) {
			pointer.s[pointer.len] = 0;
			place = paste_place(m, &m->groups[i], pointer.s);
		}
		sb_free(&pointer);
	}
	return place ?: xasprintf("%s: /routes", m->spec->path);
}

/* Of a key or string below list/of, "calls"/"read", elsewhere if it isn't there. */
static char *place_below(const struct marshal *m, const char *list, const char *of,
			 const char *text)
{
	char *place = NULL;

	for (size_t i = m->ngroups; i-- > 0 && !place;) {
		json_t *v = json_object_get(json_object_get(m->groups[i].json, list), of);
		struct strbuf pointer = {0};

		sb_printf(&pointer, "/%s/%s", list, of);
		if (v && find_text(v, text, &pointer)) {
			pointer.s[pointer.len] = 0;
			place = paste_place(m, &m->groups[i], pointer.s);
		}
		sb_free(&pointer);
	}
	return place ?: place_of_text(m, text);
}

/* ---- parameters and fields ---- */

int unknown_member(const struct marshal *m, const char *list, const char *of, const char *part,
		   const char *name, const struct mval *known, size_t nknown)
{
	char *pointer = xasprintf("/%s/%s/%s/%s", list, of, part, name), *place = NULL;
	struct similar best = {};
	struct strbuf cure = {0};

	for (size_t i = m->ngroups; i-- > 0 && !place;) {
		json_t *v = json_object_get(json_object_get(m->groups[i].json, list), of);

		if (json_object_get(json_object_get(v, part), name))
			place = paste_place(m, &m->groups[i], pointer);
	}
	if (!place)
		place = place_below(m, list, of, name);
	for (size_t i = 0; i < nknown; i++)
		similar_offer(&best, name, known[i].name);
	similar_print(&best, "did you mean ", &cure);
	sb_puts(&cure, cure.len ? "? in the tree they are: " : "in the tree they are: ");
	for (size_t i = 0; i < nknown; i++)
		sb_printf(&cure, "%s%s", i ? ", " : "", known[i].name);
	err(place, cure.s, "%s has no parameter or field \"%s\"", of, name);
	sb_free(&cure);
	free(place);
	free(pointer);
	return -1;
}

/* ---- constants and types ---- */

struct hunt {
	const char *name;
	char *header; /* that has it, below include/ */
	struct strmap names;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* "#define NAME", "\tNAME,", "\tNAME = 5": constants; "struct NAME {". */
static void hunt_line(struct hunt *h, const char *line, const char *path)
{
	const char *p = line + strspn(line, " \t"), *end, *rest;
	bool define = starts_with(p, "#define"), record = starts_with(p, "struct ");
	char *name;

	if (define || record)
		p += strcspn(p, " \t"), p += strspn(p, " \t");
	for (end = p; is_word(*end); end++)
		;
	rest = end + strspn(end, " \t");
	if (end == p || (!define && !record && (p == line || !strchr(",=\n}", *rest))) ||
	    (record && !strchr("{\n", *rest)))
		return;
	name = xstrndup(p, (size_t)(end - p));
	if (!h->header && !strcmp(name, h->name))
		h->header = xstrdup(path);
	strmap_add(&h->names, name, NULL);
	free(name);
}

static void hunt_dir(struct hunt *h, const char *include, const char *sub)
{
	char *dir = xasprintf("%s/%s", include, sub);
	DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));) {
		char *path = xasprintf("%s/%s", sub, e->d_name), *file, *text;

		file = xasprintf("%s/%s", include, path);
		text = ends_with(path, ".h") ? read_file(file, NULL) : NULL;
		for (char *l = text; l; l = strchr(l, '\n') ? strchr(l, '\n') + 1 : NULL)
			hunt_line(h, l, path);
		free(text);
		free(file);
		free(path);
	}
	if (d)
		closedir(d);
	free(dir);
}

static void hunt_tree(struct hunt *h, const char *tree)
{
	static const char *const dirs[] = {"uapi/linux", "linux", "uapi/asm-generic",
					   "asm-generic"};
	char *include = xasprintf("%s/include", tree);

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		hunt_dir(h, include, dirs[i]);
	free(include);
}

char *header_of(const char *tree, const char *name)
{
	struct hunt h = {.name = name};

	hunt_tree(&h, tree);
	strmap_free(&h.names);
	return h.header;
}

/* The word that clang doesn't know, of "use of undeclared identifier 'X'"; else the whole text. */
static char *blamed_word(const struct unknown_name *u)
{
	const char *quote = strchr(u->fault, '\''), *end = quote ? strchr(quote + 1, '\'') : NULL;
	const char *space = strrchr(u->text, ' ');

	if (end)
		return xstrndup(quote + 1, (size_t)(end - quote - 1));
	return xstrdup(u->type && space ? space + 1 : u->text);
}

static void unknown_constant(const struct marshal *m, const struct unknown_name *u)
{
	struct hunt h = {.name = blamed_word(u)};
	char *place = place_of_text(m, u->text), *cure;
	struct similar best = {};
	struct strbuf b = {0};

	hunt_tree(&h, m->bodies.db->overlay);
	for (size_t i = 0; i < h.names.cap; i++)
		if (h.names.slots[i].key)
			similar_offer(&best, h.name, h.names.slots[i].key);
	similar_print(&best, "similar names: ", &b);
	if (h.header)
		cure = xasprintf("add \"%s\", which has it, to the \"headers\" of that group",
				 h.header);
	else
		cure = xasprintf(
			"%s%scorrect the name, or add the header that has it to the group's "
			"\"headers\"",
			b.s ?: "", b.len ? "; " : "");
	err(place, cure, "the headers of the annotations have no %s \"%s\"%s%s",
	    u->type ? "type" : "constant", u->text, *u->fault ? ": " : "", u->fault);
	sb_free(&b);
	free(cure);
	free(place);
	free(h.header);
	strmap_free(&h.names);
	free((char *)h.name);
}

void unknown_constants(const struct marshal *m)
{
	for (size_t i = 0; i < m->types.nunknown; i++)
		unknown_constant(m, &m->types.unknown[i]);
}

/* ---- calls ---- */

static int unknown_call(const struct marshal *m, const struct group *g, const char *name)
{
	char *pointer = xasprintf("/calls/%s", name), *place = paste_place(m, g, pointer);
	struct similar best = {};
	struct strbuf cure = {0};

	for (size_t i = 0; i < m->types.ncalls; i++)
		similar_offer(&best, name, m->types.calls[i].name);
	similar_print(&best, "did you mean ", &cure);
	sb_printf(&cure, "%sadd it to \"calls\", or remove it here", cure.len ? "? else " : "");
	err(place, cure.s, "\"%s\" is none of the spec's calls%s", name,
	    types_call(&m->types, name) ? "" : ", by the name that programs use");
	sb_free(&cure);
	free(place);
	free(pointer);
	return -1;
}

int unknown_calls(const struct marshal *m)
{
	const char *name;
	json_t *v;
	int r = 0;

	for (size_t i = m->spec->annotations.n; i < m->ngroups; i++)
		json_object_foreach (json_object_get(m->groups[i].json, "calls"), name, v)
			if (!types_call(&m->types, name))
				r = unknown_call(m, &m->groups[i], name);
	return r;
}

// SPDX-License-Identifier: GPL-2.0
/* json.c: JSON text => json_t + the line of every value. See json.h. */
#include "spec/json.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The text is already known to be valid JSON, so the walk only has to distinguish strings from
 * structure. */
struct walk {
	struct spec_file *file;
	const char *s;
	int line;
	struct strbuf pointer;
};

static void walk_space(struct walk *w)
{
	for (; isspace((unsigned char)*w->s) || *w->s == ',' || *w->s == ':'; w->s++)
		if (*w->s == '\n')
			w->line++;
}

/* Skips the string at s; if `key`, appends it to the pointer with JSON pointer escapes. */
static void walk_string(struct walk *w, bool key)
{
	for (w->s++; *w->s != '"'; w->s++) {
		if (*w->s == '\\')
			w->s++;
		if (key && *w->s == '~')
			sb_puts(&w->pointer, "~0");
		else if (key && *w->s == '/')
			sb_puts(&w->pointer, "~1");
		else if (key)
			sb_add(&w->pointer, w->s, 1);
	}
	w->s++;
}

static void walk_value(struct walk *w)
{
	size_t len = w->pointer.len, index = 0;
	char close;

	walk_space(w);
	*strmap_add(&w->file->lines, w->pointer.s, NULL) = w->line;
	if (*w->s == '"') {
		walk_string(w, false);
		return;
	}
	if (*w->s != '{' && *w->s != '[') {
		while (*w->s && !strchr(",]} \t\r\n", *w->s))
			w->s++;
		return;
	}
	close = *w->s++ == '{' ? '}' : ']';
	for (walk_space(w); *w->s != close; walk_space(w)) {
		if (close == '}') {
			sb_puts(&w->pointer, "/");
			walk_string(w, true);
		} else {
			sb_printf(&w->pointer, "/%zu", index++);
		}
		walk_value(w);
		w->pointer.len = len;
		w->pointer.s[len] = 0;
	}
	w->s++;
}

struct spec_file *spec_file_load(const char *path, const char *cure)
{
	struct walk w = {.line = 1};
	struct spec_file *f;
	json_error_t e;
	char *text = read_file(path, NULL);

	if (!text) {
		err(path, cure, "%s", strerror(errno));
		return NULL;
	}
	f = xcalloc(1, sizeof(*f));
	f->path = xstrdup(path);
	f->json = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	if (!f->json) {
		char *at = xasprintf("%s:%d", path, e.line);

		err(at, "correct the JSON at this line; each key may occur once", "%s", e.text);
		free(at);
		free(text);
		spec_file_free(f);
		return NULL;
	}
	w.file = f;
	w.s = text;
	sb_puts(&w.pointer, "");
	walk_value(&w);
	sb_free(&w.pointer);
	free(text);
	return f;
}

void spec_file_free(struct spec_file *f)
{
	for (size_t i = 0; i < f->owned.n; i++)
		free(f->owned.a[i]);
	free(f->owned.a);
	strmap_free(&f->lines);
	json_decref(f->json);
	free(f->path);
	free(f);
}

void *spec_own(struct spec_file *f, void *p)
{
	*vec_add(&f->owned) = p;
	return p;
}

struct spec_place spec_at(struct spec_file *f, const char *fmt, ...)
{
	struct spec_place at = {.file = f->path};
	uint64_t *line;
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		die("vasprintf");
	va_end(ap);
	at.pointer = spec_own(f, s);
	line = strmap_get(&f->lines, s);
	at.line = line ? (int)*line : 0;
	return at;
}

struct spec_place spec_place_of(const struct spec *spec, const char *pointer)
{
	struct spec_file *f = spec->files;

	while (f && strcmp(f->path, spec->path))
		f = f->next;
	return f ? spec_at(f, "%s", pointer) : (struct spec_place){spec->path, "", 0};
}

int spec_error(const struct spec_place *at, const char *cure, const char *fmt, ...)
{
	char *place = xasprintf("%s:%d: %s", at->file, at->line, *at->pointer ? at->pointer : "/");
	char *what;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&what, fmt, ap) < 0)
		die("vasprintf");
	va_end(ap);
	err(place, cure, "%s", what);
	free(place);
	free(what);
	return -1;
}

static const char *const type_names[] = {
	"a string", "a string or an array of strings", "an array", "an object", "true", "a number"};

static bool json_has_type(json_t *v, enum spec_type type)
{
	switch (type) {
	case ST_STRING:
		return json_is_string(v);
	case ST_NAMES:
		return json_is_string(v) || json_is_array(v);
	case ST_ARRAY:
		return json_is_array(v);
	case ST_TRUE:
		return json_is_true(v);
	case ST_NUMBER:
		return json_is_integer(v) && json_integer_value(v) >= 0;
	default:
		return json_is_object(v);
	}
}

static int report_unknown_key(struct spec_file *f, const char *pointer, const char *key,
			      const struct spec_key *keys, size_t nkeys)
{
	struct spec_place at = spec_at(f, "%s/%s", pointer, key);
	struct strbuf cure = {0};
	int r;

	sb_puts(&cure, "the keys here are: ");
	for (size_t i = 0; i < nkeys; i++)
		sb_printf(&cure, "%s%s", i ? ", " : "", keys[i].name);
	sb_puts(&cure, " (specs/README.md)");
	r = spec_error(&at, cure.s, "unknown key \"%s\"", key);
	sb_free(&cure);
	return r;
}

int spec_check_keys(struct spec_file *f, json_t *obj, const char *pointer,
		    const struct spec_key *keys, size_t nkeys)
{
	struct spec_place at = spec_at(f, "%s", pointer);
	const char *key;
	json_t *value;

	if (!json_is_object(obj))
		return spec_error(&at, "see specs/README.md for this object", "must be an object");
	json_object_foreach (obj, key, value) {
		size_t i = 0;

		while (i < nkeys && strcmp(keys[i].name, key))
			i++;
		if (i == nkeys)
			return report_unknown_key(f, pointer, key, keys, nkeys);
		if (!json_has_type(value, keys[i].type)) {
			at = spec_at(f, "%s/%s", pointer, key);
			return spec_error(&at, "see specs/README.md", "\"%s\" must be %s", key,
					  type_names[keys[i].type]);
		}
	}
	for (size_t i = 0; i < nkeys; i++)
		if (keys[i].required && !json_object_get(obj, keys[i].name))
			return spec_error(&at, "add it; specs/README.md says what it means",
					  "key \"%s\" is missing", keys[i].name);
	return 0;
}

int spec_names_of(struct spec_file *f, json_t *value, const char *pointer, struct spec_names *out)
{
	size_t n = json_is_array(value) ? json_array_size(value) : value ? 1 : 0;

	out->n = n;
	out->a = spec_own(f, xcalloc(n ? n : 1, sizeof(*out->a)));
	for (size_t i = 0; i < n; i++) {
		json_t *v = json_is_array(value) ? json_array_get(value, i) : value;

		out->a[i] = json_string_value(v);
		if (!out->a[i] || !*out->a[i]) {
			struct spec_place at = json_is_array(value)
						       ? spec_at(f, "%s/%zu", pointer, i)
						       : spec_at(f, "%s", pointer);

			return spec_error(&at, "write a name in quotes",
					  "must be a non-empty string");
		}
	}
	if (value && !n) {
		struct spec_place at = spec_at(f, "%s", pointer);

		return spec_error(&at, "leave the key out", "the array is empty");
	}
	return 0;
}

char *spec_path_beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	if (*name == '/' || !slash)
		return xstrdup(name);
	return xasprintf("%.*s/%s", (int)(slash - path), path, name);
}

struct spec_file *spec_chain_file(struct spec *spec, struct spec_file *f)
{
	if (f) {
		f->next = spec->files;
		spec->files = f;
	}
	return f;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * annotations.c: names of groups in the spec => their JSON, checked for unknown keys. The keys are
 * described in specs/annotations/README.md and applied by infer.c.
 */
#include "stubs/marshal.h"
#include "spec/spec.h"
#include "base/util.h"

#include <stdlib.h>
#include <string.h>

static const char *const group_keys[] = {"what", "headers", "structs", "calls", "fixtures", NULL};
static const char *const call_keys[] = {"params", "result",  "route",	 "blocks",
					"flags",  "cloexec", "credit",	 "early",
					"test",	  "differs", "optional", NULL};
static const char *const struct_keys[] = {"type", "fields", "total", NULL};
static const char *const value_keys[] = {
	"dir",	  "len",     "bits",	   "string",   "elem",	  "type",    "as",
	"max",	  "clamp",   "filled",	   "always",   "fault",	  "fd",	     "scalar",
	"refuse", "switch",  "cases",	   "default",  "partial", "result",  "vr",
	"flat",	  "prefix",  "parts",	   "parts_if", "whole",	  "keep_if", "path",
	"longer", "records", "terminated", "optional", NULL};

int annotation_keys(const char *path, const char *what, json_t *obj, const char *const *allowed)
{
	const char *key;
	json_t *v;

	if (!json_is_object(obj))
		return err(path, "write an object", "%s is not an object", what);
	json_object_foreach (obj, key, v) {
		size_t i = 0;

		while (allowed[i] && strcmp(allowed[i], key))
			i++;
		if (!allowed[i])
			return err(path, "see specs/annotations/README.md for the keys",
				   "%s: unknown key \"%s\"", what, key);
	}
	return 0;
}

static int check_value(const char *path, const char *what, json_t *v)
{
	const char *key;
	json_t *c;

	if (annotation_keys(path, what, v, value_keys))
		return -1;
	json_object_foreach (json_object_get(v, "cases"), key, c) {
		char *w = xasprintf("%s, case %s", what, key);
		int r = check_value(path, w, c);

		free(w);
		if (r)
			return -1;
	}
	c = json_object_get(v, "default");
	return c ? check_value(path, what, c) : 0;
}

static int check_values(const char *path, const char *what, json_t *obj)
{
	const char *key;
	json_t *v;

	json_object_foreach (obj, key, v) {
		char *w = xasprintf("%s, %s", what, key);
		int r = check_value(path, w, v);

		free(w);
		if (r)
			return -1;
	}
	return 0;
}

static int check_group(struct group *g)
{
	const char *key;
	json_t *v;

	if (annotation_keys(g->path, "the file", g->json, group_keys))
		return -1;
	json_object_foreach (json_object_get(g->json, "calls"), key, v) {
		if (annotation_keys(g->path, key, v, call_keys) ||
		    check_values(g->path, key, json_object_get(v, "params")))
			return -1;
	}
	json_object_foreach (json_object_get(g->json, "structs"), key, v) {
		if (annotation_keys(g->path, key, v, struct_keys) ||
		    check_values(g->path, key, json_object_get(v, "fields")))
			return -1;
		if (!json_string_value(json_object_get(v, "type")))
			return err(g->path, "say of which C type it is",
				   "struct %s has no \"type\"", key);
	}
	return 0;
}

static int load_group(struct group *g, const char *name)
{
	json_error_t je;

	g->name = xstrdup(name);
	g->path = xasprintf("%s/specs/annotations/%s.json", repo_root(), name);
	g->json = json_load_file(g->path, JSON_REJECT_DUPLICATES, &je);
	if (!g->json) {
		char *place = je.line > 0 ? xasprintf("%s:%d", g->path, je.line) : xstrdup(g->path);

		err(place, "correct the file, or the name in the spec's \"annotations\"", "%s",
		    je.text);
		free(place);
		return -1;
	}
	return check_group(g);
}

/* Merges keys recursively and joins lists; other values are replaced by the later group's. */
static void json_refine(json_t *into, json_t *from)
{
	const char *key;
	json_t *v;

	json_object_foreach (from, key, v) {
		json_t *old = json_object_get(into, key), *e;
		size_t i, k, n = json_array_size(old);

		if (json_is_object(old) && json_is_object(v)) {
			json_refine(old, v);
			continue;
		}
		if (!json_is_array(old) || !json_is_array(v)) {
			json_object_set(into, key, v);
			continue;
		}
		json_array_foreach (v, i, e) {
			for (k = 0; k < n && !json_equal(json_array_get(old, k), e); k++)
				;
			if (k == n)
				json_array_append(old, e);
		}
	}
}

/* Merges the descriptions of a call in several groups into the first one. */
static void refine_calls(struct marshal *m)
{
	const char *call;
	json_t *v;

	for (size_t i = 1; i < m->ngroups; i++) {
		json_object_foreach (json_object_get(m->groups[i].json, "calls"), call, v) {
			json_t *first = annotation_of_call(m, call, NULL);

			if (first != v)
				json_refine(first, v);
		}
	}
}

/* A group in the spec itself instead of a file. */
static int own_group(struct marshal *m, struct group *g, json_t *json)
{
	g->name = xstrdup("own");
	g->path = xstrdup(m->spec->path);
	g->json = json_deep_copy(json);
	return check_group(g);
}

int annotations_load(struct marshal *m)
{
	const struct spec_names *names = &m->spec->annotations;

	m->groups = xcalloc(names->n + m->spec->nown + 1, sizeof(*m->groups));
	for (size_t i = 0; i < names->n; i++) {
		m->ngroups++;
		if (load_group(&m->groups[i], names->a[i]))
			return -1;
	}
	for (size_t i = 0; i < m->spec->nown; i++)
		if (own_group(m, &m->groups[m->ngroups++], m->spec->own[i]))
			return -1;
	refine_calls(m);
	return 0;
}

static json_t *annotation_lookup(const struct marshal *m, const char *part, const char *name,
				 const char **path)
{
	for (size_t i = 0; i < m->ngroups; i++) {
		json_t *v = json_object_get(json_object_get(m->groups[i].json, part), name);

		if (!v)
			continue;
		if (path)
			*path = m->groups[i].path;
		return v;
	}
	return NULL;
}

json_t *annotation_of_call(const struct marshal *m, const char *call, const char **path)
{
	return annotation_lookup(m, "calls", call, path);
}

json_t *annotation_of_struct(const struct marshal *m, const char *name, const char **path)
{
	return annotation_lookup(m, "structs", name, path);
}

/* ---- names to be looked up ---- */

struct wants {
	const char **a;
	size_t n, cap;
};

static void wants_add(struct wants *w, const char *s)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->a[i], s))
			return;
	w->a = vec_grow(w->a, w->n + 1, &w->cap, sizeof(*w->a));
	w->a[w->n++] = s;
}

static bool is_number(const char *s)
{
	char *end;

	strtoll(s, &end, 0);
	return end != s && !*end;
}

static void wants_add_const(struct wants *w, const char *s)
{
	if (!is_number(s) && *s && *s != '@')
		wants_add(w, s);
}

/* Keys of cases are one or two constants: "SOL_SOCKET SO_TYPE". */
static void wants_add_key(struct marshal *m, struct wants *w, const char *key)
{
	char *s = marshal_keep(m, xstrdup(key)), *save = NULL;

	for (char *t = strtok_r(s, " ", &save); t; t = strtok_r(NULL, " ", &save))
		wants_add_const(w, t);
}

const char *length_operators(const char *len)
{
	const char *op = len ? strpbrk(len, "*+") : NULL;

	return op && op > len ? op : NULL;
}

static void wants_of_value(struct marshal *m, json_t *v, struct wants *types, struct wants *consts)
{
	static const char *const numeric[] = {"max", "clamp", "refuse", "len", NULL};
	const char *s = json_string_value(json_object_get(v, "type")), *key;
	json_t *c;

	if (s)
		wants_add(types, s);
	for (int i = 0; numeric[i]; i++) {
		s = json_string_value(json_object_get(v, numeric[i]));
		if (s && strcmp(numeric[i], "len"))
			wants_add_const(consts, s);
	}
	s = length_operators(json_string_value(json_object_get(v, "len")));
	s = s ? strchr(s, '+') : NULL;
	if (s)
		wants_add_const(consts, s + 1 + strspn(s + 1, " "));
	s = json_string_value(json_array_get(json_object_get(v, "keep_if"), 1));
	if (s)
		wants_add_const(consts, s);
	json_object_foreach (json_object_get(v, "cases"), key, c) {
		wants_add_key(m, consts, key);
		wants_of_value(m, c, types, consts);
	}
	c = json_object_get(v, "default");
	if (c)
		wants_of_value(m, c, types, consts);
}

static void wants_of_test(struct marshal *m, json_t *v, struct wants *consts)
{
	const char *s = json_string_value(v), *key;
	json_t *e;
	size_t i;

	if (s) {
		/* "@fixture", "%buffer", or an expression of constants: "AF_INET",
		 * "SOCK_STREAM|SOCK_NONBLOCK" */
		if (*s != '@' && *s != '%')
			wants_add_const(consts, s);
		return;
	}
	json_array_foreach (v, i, e)
		wants_of_test(m, e, consts);
	json_object_foreach (v, key, e)
		wants_of_test(m, e, consts);
}

static void wants_of_call(struct marshal *m, json_t *call, struct wants *types,
			  struct wants *consts)
{
	json_t *test = json_object_get(call, "test"), *b, *v;
	const char *key;
	size_t i;

	json_object_foreach (json_object_get(call, "params"), key, v)
		wants_of_value(m, v, types, consts);
	json_object_foreach (json_object_get(json_object_get(call, "early"), "only"), key, v)
		wants_of_test(m, v, consts);
	json_array_foreach (json_object_get(test, "bases"), i, b)
		json_object_foreach (json_object_get(b, "args"), key, v)
			wants_of_test(m, v, consts);
	json_object_foreach (json_object_get(test, "values"), key, v)
		wants_of_test(m, v, consts);
}

/* A call's name and its arguments. */
static void wants_of_made(json_t *call, struct wants *consts)
{
	json_t *a;
	size_t i;

	json_array_foreach (call, i, a)
		if (i && json_string_value(a) && !strchr("@%", *json_string_value(a)))
			wants_add_const(consts, json_string_value(a));
}

static void wants_of_fixture(json_t *v, struct wants *consts)
{
	json_t *call;
	size_t i;

	wants_of_made(json_object_get(v, "make"), consts);
	wants_of_made(json_object_get(v, "end"), consts);
	json_array_foreach (json_object_get(v, "then"), i, call)
		wants_of_made(call, consts);
}

static void wants_of_route(const struct spec_route *r, struct wants *consts)
{
	for (size_t i = 0; i < r->nwhen; i++) {
		if (r->when[i].mask)
			wants_add_const(consts, r->when[i].mask);
		for (size_t k = 0; k < r->when[i].nvalues; k++)
			wants_add_const(consts, r->when[i].values[k]);
	}
}

void annotations_wants(const struct marshal *cm, struct types_request *req)
{
	struct marshal *m = (struct marshal *)cm; /* only to store strings */
	struct wants headers = {0}, types = {0}, consts = {0};
	json_t *v, *f;
	const char *key, *k2;
	size_t j;

	for (size_t i = 0; i < m->ngroups; i++) {
		json_array_foreach (json_object_get(m->groups[i].json, "headers"), j, v)
			wants_add(&headers, json_string_value(v) ?: "");
		json_object_foreach (json_object_get(m->groups[i].json, "structs"), key, v) {
			wants_add(&types, json_string_value(json_object_get(v, "type")));
			json_object_foreach (json_object_get(v, "fields"), k2, f)
				wants_of_value(m, f, &types, &consts);
		}
		json_object_foreach (json_object_get(m->groups[i].json, "fixtures"), key, v)
			wants_of_fixture(v, &consts);
		json_object_foreach (json_object_get(m->groups[i].json, "calls"), key, v)
			wants_of_call(m, v, &types, &consts);
	}
	for (size_t i = 0; i < m->spec->nroutes; i++)
		wants_of_route(&m->spec->routes[i], &consts);
	*req = (struct types_request){.headers = headers.a,
				      .nheaders = headers.n,
				      .names = types.a,
				      .nnames = types.n,
				      .consts = consts.a,
				      .nconsts = consts.n};
}

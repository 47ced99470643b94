// SPDX-License-Identifier: GPL-2.0
/*
 * members.c: names of calls, parameters and fields in annotations + tree => errors about those that
 * the tree doesn't have. That includes what the spec's calls don't reach: groups are shared, and
 * another spec's build isn't the place to learn that a newer kernel has renamed something.
 *
 * Parameters of calls that aren't the spec's, and may be switched off here, are read from the text
 * of their SYSCALL_DEFINEs.
 */
#include "stubs/infer.h"
#include "stubs/paste.h"
#include "stubs/unknown.h"
#include "commands/calltable.h"
#include "commands/commands.h"
#include "commands/origin.h"
#include "base/similar.h"

#include <ctype.h>
#include <stdlib.h>

static bool is_optional(json_t *annotation)
{
	return json_is_true(json_object_get(annotation, "optional"));
}

/* params: the annotations of the parameters, which say whether one may be missing. */
static int unknown_keys(struct ctx *x, json_t *a, json_t *params)
{
	const char *key;
	json_t *v;
	int r = 0;

	json_object_foreach (a, key, v)
		if (param_find(x, key) < 0 && !is_optional(json_object_get(params, key)))
			r = unknown_member(x->m, x->params ? "calls" : "structs", x->where,
					   x->params ? "params" : "fields", key, x->list, x->n);
	return r;
}

int unknown_in_call(struct ctx *x, json_t *call)
{
	json_t *test = json_object_get(call, "test"), *params = json_object_get(call, "params"), *b;
	json_t *early = json_object_get(call, "early");
	size_t i;
	int r = unknown_keys(x, params, params);

	if (unknown_keys(x, json_object_get(early, "only"), params) ||
	    unknown_keys(x, json_object_get(test, "values"), params))
		r = -1;
	/* a test's arguments are all of them, which emit_tests.c checks */
	json_array_foreach (json_object_get(test, "bases"), i, b)
		if (unknown_keys(x, json_object_get(b, "args"), params))
			r = -1;
	return r;
}

/* ---- struct variants ---- */

static int check_variant(struct marshal *m, const struct group *g, const char *name, json_t *v)
{
	const struct type *type =
		types_named(&m->types, json_string_value(json_object_get(v, "type")));
	json_t *fields = json_object_get(v, "fields");
	struct ctx x = {.m = m, .path = g->path, .where = name};
	int r;

	x.list = xcalloc(type->nfields + 1, sizeof(*x.list));
	for (size_t i = 0; i < type->nfields; i++)
		x.list[x.n++].name = type->fields[i].name;
	r = unknown_keys(&x, fields, fields);
	free(x.list);
	return r;
}

/* ---- calls of shared groups ---- */

struct tree_call {
	const char *name; /* as annotated; that of the group's JSON */
	char *program, *entry;
	const struct group *group;
	json_t *json;
	VEC(struct mval) params; /* names only */
	VEC(char *) names;
	bool defined; /* in one of the tree's files */
};

struct tree_calls {
	VEC(struct tree_call) calls;
	struct strmap names; /* all that programs say */
};

static void see_row(void *arg, const struct call_row *row)
{
	struct tree_calls *t = arg;

	strmap_add(&t->names, row->name, NULL);
	for (size_t i = 0; i < t->calls.n; i++) {
		struct tree_call *c = &t->calls.a[i];

		if (c->entry || (strcmp(c->name, row->name) && strcmp(c->name, row->entry)))
			continue;
		c->program = xstrdup(row->name);
		c->entry = xstrdup(row->entry);
	}
}

/* "name, type, param, type, param)": the parameters are the last words of every other part. */
static void take_params(struct tree_call *c, const char *text)
{
	const char *from = text;
	int depth = 0, part = 0;

	for (const char *p = text; *p; p++) {
		const char *end = p;

		depth += *p == '(';
		depth -= *p == ')';
		if (depth > 0 || (*p != ',' && depth == 0))
			continue;
		while (end > from && isspace((unsigned char)end[-1]))
			end--;
		from = end;
		while (isalnum((unsigned char)from[-1]) || from[-1] == '_')
			from--;
		if (part && part % 2 == 0)
			*vec_add(&c->names) = xstrndup(from, (size_t)(end - from));
		if (depth < 0)
			return;
		from = p + 1;
		part++;
	}
}

static void see_definition(void *arg, const char *text)
{
	struct tree_calls *t = arg;
	size_t n = strcspn(text, ",) \t\n");

	for (size_t i = 0; i < t->calls.n; i++) {
		struct tree_call *c = &t->calls.a[i];

		if (!c->entry || strlen(c->entry) != n || strncmp(c->entry, text, n))
			continue;
		c->defined = true;
		take_params(c, text);
	}
}

/* Those that the groups' files annotate and that aren't among the spec's. */
static void add_calls(struct marshal *m, struct tree_calls *t)
{
	const char *name;
	json_t *v;

	for (size_t i = 0; i < m->spec->annotations.n; i++)
		json_object_foreach (json_object_get(m->groups[i].json, "calls"), name, v)
			if (!types_call(&m->types, name) && !is_optional(v))
				*vec_add(&t->calls) = (struct tree_call){
					.name = name, .group = &m->groups[i], .json = v};
}

static int refuse_call(struct marshal *m, const struct tree_calls *t, const struct tree_call *c)
{
	char *pointer = xasprintf("/calls/%s", c->name);
	char *place = paste_place(m, c->group, pointer);
	struct similar best = {};
	struct strbuf cure = {};

	if (c->program) {
		sb_printf(&cure, "write \"%s\"", c->program);
		err(place, cure.s, "programs know this call by another name");
	} else {
		for (size_t i = 0; i < t->names.cap; i++)
			if (t->names.slots[i].key)
				similar_offer(&best, c->name, t->names.slots[i].key);
		similar_print(&best, "did you mean ", &cure);
		sb_printf(&cure, "%sif other trees have it, add \"optional\": true",
			  cure.len ? "? else, " : "correct the name; ");
		err(place, cure.s, "the tree has no system call \"%s\"", c->name);
	}
	sb_free(&cure);
	free(place);
	free(pointer);
	return -1;
}

static int check_call(struct marshal *m, const struct tree_calls *t, struct tree_call *c)
{
	struct ctx x = {.m = m, .path = c->group->path, .where = c->name, .params = true};

	if (!c->program || strcmp(c->program, c->name))
		return refuse_call(m, t, c);
	if (!c->defined)
		return 0;
	for (size_t i = 0; i < c->names.n; i++)
		vec_add(&c->params)->name = c->names.a[i];
	x.list = c->params.a;
	x.n = (unsigned)c->params.n;
	return unknown_in_call(&x, c->json);
}

static int check_calls(struct marshal *m)
{
	struct tree_calls t = {};
	struct origin o = {.tree = m->bodies.db->tree, .see = see_definition, .arg = &t};
	struct strmap entries = {};
	int r;

	add_calls(m, &t);
	r = t.calls.n ? call_table_read(o.tree, see_row, &t) : 0;
	for (size_t i = 0; i < t.calls.n; i++)
		if (t.calls.a[i].entry)
			strmap_add(&entries, t.calls.a[i].entry, NULL);
	if (entries.n)
		origin_find(&o, &entries);
	for (size_t i = 0; i < t.calls.n && t.names.n; i++)
		if (check_call(m, &t, &t.calls.a[i]))
			r = -1;
	for (size_t i = 0; i < t.calls.n; i++) {
		struct tree_call *c = &t.calls.a[i];

		for (size_t k = 0; k < c->names.n; k++)
			free(c->names.a[k]);
		free(c->names.a);
		free(c->params.a);
		free(c->program);
		free(c->entry);
	}
	free(t.calls.a);
	strmap_free(&t.names);
	strmap_free(&entries);
	origin_free(&o);
	return r;
}

int unknown_in_groups(struct marshal *m)
{
	const char *name;
	json_t *v;
	int r = check_calls(m);

	for (size_t i = 0; i < m->ngroups; i++)
		json_object_foreach (json_object_get(m->groups[i].json, "structs"), name, v)
			if (check_variant(m, &m->groups[i], name, v))
				r = -1;
	return r;
}

// SPDX-License-Identifier: GPL-2.0
/* compare.c: two slices of one spec => JSON, and that as text. See compare.h. */
#include "report/compare.h"
#include "closure/sizes.h"
#include <stdlib.h>

/* ---- functions ---- */

struct function_set {
	const struct graph *g, *other;
	struct strmap keys, names; /* of the other side; names: => 1 + def_id */
	json_t *list, *moved;
	bool gathering;
};

static json_t *function_json(const struct graph *g, uint32_t id)
{
	return json_pack("{s:s,s:s,s:i}", "name", graph_name(g, id), "file", graph_file(g, id),
			 "line", (int)graph_def(g, id)->line);
}

static void gather_function(void *arg, uint32_t id)
{
	struct function_set *s = arg;

	strmap_add(&s->keys, fact_str(graph_facts(s->other, id), graph_def(s->other, id)->key),
		   NULL);
	*strmap_add(&s->names, graph_name(s->other, id), NULL) = id + 1;
}

/* Static functions have their file in the key: one of the same name elsewhere has moved. */
static void list_function(void *arg, uint32_t id)
{
	struct function_set *s = arg;
	const char *key = fact_str(graph_facts(s->g, id), graph_def(s->g, id)->key);
	uint64_t *same = strmap_get(&s->names, graph_name(s->g, id));
	bool added;
	json_t *j;

	if (strmap_get(&s->keys, key))
		return;
	strmap_add(&s->keys, key, &added); /* each once */
	if (same && !s->moved)
		return;
	j = function_json(s->g, id);
	if (same)
		json_object_set_new(j, "from", json_string(graph_file(s->other, *same - 1)));
	json_array_append_new(same ? s->moved : s->list, j);
}

/* Functions of g that the other slice doesn't have; moved ones to `moved`, if that isn't NULL. */
static json_t *list_only_in(const struct graph *g, const struct graph *other, json_t *moved)
{
	struct function_set s = {.g = g, .other = other, .list = json_array(), .moved = moved};

	each_kept_function(other, gather_function, &s);
	each_kept_function(g, list_function, &s);
	strmap_free(&s.keys);
	strmap_free(&s.names);
	return s.list;
}

static void count_function(void *arg, uint32_t id)
{
	++*(json_int_t *)arg;
}

static json_t *count_json(const struct graph *g)
{
	json_int_t n = 0;

	each_kept_function(g, count_function, &n);
	return json_integer(n);
}

/* A tree and the slice of it. */
static json_t *side_json(const struct graph *g)
{
	struct sizes s;
	json_t *j;

	sizes_count(&s, g);
	j = json_pack("{s:s,s:o,s:I,s:I}", "tree", g->db->tree, "functions", count_json(g), "kept",
		      (json_int_t)s.kept.functions, "whole", (json_int_t)s.whole.functions);
	sizes_free(&s);
	return j;
}

/* ---- cuts ---- */

/* Does cut i match, or one of its alternatives? */
static bool entry_matches(const struct spec *spec, size_t i)
{
	const struct spec_cut *c = &spec->cuts[i];
	bool matched = c->matched;

	for (size_t k = c->entry; c->any && !matched && k < spec->ncuts; k++)
		matched = spec->cuts[k].entry == c->entry && spec->cuts[k].matched;
	return matched;
}

/* Cuts of one spec, in the same order on both sides. */
static json_t *cuts_only_in(const struct spec *a, const struct spec *b)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->ncuts && i < b->ncuts; i++) {
		const struct spec_cut *c = &a->cuts[i];

		if (c->matched && !entry_matches(b, i))
			json_array_append_new(list, json_pack("{s:s,s:s,s:s?}", "kind",
							      cut_kind_name(c->kind), "symbol",
							      c->symbol, "group", c->group));
	}
	return list;
}

/* ---- calls ---- */

static json_t *call_named(const json_t *summary, const char *name)
{
	json_t *c;
	size_t i;

	json_array_foreach (json_object_get(summary, "calls"), i, c)
		if (!strcmp(json_string_value(json_object_get(c, "name")) ?: "", name))
			return c;
	return NULL;
}

static json_t *compare_call(json_t *old, json_t *new)
{
	static const char *const keys[] = {"nr", "types", "params", "route"};
	json_t *what = json_array();

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		json_t *a = json_object_get(old, keys[i]), *b = json_object_get(new, keys[i]);
		char *sa, *sb;

		if (json_equal(a, b))
			continue;
		sa = json_dumps(a, JSON_ENCODE_ANY);
		sb = json_dumps(b, JSON_ENCODE_ANY);
		json_array_append_new(
			what, json_sprintf("%s: %s, now %s", keys[i], sa ?: "none", sb ?: "none"));
		free(sa);
		free(sb);
	}
	return what;
}

static void add_call(json_t *calls, const char *name, const char *is, json_t *what)
{
	json_array_append_new(calls,
			      json_pack("{s:s,s:s,s:o}", "name", name, "is", is, "what", what));
}

/* null: the stubs of a side couldn't be made. */
static json_t *compare_calls(const char *from, const char *to)
{
	json_t *old = from ? json_loads(from, 0, NULL) : NULL;
	json_t *new = to ? json_loads(to, 0, NULL) : NULL;
	json_t *calls = old && new ? json_array() : json_null(), *c;
	size_t i;

	json_array_foreach (json_object_get(new ? old : NULL, "calls"), i, c) {
		const char *name = json_string_value(json_object_get(c, "name")) ?: "";
		json_t *now = call_named(new, name);
		json_t *what = now ? compare_call(c, now) : json_array();

		if (!now || json_array_size(what))
			add_call(calls, name, now ? "changed" : "gone", what);
		else
			json_decref(what);
	}
	json_array_foreach (json_object_get(old ? new : NULL, "calls"), i, c) {
		const char *name = json_string_value(json_object_get(c, "name")) ?: "";

		if (!call_named(old, name))
			add_call(calls, name, "new", json_array());
	}
	json_decref(old);
	json_decref(new);
	return calls;
}

/* The text of wire.h from a structure's name to the empty line behind its assertions. */
static char *wire_struct(const char *wire, const char *name)
{
	char *head = xasprintf("\nstruct sd_w_%s {", name);
	const char *at = wire ? strstr(wire, head) : NULL,
		   *end = at ? strstr(at + 1, "\n\n") : NULL;

	free(head);
	return at ? xstrndup(at, end ? (size_t)(end - at) : strlen(at)) : NULL;
}

static json_t *compare_structs(const char *from, const char *to)
{
	static const char begin[] = "\nstruct sd_w_";
	json_t *list = json_array();

	for (const char *s = from; s && (s = strstr(s, begin));) {
		char *name, *a, *b;

		s += sizeof(begin) - 1;
		name = xstrndup(s, strcspn(s, " {;"));
		a = wire_struct(from, name);
		b = wire_struct(to, name);
		if (a && (!b || strcmp(a, b)))
			json_array_append_new(list, json_string(name));
		free(name);
		free(a);
		free(b);
	}
	return list;
}

json_t *compare_slices(const struct compare_side *from, const struct compare_side *to)
{
	const struct graph *a = from->graph, *b = to->graph;
	json_t *moved = json_array(), *fresh = list_only_in(b, a, moved);

	return json_pack("{s:o,s:o,s:o,s:o,s:{s:o,s:o,s:o},s:{s:o,s:o},s:o}", "from", side_json(a),
			 "to", side_json(b), "calls", compare_calls(from->summary, to->summary),
			 "structs", compare_structs(from->wire, to->wire), "functions", "new",
			 fresh, "gone", list_only_in(a, b, NULL), "moved", moved, "cuts", "gone",
			 cuts_only_in(a->spec, b->spec), "new", cuts_only_in(b->spec, a->spec),
			 "changed", compare_texts(a, b));
}

/* ---- text ---- */

static const char *get(const json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key)) ?: "";
}

static void print_functions(FILE *out, const char *what, const json_t *list)
{
	json_t *f;
	size_t i;

	fprintf(out, "\n%s: %zu\n", what, json_array_size(list));
	json_array_foreach (list, i, f)
		fprintf(out, "  %-40s %s:%lld%s%s\n", get(f, "name"), get(f, "file"),
			(long long)json_integer_value(json_object_get(f, "line")),
			*get(f, "from") ? ", from " : "", get(f, "from"));
}

static void print_texts(FILE *out, const json_t *list)
{
	json_t *s;
	size_t i;

	json_array_foreach (list, i, s)
		fprintf(out, "%s%s", i ? ", " : "", json_string_value(s));
	fprintf(out, "\n");
}

static void print_calls(FILE *out, const json_t *result)
{
	json_t *calls = json_object_get(result, "calls"), *c;
	json_t *structs = json_object_get(result, "structs");
	size_t i;

	if (json_is_null(calls))
		fprintf(out, "\nCalls: not compared, since a tree's stubs can't be made\n");
	else
		fprintf(out, "\nCalls whose wire or directions changed: %zu\n",
			json_array_size(calls));
	json_array_foreach (calls, i, c) {
		fprintf(out, "  %-20s %s ", get(c, "name"), get(c, "is"));
		print_texts(out, json_object_get(c, "what"));
	}
	if (json_array_size(structs)) {
		fprintf(out, "Structures whose layout on the wire changed: ");
		print_texts(out, structs);
	}
}

static void print_cuts(FILE *out, const char *what, const json_t *list)
{
	json_t *c;
	size_t i;

	fprintf(out, "\n%s: %zu\n", what, json_array_size(list));
	json_array_foreach (list, i, c)
		fprintf(out, "  %-8s %-40s %s\n", get(c, "kind"), get(c, "symbol"),
			*get(c, "group") ? get(c, "group") : "of the spec itself");
}

static void print_changed(FILE *out, const json_t *list)
{
	json_t *f;
	size_t i;

	fprintf(out, "\nChanged functions, by their text or what it depends on: %zu\n",
		json_array_size(list));
	json_array_foreach (list, i, f) {
		fprintf(out, "  %-40s %s:%lld  ", get(f, "name"), get(f, "file"),
			(long long)json_integer_value(json_object_get(f, "line")));
		print_texts(out, json_object_get(f, "because"));
	}
}

double compare_share(const json_t *side)
{
	double whole = json_number_value(json_object_get(side, "whole"));

	return whole ? 100 * json_number_value(json_object_get(side, "kept")) / whole : 0;
}

static void print_side(FILE *out, const json_t *result, const char *side)
{
	const json_t *s = json_object_get(result, side);

	fprintf(out,
		"%-5s %s: %lld functions, and those of headers: %.1f%% of the configuration's\n",
		side, get(s, "tree"),
		(long long)json_integer_value(json_object_get(s, "functions")), compare_share(s));
}

void compare_print(const json_t *result, FILE *out)
{
	const json_t *functions = json_object_get(result, "functions");
	const json_t *cuts = json_object_get(result, "cuts");

	print_side(out, result, "from");
	print_side(out, result, "to");
	print_calls(out, result);
	print_cuts(out, "Cuts that match nothing any more", json_object_get(cuts, "gone"));
	print_cuts(out, "Cuts that match only now", json_object_get(cuts, "new"));
	print_functions(out, "Functions that are new in the slice",
			json_object_get(functions, "new"));
	print_functions(out, "Functions that are gone", json_object_get(functions, "gone"));
	print_functions(out, "Functions that moved", json_object_get(functions, "moved"));
	print_changed(out, json_object_get(result, "changed"));
}

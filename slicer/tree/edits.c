// SPDX-License-Identifier: GPL-2.0
/* edits.c: the emitter's edits => edits.json. See edits.h. */
#include "tree/edits.h"

#include <stdio.h>
#include <stdlib.h>

typedef VEC(uint32_t) def_ids;

struct edit_list {
	const struct graph *g;
	struct strmap files; /* path => 1 + index of its definitions */
	VEC(def_ids) defs;
	json_t *json;
};

/* Definitions of live units and of headers, by their file. */
struct edit_list *edit_list_new(const struct graph *g)
{
	struct edit_list *l = xcalloc(1, sizeof(*l));

	l->g = g;
	l->json = json_object();
	for (uint32_t def_id = 0; def_id < g->ndefs; def_id++) {
		uint64_t *at;

		if (g->tu_of[def_id] < g->db->ntus && !g->live[g->tu_of[def_id]])
			continue;
		at = strmap_add(&l->files, graph_file(g, def_id), NULL);
		if (!*at) {
			vec_add(&l->defs);
			*at = l->defs.n;
		}
		*vec_add(&l->defs.a[*at - 1]) = def_id;
	}
	return l;
}

void edit_list_free(struct edit_list *l)
{
	for (size_t i = 0; i < l->defs.n; i++)
		free(l->defs.a[i].a);
	free(l->defs.a);
	strmap_free(&l->files);
	json_decref(l->json);
	free(l);
}

static const char *edit_kind_name(enum edit_kind kind)
{
	switch (kind) {
	case EDIT_DEF:
		return "definition";
	case EDIT_TYPE:
		return "type";
	case EDIT_ELEMENT:
		return "element";
	case EDIT_STMT:
		return "statement";
	case EDIT_BODY:
		return "body";
	default:
		return "put";
	}
}

static void add_name(json_t *edit, const char *key, const char *name)
{
	json_t *list = json_object_get(edit, key), *old;
	size_t i;

	if (!list)
		json_object_set_new(edit, key, list = json_array());
	json_array_foreach (list, i, old)
		if (!strcmp(json_string_value(old), name))
			return;
	json_array_append_new(list, json_string(name));
}

static bool element_is_dead(const struct graph *g, uint32_t def_id, uint32_t element)
{
	return !closure_element_live(g, def_id, element);
}

/* What a variable's initialiser refers to in [beg,end), in elements that are dead. */
static void add_dead(const struct graph *g, uint32_t def_id, const struct edit *e, json_t *edit)
{
	const struct facts *f = graph_facts(g, def_id);
	const struct fact_def *d = graph_def(g, def_id);
	json_t *dead = json_object_get(edit, "dead");

	if (d->kind != DEF_VAR)
		return;
	if (!dead)
		json_object_set_new(edit, "dead", dead = json_object());
	for (uint32_t i = d->ref0; i < d->ref0 + d->nref; i++) {
		const struct fact_ref *r = &f->refs[i];

		if (r->off < e->beg || r->off >= e->end || !r->element ||
		    !element_is_dead(g, def_id, r->element - 1))
			continue;
		add_name(dead, graph_name(g, def_id), key_name(fact_str(f, r->key)));
		json_object_set_new(edit, "field",
				    json_string(fact_str(f, f->elements[r->element - 1].field)));
	}
}

static void add_cut(const struct graph *g, uint32_t def_id, const struct edit *e, json_t *edit)
{
	const struct dropping *drop;
	const char *symbol = NULL;
	size_t n;

	if (e->kind == EDIT_BODY && g->body_cut[def_id])
		symbol = g->spec->cuts[g->body_cut[def_id] - 1].symbol;
	drop = drops_of(g, def_id, &n);
	for (size_t i = 0; i < n && !symbol; i++)
		if (drop[i].beg == e->beg && drop[i].end == e->end)
			symbol = g->spec->cuts[drop[i].cut].symbol;
	if (symbol)
		json_object_set_new(edit, "cut", json_string(symbol));
}

/* The whole unit goes because of a cut: an initcall whose function is dropped. */
static void add_unit_cut(const struct graph *g, uint32_t def_id, json_t *edit)
{
	const struct facts *f = graph_facts(g, def_id);
	const struct fact_def *d = graph_def(g, def_id);

	if (g->units.a[g->unit_of[def_id]].dropped && d->nref)
		json_object_set_new(edit, "cut",
				    json_string(key_name(fact_str(f, f->refs[d->ref0].key))));
}

static void add_definition(const struct graph *g, uint32_t def_id, const struct edit *e,
			   json_t *edit)
{
	const struct fact_def *d = graph_def(g, def_id);

	if (e->kind == EDIT_DEF || e->kind == EDIT_TYPE) {
		if (d->beg < e->beg || d->end > e->end)
			return;
		if (*graph_name(g, def_id))
			add_name(edit, "names", graph_name(g, def_id));
		add_unit_cut(g, def_id, edit);
	} else if (d->beg <= e->beg && e->end <= d->end && d->kind != DEF_PROTO) {
		if (*graph_name(g, def_id))
			add_name(edit, "in", graph_name(g, def_id));
		add_dead(g, def_id, e, edit);
		add_cut(g, def_id, e, edit);
	}
}

static uint32_t line_of(const char *text, uint32_t at)
{
	uint32_t line = 1;

	for (const char *s = text; (s = memchr(s, '\n', text + at - s)); s++)
		line++;
	return line;
}

void edit_list_add(struct edit_list *l, const char *path, const char *text, size_t len,
		   const struct edits *edits)
{
	uint64_t *at = strmap_get(&l->files, path);
	json_t *list = json_array();

	for (size_t i = 0; i < edits->v.n; i++) {
		const struct edit *e = &edits->v.a[i];
		json_t *edit = json_pack("{s:s,s:i,s:i,s:i}", "kind", edit_kind_name(e->kind),
					 "line", (int)line_of(text, e->beg <= len ? e->beg : len),
					 "beg", (int)e->beg, "end", (int)e->end);

		for (size_t k = 0; at && k < l->defs.a[*at - 1].n; k++)
			add_definition(l->g, l->defs.a[*at - 1].a[k], e, edit);
		if (e->text)
			json_object_set_new(edit, "text", json_string(e->text));
		json_array_append_new(list, edit);
	}
	if (json_array_size(list))
		json_object_set(l->json, path, list);
	json_decref(list);
}

int edit_list_write(const struct edit_list *l, const char *outdir)
{
	char *path = xasprintf("%s/" EDITS_FILE, outdir);
	char *text = json_dumps(l->json, JSON_INDENT(1) | JSON_SORT_KEYS);
	int r = write_file_if_changed(path, text, strlen(text));

	free(text);
	free(path);
	return r;
}

// SPDX-License-Identifier: GPL-2.0
/* graph.c: facts of all units => nodes by symbol, units of removal. See graph.h. */
#include "closure/graph.h"
#include "base/arch.h"
#include <stdlib.h>

const char *key_name(const char *key)
{
	const char *colon = strrchr(key, ':');

	return colon ? colon + 1 : key;
}

uint32_t graph_node(const struct graph *g, const char *key)
{
	uint64_t *v = strmap_get(&g->node_index, key);

	return v ? (uint32_t)(*v - 1) : NONE;
}

const char *graph_file(const struct graph *g, uint32_t def_id)
{
	const struct facts *f = graph_facts(g, def_id);

	return fact_str(f, f->files[graph_def(g, def_id)->file].path);
}

const char *graph_name(const struct graph *g, uint32_t def_id)
{
	return fact_str(graph_facts(g, def_id), graph_def(g, def_id)->name);
}

bool graph_is_runtime(const struct graph *g, uint32_t tu)
{
	const char *arch = arch_name(), *s;

	if (tu >= g->db->ntus)
		return false;
	s = g->db->tus[tu].source;
	return starts_with(s, "arch/") && starts_with(s + 5, arch) && s[5 + strlen(arch)] == '/';
}

/* Only definitions that can be reached by name are in a node's list. */
static bool is_named_def(const struct fact_def *d)
{
	return (d->kind == DEF_FUNC || d->kind == DEF_VAR || d->kind == DEF_ASM) &&
	       !(d->flags & DEF_EXPORT);
}

static uint32_t node_id_for(struct graph *g, const char *key)
{
	bool added;
	uint64_t *v = strmap_add(&g->node_index, key, &added);

	if (added) {
		struct node *n = vec_add(&g->nodes);

		n->key = key;
		n->first = NONE;
		*v = g->nodes.n;
	}
	return (uint32_t)(*v - 1);
}

void graph_link_def(struct graph *g, uint32_t def_id)
{
	struct node *n = &g->nodes.a[g->node_of[def_id]];

	g->next[def_id] = n->first;
	n->first = def_id;
}

static void link_defs_to_nodes(struct graph *g)
{
	for (uint32_t tu = 0; tu < g->ntu; tu++) {
		const struct facts *f = &g->facts[tu];

		for (uint32_t i = 0; i < f->ndefs; i++) {
			const struct fact_def *d = &f->defs[i];
			uint32_t def_id = g->base[tu] + i, n;

			g->tu_of[def_id] = tu;
			g->node_of[def_id] = g->next[def_id] = NONE;
			if (!d->key)
				continue;
			n = g->node_of[def_id] = node_id_for(g, fact_str(f, d->key));
			if (!is_named_def(d))
				continue;
			graph_link_def(g, def_id);
			if (!(d->flags & DEF_WEAK))
				g->nodes.a[n].strong = true;
		}
	}
}

static const struct facts *sort_facts;

static int compare_places(const void *pa, const void *pb)
{
	const struct fact_def *a = &sort_facts->defs[*(const uint32_t *)pa];
	const struct fact_def *b = &sort_facts->defs[*(const uint32_t *)pb];

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->beg != b->beg)
		return a->beg < b->beg ? -1 : 1;
	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return 0;
}

static void make_units_of_tu(struct graph *g, uint32_t tu)
{
	const struct facts *f = &g->facts[tu];
	uint32_t *order = g->unit_defs + g->base[tu];
	struct unit *u = NULL;

	for (uint32_t i = 0; i < f->ndefs; i++)
		order[i] = i;
	sort_facts = f;
	qsort(order, f->ndefs, sizeof(*order), compare_places);
	for (uint32_t i = 0; i < f->ndefs; i++) {
		const struct fact_def *d = &f->defs[order[i]];

		if (!i || compare_places(&order[i - 1], &order[i])) {
			u = vec_add(&g->units);
			*u = (struct unit){.tu = tu,
					   .file = d->file,
					   .beg = d->beg,
					   .end = d->end,
					   .first = g->base[tu] + i};
		}
		u->n++;
		u->pinned |= def_is_pinning(f, d);
		g->unit_of[g->base[tu] + order[i]] = g->units.n - 1;
	}
	for (uint32_t i = 0; i < f->ndefs; i++)
		order[i] += g->base[tu];
}

int graph_make(struct graph *g, const struct compdb *db, const struct facts *facts,
	       struct spec *spec)
{
	memset(g, 0, sizeof(*g));
	g->db = db;
	g->facts = facts;
	g->spec = spec;
	g->ntu = db->ntus + 1;
	if (g->ntu > UINT16_MAX)
		return err(db->tree, "slice a smaller configuration",
			   "more than 65534 translation units");
	g->base = xcalloc(g->ntu + 1, sizeof(*g->base));
	for (uint32_t tu = 0; tu < g->ntu; tu++)
		g->base[tu + 1] = g->base[tu] + facts[tu].ndefs;
	g->ndefs = g->base[g->ntu];
	g->node_of = xcalloc(g->ndefs + 1, sizeof(uint32_t));
	g->next = xcalloc(g->ndefs + 1, sizeof(uint32_t));
	g->unit_of = xcalloc(g->ndefs + 1, sizeof(uint32_t));
	g->unit_defs = xcalloc(g->ndefs + 1, sizeof(uint32_t));
	g->tu_of = xcalloc(g->ndefs + 1, sizeof(*g->tu_of));
	g->kept = xcalloc(g->ndefs + 1, 1);
	g->open = xcalloc(g->ndefs + 1, sizeof(bool));
	g->body_cut = xcalloc(g->ndefs + 1, sizeof(uint32_t));
	g->live = xcalloc(g->ntu, sizeof(bool));
	link_defs_to_nodes(g);
	for (uint32_t tu = 0; tu < g->ntu; tu++)
		make_units_of_tu(g, tu);
	pin_types(g);
	texts_link(g);
	return 0;
}

void graph_free(struct graph *g)
{
	for (size_t i = 0; i < g->fields.n; i++)
		free(g->fields.a[i].waiters.a);
	for (size_t i = 0; i < g->records.n; i++)
		free(g->records.a[i].fields.a);
	free(g->base);
	free(g->node_of);
	free(g->next);
	free(g->unit_of);
	free(g->unit_defs);
	free(g->tu_of);
	free(g->kept);
	free(g->open);
	free(g->body_cut);
	free(g->live);
	free(g->nodes.a);
	free(g->units.a);
	free(g->drops.a);
	free(g->fields.a);
	free(g->records.a);
	free(g->queue.a);
	free(g->edges.a);
	for (size_t i = 0; i < g->reasons.n; i++)
		free(g->reasons.a[i]);
	for (size_t i = 0; i < g->notes.n; i++)
		free(g->notes.a[i]);
	for (size_t i = 0; i < g->answers.n; i++)
		free(g->answers.a[i]);
	free(g->answers.a);
	free(g->reasons.a);
	free(g->notes.a);
	free(g->newly_live.a);
	strmap_free(&g->node_index);
	strmap_free(&g->field_index);
	strmap_free(&g->record_index);
	memset(g, 0, sizeof(*g));
}

char *graph_text(const struct graph *g, uint32_t def_id, size_t *len)
{
	const char *file = graph_file(g, def_id);
	char *path, *text;

	if (starts_with(file, "obj:"))
		path = xasprintf("%s/%s", g->db->objdir, file + 4);
	else
		path = *file == '/' ? xstrdup(file) : xasprintf("%s/%s", g->db->overlay, file);
	text = read_file(path, len);
	free(path);
	return text;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * heavy.c: model => what would go if one unit went: its dominator tree, weighed with bytes of code.
 *
 * Nodes: 0 is the root of all, then the units, then one for each source file, since any unit of a
 * file keeps the file's initcalls and parameters. A node is held alone by another if each way from
 * the root leads through that one. (Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm.)
 *
 * A table's element is there because of the table and of the code that reads its field; only the
 * first is an edge. So what a reader holds is a lower bound.
 */
#include "report/model.h"
#include "closure/sizes.h"
#include <stdlib.h>

struct flow {
	struct model *m;
	uint32_t n;		     /* nodes */
	VEC(struct unit_edge) edges; /* by node */
	uint32_t *first, *to;	     /* successors of node i: to[first[i]..first[i + 1]) */
	uint32_t *pfirst, *pred;     /* predecessors, the same way */
	uint32_t *order, *rank, len; /* postorder of what is reachable; rank: 1 + place in it */
	struct strmap files;	     /* path => node */
};

static uint32_t unit_node(uint32_t unit)
{
	return unit + 1;
}

static void flow_edge(struct flow *f, uint32_t from, uint32_t to)
{
	*vec_add(&f->edges) = (struct unit_edge){from, to};
}

static uint32_t file_node(struct flow *f, const char *path)
{
	bool added;
	uint64_t *v = strmap_add(&f->files, path, &added);

	if (added)
		*v = f->n++;
	return (uint32_t)*v;
}

/* The edge that first reached it stands in for those that the closure doesn't follow as references:
 * parts of one declaration, files that assembler names. */
static void add_first_edges(struct flow *f, const bool *referred)
{
	struct model *m = f->m;

	for (uint32_t i = 0; i < m->units.n; i++) {
		const struct munit *u = &m->units.a[i];
		bool live = starts_with(u->edge, "its file is live");

		if (!munit_is_header(u))
			flow_edge(f, unit_node(i), file_node(f, u->file));
		if (live)
			flow_edge(f, file_node(f, u->file), unit_node(i));
		else if (u->from == NO_UNIT)
			flow_edge(f, 0, unit_node(i));
		else if (!referred[i])
			flow_edge(f, unit_node(u->from), unit_node(i));
		/* a .c file that another includes lives with it */
		if (live && u->from != NO_UNIT)
			flow_edge(f, unit_node(u->from), file_node(f, u->file));
	}
}

/* Groups the edges by one end: those of node i are at first[i]..first[i + 1] of the result. */
static uint32_t *group_edges(const struct flow *f, bool forward, uint32_t **first)
{
	uint32_t *at = xcalloc(f->n + 2, sizeof(*at)), *out = xcalloc(f->edges.n + 1, sizeof(*out));

	for (size_t i = 0; i < f->edges.n; i++)
		at[(forward ? f->edges.a[i].from : f->edges.a[i].to) + 2]++;
	for (uint32_t i = 2; i < f->n + 2; i++)
		at[i] += at[i - 1];
	for (size_t i = 0; i < f->edges.n; i++) {
		const struct unit_edge *e = &f->edges.a[i];

		out[at[(forward ? e->from : e->to) + 1]++] = forward ? e->to : e->from;
	}
	*first = at;
	return out;
}

static void flow_make(struct flow *f, struct model *m)
{
	bool *referred = xcalloc(m->units.n + 1, sizeof(*referred));

	*f = (struct flow){.m = m, .n = m->units.n + 1};
	for (size_t i = 0; i < m->edges.n; i++) {
		referred[m->edges.a[i].to] = true;
		flow_edge(f, unit_node(m->edges.a[i].from), unit_node(m->edges.a[i].to));
	}
	add_first_edges(f, referred);
	free(referred);
	f->to = group_edges(f, true, &f->first);
	f->pred = group_edges(f, false, &f->pfirst);
}

/* Depth first, without recursion: chains are long. */
static void flow_number(struct flow *f)
{
	uint32_t *stack = xcalloc(f->n + 1, sizeof(*stack)),
		 *next = xcalloc(f->n + 1, sizeof(*next));
	bool *seen = xcalloc(f->n + 1, sizeof(*seen));
	uint32_t depth = 1;

	f->order = xcalloc(f->n + 1, sizeof(*f->order));
	f->rank = xcalloc(f->n + 1, sizeof(*f->rank));
	seen[0] = true;
	while (depth) {
		uint32_t node = stack[depth - 1], i = f->first[node] + next[node]++;

		if (i >= f->first[node + 1]) {
			f->order[f->len++] = node;
			f->rank[node] = f->len;
			depth--;
		} else if (!seen[f->to[i]]) {
			seen[f->to[i]] = true;
			stack[depth++] = f->to[i];
		}
	}
	free(seen);
	free(next);
	free(stack);
}

static uint32_t common_dominator(const struct flow *f, const uint32_t *idom, uint32_t a, uint32_t b)
{
	while (a != b) {
		while (f->rank[a] < f->rank[b])
			a = idom[a];
		while (f->rank[b] < f->rank[a])
			b = idom[b];
	}
	return a;
}

static uint32_t *flow_dominators(const struct flow *f)
{
	uint32_t *idom = xcalloc(f->n + 1, sizeof(*idom));
	bool changed = true;

	memset(idom, 0xff, (f->n + 1) * sizeof(*idom));
	idom[0] = 0;
	while (changed) {
		changed = false;
		for (uint32_t k = f->len; k-- > 0;) {
			uint32_t node = f->order[k], new = NO_UNIT;

			if (!node)
				continue;
			for (uint32_t i = f->pfirst[node]; i < f->pfirst[node + 1]; i++) {
				uint32_t p = f->pred[i];

				if (idom[p] != NO_UNIT)
					new = new == NO_UNIT ? p
							     : common_dominator(f, idom, new, p);
			}
			changed |= idom[node] != new;
			idom[node] = new;
		}
	}
	return idom;
}

void model_weigh(struct model *m)
{
	uint64_t *weight;
	struct flow f;

	flow_make(&f, m);
	flow_number(&f);
	m->idom = flow_dominators(&f);
	weight = xcalloc(f.n + 1, sizeof(*weight));
	/* in postorder a node comes before its dominator */
	for (uint32_t k = 0; k < f.len; k++) {
		uint32_t node = f.order[k];
		bool unit = node && node <= m->units.n;

		weight[node] += unit ? m->units.a[node - 1].bytes : 0;
		if (unit)
			m->units.a[node - 1].held = weight[node];
		if (node)
			weight[m->idom[node]] += weight[node];
	}
	free(weight);
	free(f.edges.a);
	free(f.first);
	free(f.to);
	free(f.pfirst);
	free(f.pred);
	free(f.order);
	free(f.rank);
	strmap_free(&f.files);
}

/* The nearest unit that holds it alone; NO_UNIT: none does. */
static uint32_t holder_of(const struct model *m, uint32_t unit)
{
	uint32_t node = unit_node(unit);

	do {
		node = m->idom[node];
	} while (node != NO_UNIT && node > m->units.n);
	return node == NO_UNIT || !node ? NO_UNIT : node - 1;
}

static const struct model *sort_model;

static int compare_held(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
	uint64_t x = sort_model->units.a[a].held, y = sort_model->units.a[b].held;

	if (x != y)
		return x > y ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Nearly all that the holder holds? Then only the holder is worth a line. */
static bool is_led_to(const struct model *m, uint32_t unit)
{
	uint32_t up = holder_of(m, unit);

	return up != NO_UNIT && m->units.a[unit].held * 10 >= m->units.a[up].held * 9;
}

size_t model_heaviest(const struct model *m, size_t max, uint32_t **out)
{
	uint32_t *all = xcalloc(m->units.n + 1, sizeof(*all));
	size_t n = 0;

	for (uint32_t i = 0; i < m->units.n; i++)
		if (m->units.a[i].held && !starts_with(m->units.a[i].edge, "runtime") &&
		    !is_led_to(m, i))
			all[n++] = i;
	sort_model = m;
	qsort(all, n, sizeof(*all), compare_held);
	*out = all;
	return n < max ? n : max;
}

static bool is_held_by(const struct model *m, uint32_t unit, uint32_t by)
{
	while (unit != NO_UNIT && unit != by)
		unit = holder_of(m, unit);
	return unit == by;
}

json_t *model_held_by_dir(const struct model *m, uint32_t by)
{
	json_t *dirs = json_object();

	for (uint32_t i = 0; i < m->units.n; i++) {
		const struct munit *u = &m->units.a[i];
		char *dir;

		if (!u->bytes || !is_held_by(m, i, by))
			continue;
		dir = dir_of(u->file);
		json_object_set_new(
			dirs, dir,
			json_integer(json_integer_value(json_object_get(dirs, dir)) + u->bytes));
		free(dir);
	}
	return dirs;
}

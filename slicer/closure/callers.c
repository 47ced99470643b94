// SPDX-License-Identifier: GPL-2.0
/* callers.c: who names a definition => a path to an initcall, or to kept code. */
#include "closure/registered.h"
#include <stdlib.h>

struct callers {
	uint32_t *first, *from; /* of node n: from[first[n] .. first[n + 1]) */
	uint32_t *by;		/* per def_id: 1 + the definition that it was reached from */
};

/* Calls fn for each reference that no cut takes away. */
static void each_reference(const struct graph *g, void (*fn)(struct callers *, uint32_t, uint32_t),
			   struct callers *c)
{
	for (uint32_t def_id = 0; def_id < g->ndefs; def_id++) {
		const struct facts *f = graph_facts(g, def_id);
		const struct fact_def *d = graph_def(g, def_id);

		if (g->units.a[g->unit_of[def_id]].dropped || d->flags & DEF_EXPORT)
			continue;
		for (uint32_t i = d->ref0; i < d->ref0 + d->nref; i++) {
			uint32_t n = graph_node(g, fact_str(f, f->refs[i].key));

			if (n != NONE && !closure_is_gone(g, def_id, f->refs[i].off))
				fn(c, def_id, n);
		}
	}
}

static void reference_count(struct callers *c, uint32_t def_id, uint32_t n)
{
	(void)def_id;
	c->first[n + 1]++;
}

static void reference_put(struct callers *c, uint32_t def_id, uint32_t n)
{
	c->from[c->first[n]++] = def_id;
}

static struct callers *callers_make(const struct graph *g)
{
	struct callers *c = xcalloc(1, sizeof(*c));
	size_t n = g->nodes.n;

	c->first = xcalloc(n + 2, sizeof(*c->first));
	each_reference(g, reference_count, c);
	for (size_t i = 0; i < n; i++)
		c->first[i + 1] += c->first[i];
	c->from = xcalloc(c->first[n] + 1, sizeof(*c->from));
	each_reference(g, reference_put, c);
	memmove(c->first + 1, c->first, n * sizeof(*c->first));
	c->first[0] = 0;
	c->by = xcalloc(g->ndefs + 1, sizeof(*c->by));
	return c;
}

void callers_free(struct callers *c)
{
	if (!c)
		return;
	free(c->first);
	free(c->from);
	free(c->by);
	free(c);
}

static bool is_path_end(const struct graph *g, uint32_t d)
{
	return g->kept[d] || graph_def(g, d)->flags & DEF_INITCALL;
}

/* The definition at the path's other end; NONE: there is none. */
static uint32_t callers_search(struct callers *c, const struct graph *g, uint32_t def_id)
{
	VEC(uint32_t) queue = {0};
	uint32_t found = NONE;

	memset(c->by, 0, g->ndefs * sizeof(*c->by));
	*vec_add(&queue) = def_id;
	c->by[def_id] = def_id + 1;
	for (size_t head = 0; head < queue.n && found == NONE; head++) {
		uint32_t to = queue.a[head], n = g->node_of[to];

		if (is_path_end(g, to))
			found = to;
		for (uint32_t i = n == NONE ? 0 : c->first[n]; n != NONE && i < c->first[n + 1];
		     i++) {
			if (c->by[c->from[i]])
				continue;
			c->by[c->from[i]] = to + 1;
			*vec_add(&queue) = c->from[i];
		}
	}
	free(queue.a);
	return found;
}

size_t callers_path(struct callers **c, const struct graph *g, uint32_t def_id, uint32_t **path)
{
	VEC(uint32_t) v = {0};
	uint32_t d;

	if (!*c)
		*c = callers_make(g);
	for (d = callers_search(*c, g, def_id); d != NONE && d != def_id; d = (*c)->by[d] - 1)
		*vec_add(&v) = d;
	if (d == def_id)
		*vec_add(&v) = def_id;
	for (size_t i = 0; i < v.n / 2; i++) {
		d = v.a[i];
		v.a[i] = v.a[v.n - 1 - i];
		v.a[v.n - 1 - i] = d;
	}
	*path = v.a;
	return v.n;
}

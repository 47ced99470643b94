// SPDX-License-Identifier: GPL-2.0
/*
 * refs.c: the sharper half of the oracle. Each definition's relocations must be among the names
 * that its facts mention, or the facts of what the compiler may have inlined into it: definitions
 * of the same unit and of headers. Or its callers' in the unit: an argument that is the same
 * constant in all calls is moved into the callee.
 */
#include "refs.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

struct use {
	uint32_t node, user;
};

struct check {
	struct graph *g;
	struct oracle *o;
	uint32_t tu;
	struct strmap by_name; /* of the unit's definitions: 1 + first in chain */
	uint32_t *chain;       /* per def_id: next of the same name, 1 + def_id */
	uint32_t *seen_def, *seen_node, *seen_sym, round;
	struct strmap names; /* mentioned */
	VEC(uint32_t) queue;
	struct use *uses; /* who refers to whom in the unit and headers, by node */
	size_t nuses, uses_cap, nown;
	uint32_t *seen_user;
	size_t checked, missing;
	struct strmap *whitelist;
};

static void see_def(struct check *c, uint32_t d)
{
	if (c->seen_def[d] == c->round)
		return;
	c->seen_def[d] = c->round;
	*vec_add(&c->queue) = d;
}

/* A name the facts mention, and its definitions here and in headers. */
static void see_key(struct check *c, const char *key, bool mention)
{
	uint32_t n = graph_node(c->g, key);

	if (mention)
		strmap_add(&c->names, without_counter(key_name(key)), NULL);
	if (n == NONE || c->seen_node[n] == c->round)
		return;
	c->seen_node[n] = c->round;
	for (uint32_t d = c->g->nodes.a[n].first; d != NONE; d = c->g->next[d])
		if (c->g->tu_of[d] == c->tu || c->g->tu_of[d] == c->g->db->ntus)
			see_def(c, d);
}

static int by_node(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	return x->node < y->node ? -1 : x->node > y->node;
}

/* The users of a name, and theirs: where a constant argument may come from. */
static void see_users(struct check *c, uint32_t def, int depth)
{
	uint32_t node = c->g->node_of[def];
	size_t lo = 0, hi = c->nuses;

	if (node == NONE || c->seen_user[def] == c->round || depth > 6)
		return;
	c->seen_user[def] = c->round;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c->uses[mid].node < node)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < c->nuses && c->uses[lo].node == node; lo++) {
		see_def(c, c->uses[lo].user);
		see_users(c, c->uses[lo].user, depth + 1);
	}
}

static void index_uses(struct check *c)
{
	c->nuses = 0;
	for (uint32_t tu = c->tu;; tu = c->g->db->ntus) {
		for (uint32_t d = c->g->base[tu]; d < c->g->base[tu + 1]; d++) {
			const struct fact_def *def = graph_def(c->g, d);
			const struct facts *f = graph_facts(c->g, d);

			for (uint32_t r = def->ref0; r < def->ref0 + def->nref; r++) {
				uint32_t n = graph_node(c->g, fact_str(f, f->refs[r].key));

				if (n == NONE)
					continue;
				c->uses = vec_grow(c->uses, c->nuses + 1, &c->uses_cap,
						   sizeof(*c->uses));
				c->uses[c->nuses++] = (struct use){n, d};
			}
		}
		if (tu == c->g->db->ntus)
			break;
	}
	qsort(c->uses, c->nuses, sizeof(*c->uses), by_node);
}

/* All names that the queued definitions and what they take in mention; values: not what they only
 * call. */
static void expand(struct check *c, size_t from, bool values)
{
	for (size_t i = from; i < c->queue.n; i++) {
		uint32_t d = c->queue.a[i];
		const struct fact_def *def = graph_def(c->g, d);
		const struct facts *f = graph_facts(c->g, d);

		/* its own name: it may hand out its static variables */
		strmap_add(&c->names, without_counter(graph_name(c->g, d)), NULL);
		for (uint32_t r = def->ref0; r < def->ref0 + def->nref; r++)
			see_key(c, fact_str(f, f->refs[r].key),
				!values || f->refs[r].kind != REF_CALL);
	}
}

static void collect_names(struct check *c, const char *symbol)
{
	uint64_t *at = strmap_get(&c->by_name, symbol);

	c->round++;
	c->queue.n = 0;
	strmap_free(&c->names);
	for (uint32_t d = at ? *at : 0; d; d = c->chain[d - 1])
		see_def(c, d - 1);
	c->nown = c->queue.n;
	expand(c, 0, false);
}

static void report_missing(struct check *c, const struct osym *from, const char *name)
{
	uint64_t *listed = strmap_get(c->whitelist, name);

	if (listed) {
		++*listed;
		return;
	}
	c->missing++;
	printf("no fact: %s refers to %s (%s)\n", from->name, name, c->g->db->tus[c->tu].source);
}

/* The expensive question, asked only of the few that are left. */
static bool callers_mention(struct check *c, const char *name)
{
	size_t n = c->queue.n;

	if (!c->nuses)
		index_uses(c);
	for (size_t i = 0; i < n; i++)
		if (i < c->nown || c->g->tu_of[c->queue.a[i]] == c->tu)
			see_users(c, c->queue.a[i], 0);
	expand(c, n, true);
	return strmap_get(&c->names, name);
}

/* Targets of a symbol; literals and jump tables in between are followed. */
static void check_targets(struct check *c, const struct osym *from, uint32_t sym)
{
	if (c->seen_sym[sym] == c->round)
		return;
	c->seen_sym[sym] = c->round;
	for (size_t i = 0; i < c->o->syms.a[sym].targets.n; i++) {
		uint32_t t = c->o->syms.a[sym].targets.a[i];
		const struct osym *to = &c->o->syms.a[t];
		char *name;

		name = osym_is_section(c->o, t) ? NULL : source_name(to);
		if (!name) {
			check_targets(c, from, t);
			continue;
		}
		c->checked++;
		if (!strmap_get(&c->names, name) && !callers_mention(c, name))
			report_missing(c, from, name);
		free(name);
	}
}

static void index_unit(struct check *c)
{
	strmap_free(&c->by_name);
	for (uint32_t tu = c->tu;; tu = c->g->db->ntus) {
		for (uint32_t d = c->g->base[tu]; d < c->g->base[tu + 1]; d++) {
			const char *keyname =
				key_name(fact_str(graph_facts(c->g, d), graph_def(c->g, d)->key));
			uint64_t *at = strmap_add(&c->by_name, without_counter(keyname), NULL);

			c->chain[d] = *at;
			*at = d + 1;
		}
		if (tu == c->g->db->ntus)
			break;
	}
}

size_t refs_check(struct graph *g, struct oracle *o, struct strmap *whitelist, size_t *missing)
{
	struct check c = {.g = g, .o = o, .whitelist = whitelist};

	c.chain = xcalloc(g->ndefs + 1, sizeof(uint32_t));
	c.seen_def = xcalloc(g->ndefs + 1, sizeof(uint32_t));
	c.seen_user = xcalloc(g->ndefs + 1, sizeof(uint32_t));
	c.seen_node = xcalloc(g->nodes.n + 1, sizeof(uint32_t));
	c.seen_sym = xcalloc(o->syms.n + 1, sizeof(uint32_t));
	for (c.tu = 0; c.tu < g->db->ntus; c.tu++) {
		const struct object *obj = &o->objects.a[c.tu];

		if (g->db->tus[c.tu].is_asm)
			continue;
		index_unit(&c);
		c.nuses = 0;
		for (uint32_t i = obj->first + obj->nsections; i < obj->first + obj->n; i++) {
			const struct osym *s = &o->syms.a[i];
			char *name = s->section && (s->type == STT_FUNC || s->type == STT_OBJECT)
					     ? source_name(s)
					     : NULL;

			if (name) {
				collect_names(&c, name);
				check_targets(&c, s, i);
			}
			free(name);
		}
	}
	strmap_free(&c.names);
	strmap_free(&c.by_name);
	free(c.chain);
	free(c.seen_def);
	free(c.seen_node);
	free(c.seen_sym);
	free(c.seen_user);
	free(c.uses);
	free(c.queue.a);
	*missing = c.missing;
	return c.checked;
}

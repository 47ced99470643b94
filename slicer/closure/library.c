// SPDX-License-Identifier: GPL-2.0
/*
 * library.c: kept symbols + the order of linking => those whose definition the linker may choose
 * otherwise in the whole kernel than in the slice. A weak definition in the kernel proper satisfies
 * the linker; a strong one in a library replaces it only if the library's member is linked for
 * another symbol's sake. The slice links all its units, and would have the strong one.
 */
#include "closure/graph.h"

struct choice {
	uint32_t weak, strong; /* def_ids, NONE: there is none */
	bool settled;	       /* by a strong definition in the kernel proper */
};

static struct choice choice_of(const struct graph *g, const struct node *n)
{
	struct choice c = {.weak = NONE, .strong = NONE};

	for (uint32_t id = n->first; id != NONE; id = g->next[id]) {
		bool library = g->tu_of[id] >= g->db->nbuiltin;

		if (!(graph_def(g, id)->flags & DEF_WEAK)) {
			c.settled |= !library;
			if (library)
				c.strong = id;
		} else if (!library) {
			c.weak = id;
		}
	}
	return c;
}

int library_check(const struct graph *g)
{
	int r = 0;

	for (size_t i = 0; i < g->nodes.n; i++) {
		const struct node *n = &g->nodes.a[i];
		struct choice c;
		char *cure;

		if (!n->kept || !n->strong)
			continue;
		c = choice_of(g, n);
		if (c.settled || c.weak == NONE || c.strong == NONE)
			continue;
		cure = xasprintf("cut it, { \"replace\": \"%s\", ... }, so that there is one",
				 key_name(n->key));
		r = err(graph_file(g, c.weak), cure,
			"%s is weak here and strong in %s, which is linked from a library only if it is needed for another symbol: which of both the kernel has can't be told",
			key_name(n->key), graph_file(g, c.strong));
		free(cure);
	}
	return r;
}

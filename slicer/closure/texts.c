// SPDX-License-Identifier: GPL-2.0
/*
 * texts.c: a .c file that several translation units include is one text with several views: what
 * one of them keeps stays for all, and nothing goes that isn't dead in each.
 */
#include "closure/graph.h"
#include <inttypes.h>
#include <stdlib.h>

/* How many units have each .c file. */
static void count_files(const struct graph *g, struct strmap *counts)
{
	for (uint32_t tu = 0; tu < g->db->ntus; tu++) {
		const struct facts *f = &g->facts[tu];

		for (uint32_t i = 0; f->str && i < f->nfiles; i++)
			if (!f->files[i].header)
				++*strmap_add(counts, fact_str(f, f->files[i].path), NULL);
	}
}

/* Puts unit i into the ring of units with its text. */
static void link_unit(struct graph *g, struct strmap *texts, uint32_t i)
{
	struct unit *u = &g->units.a[i];
	const struct facts *f = &g->facts[u->tu];
	char *key = xasprintf("%s:%" PRIu32 "-%" PRIu32, fact_str(f, f->files[u->file].path),
			      u->beg, u->end);
	bool added;
	uint64_t *first = strmap_add(texts, key, &added);

	u->shared = true;
	if (added) {
		*first = i;
	} else {
		u->same = g->units.a[*first].same;
		g->units.a[*first].same = i;
	}
	free(key);
}

void texts_link(struct graph *g)
{
	struct strmap counts = {0}, texts = {0};

	count_files(g, &counts);
	for (uint32_t i = 0; i < g->units.n; i++) {
		struct unit *u = &g->units.a[i];
		const struct facts *f = &g->facts[u->tu];
		const uint64_t *n;

		u->same = i;
		if (u->tu == g->db->ntus || f->files[u->file].header)
			continue;
		n = strmap_get(&counts, fact_str(f, f->files[u->file].path));
		if (n && *n > 1)
			link_unit(g, &texts, i);
	}
	strmap_free(&texts);
	strmap_free(&counts);
}

// SPDX-License-Identifier: GPL-2.0
/* dump.c: struct graph => text. See dump.h. */
#include "closure/dump.h"

static void dump_names(const struct graph *g, const struct unit *u, FILE *out)
{
	for (uint32_t i = 0; i < u->n; i++) {
		const char *name = graph_name(g, g->unit_defs[u->first + i]);

		if (*name)
			fprintf(out, " %s", name);
	}
}

void graph_dump(const struct graph *g, FILE *out)
{
	fprintf(out, "%zu symbols, %zu pieces of %u definitions\n", g->nodes.n, g->units.n,
		g->ndefs);
	for (size_t i = 0; i < g->units.n; i++) {
		const struct unit *u = &g->units.a[i];
		uint32_t first = g->unit_defs[u->first];

		fprintf(out, "%s:%u [%u,%u)%s", graph_file(g, first), graph_def(g, first)->line,
			u->beg, u->end, u->pinned ? " pinned" : "");
		dump_names(g, u, out);
		putc('\n', out);
	}
}

static void dump_dropping(const struct graph *g, const struct dropping *d, FILE *out)
{
	const struct spec_cut *c = &g->spec->cuts[d->cut];

	fprintf(out, "drop %s: %s [%u,%u) in %s: ", c->symbol, graph_file(g, d->def_id), d->beg,
		d->end, graph_name(g, d->def_id));
	if (d->macro)
		fputs("inside a macro\n", out);
	else if (d->stmt)
		fputs("a statement\n", out);
	else
		fprintf(out, "becomes %s\n", c->value ?: "(void)0");
}

void cuts_dump(const struct graph *g, bool kept_only, FILE *out)
{
	for (size_t i = 0; i < g->drops.n; i++)
		if (!kept_only || g->kept[g->drops.a[i].def_id])
			dump_dropping(g, &g->drops.a[i], out);
	for (uint32_t id = 0; id < g->ndefs; id++) {
		const struct spec_cut *c;

		if (!g->body_cut[id] || (kept_only && !g->kept[id]))
			continue;
		c = &g->spec->cuts[g->body_cut[id] - 1];
		fprintf(out, "%s %s: body in %s:%u\n", cut_kind_name(c->kind), c->symbol,
			graph_file(g, id), graph_def(g, id)->line);
	}
	for (size_t i = 0; i < g->units.n; i++) {
		const struct unit *u = &g->units.a[i];

		if (!u->dropped || kept_only)
			continue;
		fprintf(out, "drop: the line that registers it, %s:%u:",
			graph_file(g, g->unit_defs[u->first]),
			graph_def(g, g->unit_defs[u->first])->line);
		dump_names(g, u, out);
		putc('\n', out);
	}
	for (size_t i = 0; i < g->spec->ncuts && !kept_only; i++)
		fprintf(out, "%s %s: %u hits\n", cut_kind_name(g->spec->cuts[i].kind),
			g->spec->cuts[i].symbol, g->spec->cuts[i].matched);
}

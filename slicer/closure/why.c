// SPDX-License-Identifier: GPL-2.0
/* why.c: closure => why.tsv, and why.tsv => the path to one symbol. See why.h. */
#include "closure/why.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const edge_names[] = {
	[EDGE_NONE] = "?",
	[EDGE_CALL] = "exported call",
	[EDGE_KEEP] = "\"keep\" in the spec",
	[EDGE_NAMED] = "looked up by a name in the spec",
	[EDGE_RUNTIME] = "runtime",
	[EDGE_LINKER] = "linker script or compiler",
	[EDGE_REF] = "named by",
	[EDGE_FIELD] = "through field",
	[EDGE_LIVE] = "its file is live through",
	[EDGE_UNIT] = "declared with",
	[EDGE_VALUE] = "value of a cut in",
	[EDGE_ASKED] = "by its key:",
};

/* Has the unit another definition with this name before the k-th? */
static bool unit_named_before(const struct graph *g, const struct unit *u, uint32_t k)
{
	const char *name = graph_name(g, g->unit_defs[u->first + k]);

	for (uint32_t i = 0; i < k; i++)
		if (!strcmp(graph_name(g, g->unit_defs[u->first + i]), name))
			return true;
	return false;
}

#define WHY_STEPS 8 /* of why_line() */

static uint32_t field_reader(const struct graph *g, uint32_t field)
{
	const struct field *f = &g->fields.a[field];

	return f->read ? f->reader : g->records.a[f->record].reader;
}

static void why_add_unit(struct strbuf *b, const struct graph *g, uint32_t i)
{
	const struct unit *u = &g->units.a[i];
	uint32_t first = g->unit_defs[u->first];
	size_t names = 0;

	sb_printf(b, "%u\t", i);
	for (uint32_t k = 0; k < u->n; k++) {
		uint32_t def_id = g->unit_defs[u->first + k];

		/* a unit may have several definitions of a name, as its declaration and body */
		if (*graph_name(g, def_id) && !unit_named_before(g, u, k))
			sb_printf(b, "%s%s", names++ ? "," : "", graph_name(g, def_id));
	}
	sb_printf(b, "%s\t%s:%u\t%s\t", names ? "" : "(unnamed)", graph_file(g, first),
		  graph_def(g, first)->line, edge_names[u->edge.kind]);
	if (u->edge.kind == EDGE_FIELD) {
		const struct field *f = &g->fields.a[u->edge.field];
		uint32_t reader = field_reader(g, u->edge.field);

		/* the path continues at the reader, by which a call gets here */
		sb_printf(b, "%u\t%s of %s (%s), read by\n", g->unit_of[reader], f->name,
			  graph_name(g, u->edge.from), graph_file(g, u->edge.from));
	} else if (u->edge.kind == EDGE_ASKED) {
		sb_printf(b, "%u\t%s\n", g->unit_of[u->edge.from], g->reasons.a[u->edge.field]);
	} else if (u->edge.from == NONE) {
		sb_puts(b, "-\t\n");
	} else {
		sb_printf(b, "%u\t\n", g->unit_of[u->edge.from]);
	}
}

static void why_text(struct strbuf *b, const struct graph *g)
{
	sb_add(b, "", 0);
	for (uint32_t i = 0; i < g->units.n; i++)
		if (g->units.a[i].kept)
			why_add_unit(b, g, i);
}

static int compare_edges(const void *pa, const void *pb)
{
	const struct unit_edge *a = pa, *b = pb;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

/* Sorted, each once; without those to what a cut takes away and those inside a unit. */
static void edges_text(struct strbuf *b, const struct graph *g)
{
	size_t n = g->edges.n;
	struct unit_edge *e = xcalloc(n + 1, sizeof(*e)), last = {NONE, NONE};

	if (n)
		memcpy(e, g->edges.a, n * sizeof(*e));
	qsort(e, n, sizeof(*e), compare_edges);
	sb_add(b, "", 0);
	for (size_t i = 0; i < n; i++) {
		if (e[i].from == e[i].to || !compare_edges(&e[i], &last) ||
		    !g->units.a[e[i].to].kept)
			continue;
		last = e[i];
		sb_printf(b, "%u\t%u\n", last.from, last.to);
	}
	free(e);
}

static int write_in(const char *outdir, const char *name, struct strbuf *b)
{
	char *path = xasprintf("%s/%s", outdir, name);
	int r = write_file_if_changed(path, b->s, b->len);

	sb_free(b);
	free(path);
	return r;
}

int why_write(const struct graph *g, const char *outdir)
{
	struct strbuf units = {0}, edges = {0};

	why_text(&units, g);
	edges_text(&edges, g);
	return write_in(outdir, "why.tsv", &units) | write_in(outdir, "edges.tsv", &edges);
}

void closure_dump(const struct graph *g, FILE *out)
{
	struct strbuf b = {0};

	why_text(&b, g);
	fwrite(b.s, 1, b.len, out);
	sb_free(&b);
}

/* The unit by which unit i was first reached; NONE: it is a root. */
static uint32_t reached_by(const struct graph *g, uint32_t i)
{
	const struct edge *e = &g->units.a[i].edge;
	uint32_t from = e->kind == EDGE_FIELD ? field_reader(g, e->field) : e->from;

	return from == NONE ? NONE : g->unit_of[from];
}

char *why_line(const struct graph *g, uint32_t def_id)
{
	uint32_t steps[WHY_STEPS], unit = g->unit_of[def_id], n = 0;
	struct strbuf b = {0};

	for (; unit != NONE && n < WHY_STEPS; unit = reached_by(g, unit))
		steps[n++] = unit;
	sb_puts(&b, unit == NONE ? "reached by " : "reached by ... > ");
	while (n) {
		uint32_t first = g->unit_defs[g->units.a[steps[--n]].first];

		sb_printf(&b, "%s%s", graph_name(g, n ? first : def_id), n ? " > " : "");
	}
	return b.s;
}

struct line {
	unsigned id;
	char *names, *place, *edge, *from, *extra;
};

static bool line_has_name(const char *names, const char *symbol)
{
	size_t n = strlen(symbol);
	const char *s = names;

	while ((s = strstr(s, symbol))) {
		if ((s == names || s[-1] == ',') && (!s[n] || s[n] == ','))
			return true;
		s++;
	}
	return false;
}

static size_t why_parse(char *text, struct line **out)
{
	VEC(struct line) v = {0};
	char *line, *save;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct line *l = vec_add(&v);

		l->id = strtoul(strsep(&line, "\t"), NULL, 10);
		l->names = strsep(&line, "\t");
		l->place = strsep(&line, "\t");
		l->edge = strsep(&line, "\t");
		l->from = strsep(&line, "\t");
		l->extra = line;
	}
	*out = v.a;
	return v.n;
}

static const struct line *line_by_id(const struct line *l, size_t n, const char *id)
{
	unsigned want = strtoul(id, NULL, 10);
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (l[mid].id < want)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && l[lo].id == want ? &l[lo] : NULL;
}

int why_print(const char *outdir, const char *symbol)
{
	char *path = xasprintf("%s/why.tsv", outdir), *text = read_file(path, NULL);
	const struct line *l = NULL;
	struct line *lines;
	size_t n;
	int r = 0;

	if (!text) {
		r = err(path, "run `kslice slice` for this domain first", "%s", strerror(errno));
		free(path);
		return r;
	}
	n = why_parse(text, &lines);
	for (size_t i = 0; i < n && !l; i++)
		if (line_has_name(lines[i].names, symbol))
			l = &lines[i];
	if (!l)
		r = err(path, NULL, "%s is not in the slice", symbol);
	for (unsigned depth = 0; l && depth < 1000; depth++) {
		printf("%-40s %s\n    %s%s%s\n", l->names, l->place, l->edge,
		       l->extra && *l->extra ? " " : "", l->extra ? l->extra : "");
		l = *l->from == '-' ? NULL : line_by_id(lines, n, l->from);
	}
	free(lines);
	free(text);
	free(path);
	return r;
}

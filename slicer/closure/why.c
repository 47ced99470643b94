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
};

static void why_add_unit(struct strbuf *b, const struct graph *g, uint32_t i)
{
	const struct unit *u = &g->units.a[i];
	uint32_t first = g->unit_defs[u->first];
	size_t names = 0;

	sb_printf(b, "%u\t", i);
	for (uint32_t k = 0; k < u->n; k++) {
		uint32_t def_id = g->unit_defs[u->first + k];

		if (*graph_name(g, def_id))
			sb_printf(b, "%s%s", names++ ? "," : "", graph_name(g, def_id));
	}
	sb_printf(b, "%s\t%s:%u\t%s\t", names ? "" : "(unnamed)", graph_file(g, first),
		  graph_def(g, first)->line, edge_names[u->edge.kind]);
	if (u->edge.kind == EDGE_FIELD) {
		const struct field *f = &g->fields.a[u->edge.field];
		uint32_t reader = f->read ? f->reader : g->records.a[f->record].reader;

		/* the path continues at the reader, by which a call gets here */
		sb_printf(b, "%u\t%s of %s (%s), read by\n", g->unit_of[reader], f->name,
			  graph_name(g, u->edge.from), graph_file(g, u->edge.from));
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

int why_write(const struct graph *g, const char *outdir)
{
	char *path = xasprintf("%s/why.tsv", outdir);
	struct strbuf b = {0};
	int r;

	why_text(&b, g);
	r = write_file_if_changed(path, b.s, b.len);
	sb_free(&b);
	free(path);
	return r;
}

void closure_dump(const struct graph *g, FILE *out)
{
	struct strbuf b = {0};

	why_text(&b, g);
	fwrite(b.s, 1, b.len, out);
	sb_free(&b);
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

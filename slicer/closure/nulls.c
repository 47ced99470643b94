// SPDX-License-Identifier: GPL-2.0
/*
 * nulls.c: pointers that drops put in the place of a result => notes on kept code that follows one
 * without a test. It reads the text: `x = dropped(...)` and the `x->` behind it, or, where x is a
 * field, the functions that read that field. A hint for whoever reads `kslice check`, no proof.
 */
#include "closure/graph.h"
#include <ctype.h>
#include <stdlib.h>

/* The last name of "net->rtnl", which stands before off; its length, 0: there is none. */
static size_t name_before(const char *s, size_t off, size_t *beg)
{
	size_t end = off;

	while (end && isspace((unsigned char)s[end - 1]))
		end--;
	for (*beg = end; *beg && (isalnum((unsigned char)s[*beg - 1]) || s[*beg - 1] == '_');)
		--*beg;
	return end - *beg;
}

/* Is the result stored by "name = "? The name's place; 0: no. */
static size_t stored_in(const char *s, size_t call, size_t *beg)
{
	while (call && isspace((unsigned char)s[call - 1]))
		call--;
	if (call < 2 || s[call - 1] != '=' || strchr("=!<>", s[call - 2]))
		return 0;
	return name_before(s, call - 1, beg);
}

static bool is_member(const char *s, size_t beg)
{
	return beg && (s[beg - 1] == '.' || (s[beg - 1] == '>' && beg > 1 && s[beg - 2] == '-'));
}

/* Where an access path that ends at beg begins: the '!' or '(' before it tells of a test. */
static size_t path_start(const char *s, size_t beg)
{
	while (beg && (isalnum((unsigned char)s[beg - 1]) || strchr("_.>", s[beg - 1]) ||
		       (s[beg - 1] == '-' && s[beg] == '>')))
		beg--;
	while (beg && isspace((unsigned char)s[beg - 1]))
		beg--;
	return beg;
}

/* Is the name tested where it stands: "if (x)", "!x", "x &&", "x ? ", "IS_ERR(x)", "x == "? */
static bool is_test(const char *s, size_t beg, size_t end, size_t len)
{
	size_t start = path_start(s, beg);

	while (end < len && isspace((unsigned char)s[end]))
		end++;
	return (start && s[start - 1] == '!') || (end < len && strchr("&?|", s[end])) ||
	       (end + 1 < len && strchr("=!", s[end]) && s[end + 1] == '=') ||
	       (start && s[start - 1] == '(' && end < len && s[end] == ')');
}

/* Does s[from, to) follow the name before it tests it? With `any` a test is no excuse. */
static bool follows(const char *s, size_t from, size_t to, const char *name, bool any)
{
	size_t n = strlen(name);

	for (size_t i = from; i + n + 2 <= to; i++) {
		size_t end = i + n;

		if (strncmp(s + i, name, n) || isalnum((unsigned char)s[end]) || s[end] == '_' ||
		    (i && (isalnum((unsigned char)s[i - 1]) || s[i - 1] == '_')))
			continue;
		if (s[end] == '-' && s[end + 1] == '>')
			return true;
		if (!any && is_test(s, i, end, to))
			return false;
	}
	return false;
}

static void note_follows(struct graph *g, const struct dropping *d, const char *name,
			 uint32_t reader)
{
	const struct spec_cut *c = &g->spec->cuts[d->cut];

	*vec_add(&g->notes) = xasprintf(
		"drop of %s() in %s() (%s): %s is stored in %s, which %s() (%s) follows without a "
		"test",
		c->symbol, graph_name(g, d->def_id), graph_file(g, d->def_id), c->value, name,
		graph_name(g, reader), graph_file(g, reader));
}

/* The kept functions that read a field of that name in text: those that follow it. */
static void see_field(struct graph *g, const struct dropping *d, const char *name, bool any)
{
	char *suffix = xasprintf(":%s", name);

	for (uint32_t def_id = 0; def_id < g->ndefs; def_id++) {
		const struct facts *f = graph_facts(g, def_id);
		const struct fact_def *def = graph_def(g, def_id);
		bool reads = false;
		size_t len = 0;
		char *text;

		for (uint32_t i = def->read0; g->kept[def_id] && i < def->read0 + def->nread; i++)
			reads |= ends_with(fact_str(f, f->reads[i].field), suffix) &&
				 !closure_is_gone(g, def_id, f->reads[i].off);
		if (!reads || def->kind != DEF_FUNC || !def->body)
			continue;
		text = graph_text(g, def_id, &len);
		if (text && def->end <= len && follows(text, def->body, def->end, name, any))
			note_follows(g, d, name, def_id);
		free(text);
	}
	free(suffix);
}

static bool returns_pointer(const struct graph *g, uint32_t caller, const char *symbol)
{
	char *key = xasprintf("%s:%s", graph_file(g, caller), symbol);
	uint32_t n = graph_node(g, key);

	free(key);
	if (n == NONE)
		n = graph_node(g, symbol);
	return n != NONE && g->nodes.a[n].first != NONE &&
	       ends_with(fact_str(graph_facts(g, g->nodes.a[n].first),
				  graph_def(g, g->nodes.a[n].first)->type),
			 "*");
}

static void see_drop(struct graph *g, const struct dropping *d)
{
	const struct spec_cut *c = &g->spec->cuts[d->cut];
	const struct fact_def *def = graph_def(g, d->def_id);
	bool any = strcmp(c->value, "NULL") && strcmp(c->value, "0");
	size_t len = 0, beg = 0, n;
	char *text = graph_text(g, d->def_id, &len), *name;

	if (text && def->end <= len && (n = stored_in(text, d->beg, &beg))) {
		name = xstrndup(text + beg, n);
		if (is_member(text, beg))
			see_field(g, d, name, any);
		else if (follows(text, d->end, def->end, name, any))
			note_follows(g, d, name, d->def_id);
		free(name);
	}
	free(text);
}

void nulls_note(struct graph *g)
{
	for (size_t i = 0; i < g->drops.n; i++) {
		const struct dropping *d = &g->drops.a[i];
		const struct spec_cut *c = &g->spec->cuts[d->cut];

		if (g->kept[d->def_id] && !d->stmt && c->value &&
		    returns_pointer(g, d->def_id, c->symbol))
			see_drop(g, d);
	}
}

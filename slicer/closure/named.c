// SPDX-License-Identifier: GPL-2.0
/*
 * named.c: objects that the kernel looks up by a string, such as file systems and crypto
 * algorithms: type and name => the definitions whose initialiser holds that string. Facts don't
 * contain strings, so the text is searched.
 */
#include "closure/graph.h"
#include <stdlib.h>

/* "const struct shash_alg[2]" is of type "struct shash_alg". */
static bool is_of_printed_type(const char *printed, const char *type)
{
	size_t n = strlen(type);

	while (starts_with(printed, "const ") || starts_with(printed, "static "))
		printed = strchr(printed, ' ') + 1;
	return starts_with(printed, type) &&
	       (!printed[n] || printed[n] == '[' || !strcmp(printed + n, " ["));
}

/* Is there a string literal that equals the name? */
static bool text_holds_name(const char *s, size_t beg, size_t end, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = beg; i < end; i++) {
		size_t from = i + 1;

		if (s[i] == '/' && i + 1 < end && s[i + 1] == '*') {
			const char *close = memmem(s + i + 2, end - i - 2, "*/", 2);

			i = close ? (size_t)(close - s) + 1 : end;
			continue;
		}
		if (s[i] != '"')
			continue;
		for (i++; i < end && s[i] != '"'; i++)
			if (s[i] == '\\')
				i++;
		if (i < end && i - from == n && !memcmp(s + from, name, n))
			return true;
	}
	return false;
}

static int report_none_named(const struct graph *g, const struct spec_keep *k,
			     const struct strmap *others)
{
	struct strbuf cure = {0};
	unsigned n = 0;
	int r;

	sb_printf(&cure, "correct the name, or switch it on in %s", g->spec->config);
	for (size_t i = 0; i < others->cap && n < 8; i++)
		if (others->slots[i].key)
			sb_printf(&cure, "%s%s", n++ ? ", " : "; there are those of ",
				  others->slots[i].key);
	r = spec_error(&k->at, cure.s, "no %s in this configuration has the name \"%s\"", k->type,
		       k->name);
	sb_free(&cure);
	return r;
}

int find_named(const struct graph *g, const struct spec_keep *k, uint32_t **def_ids)
{
	struct strmap others = {0};
	VEC(uint32_t) found = {0};
	int r;

	for (uint32_t def_id = 0; def_id < g->ndefs; def_id++) {
		const struct fact_def *d = graph_def(g, def_id);
		size_t len = 0;
		char *text;

		if (d->kind != DEF_VAR || d->flags & DEF_HEADER ||
		    !is_of_printed_type(fact_str(graph_facts(g, def_id), d->type), k->type))
			continue;
		text = graph_text(g, def_id, &len);
		if (text && d->end <= len && text_holds_name(text, d->beg, d->end, k->name))
			*vec_add(&found) = def_id;
		else
			strmap_add(&others, graph_file(g, def_id), NULL);
		free(text);
	}
	r = found.n ? (int)found.n : report_none_named(g, k, &others);
	strmap_free(&others);
	*def_ids = found.a;
	return r;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * emit_first.c: the routes by value => first.c: each call that a route gives the domain, made once
 * with each value. `kslice build` has the new image make them: one that nothing in the domain
 * answers fails the build.
 *
 * Only calls whose parameters are numbers, or memory of a known size that the call fills; data
 * would have to be those of a program. What a route doesn't say is taken from the base of the stub
 * tests that is nearest to it, or is 0.
 */
#include "spec/spec.h"
#include "stubs/emit.h"

#include <stdlib.h>
#include <string.h>

#define MOST_FILLED 4096 /* by a call */

/* Memory that the call fills, of a size that no other parameter tells. */
static bool is_filled(const struct mval *p)
{
	return p->pass == PASS_PTR && p->dir == DIR_OUT && p->len == LEN_FIXED && p->bytes &&
	       p->bytes <= MOST_FILLED && !p->st;
}

static bool needs_no_program(const struct mcall *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		bool key = false;

		for (size_t k = 0; k < c->nkeys; k++)
			key |= c->key[k].param == (int)i;
		if (is_filled(&c->p[i]))
			continue;
		if (c->p[i].type->kind != TYPE_INT || (c->p[i].fd && !key))
			return false;
	}
	return true;
}

static const struct mkey *key_of_param(const struct mcall *c, unsigned i, size_t *n)
{
	for (*n = 0; *n < c->nkeys; ++*n)
		if (c->key[*n].param == (int)i)
			return &c->key[*n];
	return NULL;
}

/* pick[k]: which value of key k. The base that agrees with most of them; NULL: there is none. */
static json_t *nearest_base(const struct marshal *m, const struct mcall *c, const size_t *pick)
{
	json_t *base, *best = NULL;
	size_t i, most = 0;

	json_array_foreach (json_object_get(c->test, "bases"), i, base) {
		json_t *args = json_object_get(base, "args");
		size_t agree = 1;

		for (size_t k = 0; k < c->nkeys; k++) {
			const struct mkey *key = &c->key[k];
			int64_t v;

			if (marshal_value(m, json_object_get(args, c->p[key->param].name), &v))
				agree += ((uint64_t)v & key->mask) == key->values[pick[k]];
		}
		if (agree > most) {
			most = agree;
			best = args;
		}
	}
	return best;
}

static void emit_memory(const struct mcall *c, struct strbuf *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->n; i++) {
		if (!is_filled(&c->p[i]))
			continue;
		sb_printf(b, "\tstatic u64 %s[%zu];\n", c->p[i].name, (c->p[i].bytes + 7) / 8);
		n++;
	}
	sb_puts(b, n ? "\n" : "");
}

static void emit_call(const struct marshal *m, const struct mcall *c, const size_t *pick,
		      json_t *base, struct strbuf *b)
{
	sb_printf(b, "\treturn sys_%s(", c->ct->entry);
	for (unsigned i = 0; i < c->n; i++) {
		size_t k;
		const struct mkey *key = key_of_param(c, i, &k);
		int64_t v = 0;

		if (is_filled(&c->p[i])) {
			sb_printf(b, "%s(%s)%s", i ? ", " : "", c->p[i].spelling, c->p[i].name);
			continue;
		}
		if (key)
			v = (int64_t)key->values[pick[k]];
		else if (!marshal_value(m, json_object_get(base, c->p[i].name), &v))
			v = 0;
		sb_printf(b, "%s(%s)%lldll", i ? ", " : "", c->p[i].spelling, (long long)v);
	}
	sb_puts(b, ")");
}

static void emit_what(const struct mcall *c, const size_t *pick, struct strbuf *b)
{
	sb_printf(b, "%s(", c->ct->name);
	for (size_t k = 0; k < c->nkeys; k++)
		sb_printf(b, "%s%s %s", k ? ", " : "", c->p[c->key[k].param].name,
			  c->key[k].names[pick[k]]);
	sb_puts(b, ")");
}

static bool is_answered(const struct mcall *c, const size_t *pick)
{
	for (size_t k = 0; k < c->nkeys; k++)
		if (!condition_answers(&c->by->when[k], c->key[k].names[pick[k]]))
			return false;
	return true;
}

static void emit_one(const struct marshal *m, const struct mcall *c, const size_t *pick,
		     size_t *nth, struct strbuf *functions, struct strbuf *table)
{
	json_t *base = nearest_base(m, c, pick);

	if (!is_answered(c, pick))
		return;
	sb_printf(functions, "\nstatic long first_%zu(void)\n{\n", *nth);
	emit_memory(c, functions);
	emit_call(m, c, pick, base, functions);
	sb_puts(functions, ";\n}\n");
	sb_puts(table, "\t{\"");
	emit_what(c, pick, table);
	sb_printf(table, "\", first_%zu},\n", (*nth)++);
}

/* Each value of each key, beside the first ones of the others. */
static void emit_values(const struct marshal *m, const struct mcall *c, size_t *nth,
			struct strbuf *functions, struct strbuf *table)
{
	for (size_t k = 0; k < c->nkeys || !k; k++)
		for (size_t i = k ? 1 : 0; i < (c->nkeys ? c->key[k].n : 1); i++) {
			size_t pick[SPEC_MAX_CONDITIONS] = {0};

			pick[k] = i;
			emit_one(m, c, pick, nth, functions, table);
		}
}

void emit_first(const struct marshal *m, struct strbuf *b)
{
	struct strbuf functions = {0}, table = {0};
	size_t n = 0;

	for (size_t i = 0; i < m->ncalls; i++)
		if (m->calls[i].route == MROUTE_KEY && needs_no_program(&m->calls[i]))
			emit_values(m, &m->calls[i], &n, &functions, &table);
	emit_head(m, b, "GPL-2.0", "first.c",
		  "the calls of its routes by value, for the first boot of an image.");
	sb_puts(b, "#include <linux/syscalls.h>\n#include <sd/serve.h>\n");
	sb_puts(b, functions.s ?: "");
	sb_printf(b, "\nconst struct sd_route_call sd_route_calls[] = {\n%s\t{},\n};\n",
		  table.s ?: "");
	sb_free(&functions);
	sb_free(&table);
}

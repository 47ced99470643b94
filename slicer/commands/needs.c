// SPDX-License-Identifier: GPL-2.0
/*
 * needs.c: an option + struct options => the lines that would give it, or why nothing can. See
 * options.h. Of several ways the one with the fewest lines is taken.
 */
#include "commands/options.h"
#include <stdlib.h>

enum { NEVER = 1 << 20 };
enum { UNSEEN, IN_PROGRESS, DONE }; /* states of an option */

static unsigned expr_cost(struct options *o, const struct optexpr *x, bool want);

static unsigned sum(unsigned a, unsigned b)
{
	return a + b < NEVER ? a + b : NEVER;
}

static bool is_on(const struct options *o, const char *name)
{
	const char *v = options_value(o, name);

	return !strcmp(v, "y") || !strcmp(v, "m");
}

static void consider(struct options *o, struct option_entry *e, struct option_entry way)
{
	unsigned cost = way.line && !strmap_get(&o->fragment, e->name) ? 1 : 0;

	if (way.by)
		cost = sum(cost,
			   expr_cost(o, &(struct optexpr){.op = OX_NAME, .name = way.by}, true));
	cost = sum(cost, expr_cost(o, way.why[0], true));
	cost = sum(cost, expr_cost(o, way.why[1], true));
	if (cost >= e->cost && (e->why[0] || e->why[1] || e->by || e->cost < NEVER))
		return;
	e->cost = cost;
	e->why[0] = way.why[0];
	e->why[1] = way.why[1];
	e->by = way.by;
	e->line = way.line;
}

/* Where a prompt is shown a default means nothing: allnoconfig answers no. */
static void consider_def(struct options *o, struct option_entry *e, const struct optdef *d)
{
	if (d->prompt)
		consider(o, e,
			 (struct option_entry){.why = {d->depends, d->visible}, .line = true});
	if (d->prompt && !expr_cost(o, d->visible, true))
		return;
	for (size_t i = 0; i < d->defaults.n; i++) {
		const struct optcond *c = &d->defaults.a[i];
		struct optexpr *value = optexpr_parse(o, c->value);

		consider(
			o, e,
			(struct option_entry){.why = {d->depends, optexpr_and(o, c->when, value)}});
	}
}

/* In lines to add; NEVER: it can't be had. */
static unsigned option_cost(struct options *o, struct option_entry *e)
{
	if (e->state == DONE)
		return e->cost;
	if (e->state == IN_PROGRESS)
		return NEVER;
	e->state = IN_PROGRESS;
	e->cost = NEVER;
	for (size_t i = 0; i < e->defs.n; i++)
		consider_def(o, e, &e->defs.a[i]);
	for (size_t i = 0; i < e->selectors.n && e->cost && e->defs.n; i++)
		consider(o, e,
			 (struct option_entry){.why = {e->selectors.a[i].when, NULL},
					       .by = e->selectors.a[i].value});
	e->state = DONE;
	return e->cost;
}

static unsigned name_cost(struct options *o, const char *name, bool want)
{
	struct option_entry *e = options_find(o, name);

	if (is_on(o, name) == want)
		return 0;
	return want && e ? option_cost(o, e) : NEVER;
}

/* `A=y`, `A!=n` ... of an option that is on or off; other values are what they are. */
static unsigned equal_cost(struct options *o, const struct optexpr *x, bool want)
{
	bool off = !strcmp(x->text, "n");

	if (off || !strcmp(x->text, "y") || !strcmp(x->text, "m"))
		return name_cost(o, x->name, off ? !want : want);
	return (!strcmp(options_value(o, x->name), x->text)) == want ? 0 : NEVER;
}

static unsigned expr_cost(struct options *o, const struct optexpr *x, bool want)
{
	unsigned a, b;

	if (!x)
		return want ? 0 : NEVER;
	switch (x->op) {
	case OX_YES:
	case OX_NO:
		return (x->op == OX_YES) == want ? 0 : NEVER;
	case OX_NAME:
		return name_cost(o, x->name, want);
	case OX_EQUAL:
	case OX_DIFFER:
		return equal_cost(o, x, (x->op == OX_EQUAL) == want);
	case OX_NOT:
		return expr_cost(o, x->a, !want);
	case OX_AND:
	case OX_OR:
		break;
	}
	a = expr_cost(o, x->a, want);
	b = expr_cost(o, x->b, want);
	if ((x->op == OX_AND) == want)
		return sum(a, b);
	return a < b ? a : b;
}

/* ---- the way that was chosen, as text ---- */

struct missing {
	const char *name, *value; /* value: NULL: on, "n": off, else as it must be */
};

typedef VEC(struct missing) missing_vec;

struct plan {
	struct options *o;
	struct strmap done;
	struct strbuf *chain, *lines;
};

static bool holds(const struct options *o, const struct optexpr *x)
{
	switch (x->op) {
	case OX_YES:
	case OX_NO:
		return x->op == OX_YES;
	case OX_NAME:
		return is_on(o, x->name);
	case OX_EQUAL:
	case OX_DIFFER:
		return (!strcmp(options_value(o, x->name), x->text)) == (x->op == OX_EQUAL);
	case OX_NOT:
		return !holds(o, x->a);
	case OX_AND:
		return holds(o, x->a) && holds(o, x->b);
	case OX_OR:
		break;
	}
	return holds(o, x->a) || holds(o, x->b);
}

static const char *value_wanted(const struct optexpr *x, bool want)
{
	bool equal = (x->op == OX_EQUAL) == want, off = x->text && !strcmp(x->text, "n");

	if (x->op == OX_NAME)
		return want ? NULL : "n";
	if (equal)
		return strcmp(x->text, "y") ? x->text : NULL;
	return off ? NULL : "n";
}

static void find_missing(const struct plan *p, const struct optexpr *x, bool want,
			 missing_vec *out);

/* All that isn't as it must be; of what can't be had the first. */
static void missing_of_all(const struct plan *p, const struct optexpr *x, bool want,
			   missing_vec *out)
{
	if (expr_cost(p->o, x->a, want) >= NEVER) {
		find_missing(p, x->a, want, out);
	} else if (expr_cost(p->o, x->b, want) >= NEVER) {
		find_missing(p, x->b, want, out);
	} else {
		find_missing(p, x->a, want, out);
		find_missing(p, x->b, want, out);
	}
}

static void find_missing(const struct plan *p, const struct optexpr *x, bool want, missing_vec *out)
{
	if (!x || holds(p->o, x) == want)
		return;
	switch (x->op) {
	case OX_NAME:
	case OX_EQUAL:
	case OX_DIFFER:
		*vec_add(out) = (struct missing){x->name, value_wanted(x, want)};
		break;
	case OX_NOT:
		find_missing(p, x->a, !want, out);
		break;
	case OX_AND:
	case OX_OR:
		if ((x->op == OX_AND) == want)
			missing_of_all(p, x, want, out);
		else
			find_missing(p,
				     expr_cost(p->o, x->a, want) <= expr_cost(p->o, x->b, want)
					     ? x->a
					     : x->b,
				     want, out);
		break;
	case OX_YES:
	case OX_NO:
		break;
	}
}

static missing_vec missing_of(const struct plan *p, const struct option_entry *e)
{
	missing_vec found = {};

	if (e->by && !is_on(p->o, e->by))
		*vec_add(&found) = (struct missing){e->by, NULL};
	if (e->cost >= NEVER && expr_cost(p->o, e->why[0], true) < NEVER && e->why[1]) {
		find_missing(p, e->why[1], true, &found);
		return found;
	}
	find_missing(p, e->why[0], true, &found);
	if (e->cost < NEVER)
		find_missing(p, e->why[1], true, &found);
	return found;
}

static void print_missing(struct strbuf *out, const struct missing *m)
{
	if (!m->value)
		sb_puts(out, m->name);
	else if (!strcmp(m->value, "n"))
		sb_printf(out, "%s off", m->name);
	else
		sb_printf(out, "%s=%s", m->name, m->value);
}

/* "A needs B and C; B needs D"; in `lines` what others need comes first. */
static void explain_way(struct plan *p, const char *name)
{
	struct option_entry *e = options_find(p->o, name);
	missing_vec missing = {};
	bool added;

	strmap_add(&p->done, name, &added);
	if (!added || !e || is_on(p->o, name))
		return;
	option_cost(p->o, e);
	missing = missing_of(p, e);
	for (size_t i = 0; i < missing.n; i++) {
		if (!i)
			sb_printf(p->chain, "%s%s %s ", p->chain->len ? "; " : "", name,
				  e->by && missing.a[i].name == e->by ? "is selected by" : "needs");
		else
			sb_puts(p->chain, i + 1 < missing.n ? ", " : " and ");
		print_missing(p->chain, &missing.a[i]);
	}
	for (size_t i = 0; i < missing.n; i++)
		if (!missing.a[i].value)
			explain_way(p, missing.a[i].name);
	if (e->line && !strmap_get(&p->o->fragment, name))
		sb_printf(p->lines, "\n\t\tCONFIG_%s=y", name);
	free(missing.a);
}

static void explain_end(struct plan *p, const struct option_entry *e, const char *which)
{
	bool of_arch = e && e->defs.n && starts_with(e->defs.a[0].file, "arch/");

	if (!e || !e->defs.n)
		sb_printf(p->chain, "%s the Kconfig files of arch/%s don't have", which,
			  p->o->arch);
	else if (of_arch)
		sb_printf(p->chain, "%s arch/%s doesn't have", which, p->o->arch);
	else
		sb_printf(p->chain, "%s nothing sets on arch/%s", which, p->o->arch);
}

/* "A needs B, which needs C, which arch/sd doesn't have" */
static void explain_never(struct plan *p, const char *name)
{
	struct option_entry *e = options_find(p->o, name);
	const char *needs = " needs ";
	bool added;

	sb_puts(p->chain, name);
	for (;;) {
		missing_vec missing = {};

		strmap_add(&p->done, name, &added);
		if (e && added) {
			option_cost(p->o, e);
			missing = missing_of(p, e);
		}
		if (!missing.n || !added) {
			free(missing.a);
			explain_end(p, e, ", which");
			return;
		}
		sb_puts(p->chain, needs);
		print_missing(p->chain, &missing.a[0]);
		needs = ", which needs ";
		name = missing.a[0].name;
		added = !missing.a[0].value;
		free(missing.a);
		if (!added)
			return;
		e = options_find(p->o, name);
	}
}

bool options_needs(struct options *o, const char *name, struct strbuf *chain, struct strbuf *lines)
{
	struct plan p = {.o = o, .chain = chain, .lines = lines};
	struct option_entry *e = options_find(o, name);
	bool can = e && option_cost(o, e) < NEVER;

	if (can)
		explain_way(&p, name);
	else
		explain_never(&p, name);
	strmap_free(&p.done);
	return can;
}

bool options_met(struct options *o, const char *name)
{
	struct option_entry *e = options_find(o, name);
	struct plan p = {.o = o};
	missing_vec missing = {};
	bool met;

	if (!e || option_cost(o, e) >= NEVER)
		return false;
	missing = missing_of(&p, e);
	met = !missing.n && (e->line || e->by);
	free(missing.a);
	return met;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * registered.c: registries + closure => what registers a key that kept code, or the spec, looks up,
 * is kept, too. Nothing else leads there: only its own initcall names it.
 */
#include "closure/registered.h"
#include <stdlib.h>

static void watch_calls(struct facts_watch *watch, const struct registry_calls *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < c[i].names.n; k++)
			facts_watch_add(watch, c[i].names.a[k]);
}

void registered_watch(const struct spec *spec, struct facts_watch *watch)
{
	for (size_t i = 0; i < spec->nregistries; i++) {
		const struct registry *r = &spec->registries[i];

		for (size_t k = 0; k < r->keys.n; k++)
			facts_watch_add(watch, r->keys.a[k]);
		watch_calls(watch, r->registers, r->nregisters);
		watch_calls(watch, r->finds, r->nfinds);
	}
}

static const struct registry_calls *calls_with(const struct registry_calls *c, size_t n,
					       const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (spec_names_have(&c[i].names, name))
			return &c[i];
	return NULL;
}

/* ---- who registers what ---- */

/* The keys in the initialiser of var; their number. */
static size_t add_keys_of(struct registered *r, struct key k)
{
	const struct facts *f = graph_facts(r->g, k.var);
	const struct fact_def *d = graph_def(r->g, k.var);
	const struct registry *reg = &r->g->spec->registries[k.registry];
	size_t n = 0;

	for (uint32_t i = d->value0; i < d->value0 + d->nvalue; i++) {
		const struct fact_value *v = &f->values[i];

		if (!v->known || !spec_names_have(&reg->keys, fact_str(f, v->what)))
			continue;
		k.constant = fact_str(f, v->constant);
		k.text = fact_str(f, v->text);
		*vec_add(&r->keys) = k;
		n++;
	}
	return n;
}

static size_t add_keys_named_by(struct registered *r, uint32_t def_id, uint32_t beg, uint32_t end,
				struct key k, unsigned depth);

static size_t add_keys_of_node(struct registered *r, uint32_t n, struct key k, unsigned depth)
{
	size_t found = 0;

	for (uint32_t d = r->g->nodes.a[n].first; d != NONE; d = r->g->next[d]) {
		if (graph_def(r->g, d)->kind != DEF_VAR)
			continue;
		k.var = d;
		found += add_keys_of(r, k);
		if (!found && depth) /* an array of pointers to records */
			found += add_keys_named_by(r, d, 0, NONE, k, depth - 1);
	}
	return found;
}

/* Keys of the variables that def_id names in a range of its text. */
static size_t add_keys_named_by(struct registered *r, uint32_t def_id, uint32_t beg, uint32_t end,
				struct key k, unsigned depth)
{
	const struct facts *f = graph_facts(r->g, def_id);
	const struct fact_def *d = graph_def(r->g, def_id);
	size_t found = 0;

	for (uint32_t i = d->ref0; i < d->ref0 + d->nref; i++) {
		const struct fact_ref *ref = &f->refs[i];
		uint32_t n = NONE;

		if (ref->off >= beg && ref->off < end)
			n = graph_node(r->g, fact_str(f, ref->key));
		if (n != NONE)
			found += add_keys_of_node(r, n, k, depth);
	}
	return found;
}

/* The range of the call that begins at or before off. */
static const struct fact_call *call_at(const struct facts *f, const struct fact_def *d,
				       fact_string callee, uint32_t off)
{
	const struct fact_call *best = NULL;

	for (uint32_t i = d->call0; i < d->call0 + d->ncall; i++) {
		const struct fact_call *c = &f->calls[i];

		if (c->callee == callee && c->beg <= off && off < c->end)
			best = c;
	}
	return best;
}

/*
 * def_id calls a registering function: with one of its variables, or with a pointer that walks over
 * one: the variables that it names elsewhere.
 */
static void see_registration(struct registered *r, uint32_t registry, uint32_t def_id,
			     const struct fact_value *v)
{
	const struct facts *f = graph_facts(r->g, def_id);
	const struct fact_def *d = graph_def(r->g, def_id);
	const struct fact_call *c = call_at(f, d, v->what, v->off);
	struct key k = {.registry = registry,
			.registrar = def_id,
			.constant = "",
			.text = "",
			.var = NONE,
			.cut = closure_is_gone(r->g, def_id, v->off)};

	if (c && add_keys_named_by(r, def_id, c->beg, c->end, k, 1))
		return;
	if (add_keys_named_by(r, def_id, 0, NONE, k, 0))
		return;
	/* without keys whoever registers counts */
	if (!r->g->spec->registries[registry].keys.n)
		*vec_add(&r->keys) = k;
}

static void see_value(struct registered *r, uint32_t def_id, const struct fact_value *v)
{
	const struct spec *spec = r->g->spec;
	const struct facts *f = graph_facts(r->g, def_id);
	const char *name = key_name(fact_str(f, v->what));

	for (uint32_t i = 0; i < spec->nregistries; i++) {
		const struct registry *reg = &spec->registries[i];
		const struct registry_calls *find = calls_with(reg->finds, reg->nfinds, name);

		if (!v->arg && calls_with(reg->registers, reg->nregisters, name))
			see_registration(r, i, def_id, v);
		/* what one finder passes to another was asked of the first */
		if (!find || find->arg != v->arg ||
		    calls_with(reg->finds, reg->nfinds, graph_name(r->g, def_id)) ||
		    closure_is_gone(r->g, def_id, v->off))
			continue;
		*vec_add(&r->finders) = (struct finder){
			.def_id = def_id,
			.registry = i,
			.constant = v->known ? fact_str(f, v->constant) : NULL,
			.text = fact_str(f, v->text),
			.callee = name,
		};
	}
}

static void see_finder(struct registered *r, uint32_t def_id)
{
	const struct spec *spec = r->g->spec;

	for (uint32_t i = 0; i < spec->nregistries; i++) {
		const struct registry *reg = &spec->registries[i];

		if (!calls_with(reg->finds, reg->nfinds, graph_name(r->g, def_id)))
			continue;
		*vec_add(&r->finder_defs) = def_id;
		*vec_add(&r->finder_defs) = i;
	}
}

struct registered *registered_make(struct graph *g)
{
	struct registered *r = xcalloc(1, sizeof(*r));
	struct facts_watch watch = {0};

	r->g = g;
	r->reported = xcalloc(g->spec->nregistries + 1, sizeof(*r->reported));
	registered_watch(g->spec, &watch);
	for (uint32_t def_id = 0; watch.names.n && def_id < g->ndefs; def_id++) {
		const struct facts *f = graph_facts(g, def_id);
		const struct fact_def *d = graph_def(g, def_id);

		if (d->kind == DEF_FUNC && strmap_get(&watch.names, graph_name(g, def_id)))
			see_finder(r, def_id);
		for (uint32_t i = d->value0; i < d->value0 + d->nvalue; i++)
			if (d->kind == DEF_FUNC)
				see_value(r, def_id, &f->values[i]);
	}
	facts_watch_free(&watch);
	asked_make(r);
	return r;
}

void registered_free(struct registered *r)
{
	for (size_t i = 0; i < r->wishes.n; i++)
		free(r->wishes.a[i].constant);
	callers_free(r->callers);
	free(r->keys.a);
	free(r->finders.a);
	free(r->wishes.a);
	free(r->finder_defs.a);
	free(r->reported);
	free(r);
}

uint32_t registry_finder(const struct registered *r, uint32_t registry)
{
	const struct registry *reg = &r->g->spec->registries[registry];

	/* in the registry's order: the first ones are those that programs reach */
	for (size_t k = 0; k < reg->nfinds; k++)
		for (size_t j = 0; j < reg->finds[k].names.n; j++)
			for (size_t i = 0; i + 1 < r->finder_defs.n; i += 2) {
				uint32_t d = r->finder_defs.a[i];

				if (r->finder_defs.a[i + 1] == registry && r->g->kept[d] &&
				    !strcmp(graph_name(r->g, d), reg->finds[k].names.a[j]))
					return d;
			}
	return NONE;
}

/* ---- what is kept ---- */

bool key_answers(const struct registered *r, const struct key *k, const char *constant)
{
	const char *s = constant;

	if (!strcmp(k->constant, constant))
		return true;
	while (r->g->spec->registries[k->registry].words && *s) {
		size_t n = strcspn(s, "(),");

		if (n && n == strlen(k->constant) && !strncmp(s, k->constant, n))
			return true;
		s += n + (s[n] != 0);
	}
	return false;
}

static struct edge key_edge(struct registered *r, const struct key *k, uint32_t from,
			    const char *asker)
{
	struct graph *g = r->g;
	struct strbuf b = {0};

	sb_puts(&b, "registers ");
	key_print(r, k, &b);
	sb_printf(&b, ", which %s", asker);
	*vec_add(&g->reasons) = b.s;
	return (struct edge){.from = from, .kind = EDGE_ASKED, .field = g->reasons.n - 1};
}

/* Keeps the registrar and what calls it from an initcall. 1 if that is new. */
static int keep_key(struct registered *r, struct key *k, uint32_t from, const char *asker)
{
	struct graph *g = r->g;
	uint32_t *path;
	size_t n;

	if (k->cut || g->kept[k->registrar])
		return 0;
	n = callers_path(&r->callers, g, k->registrar, &path);
	if (!n) {
		k->cut = true;
		return 0;
	}
	closure_keep(g, k->registrar, key_edge(r, k, from, asker));
	/* else the report finds it held only by its own initcall */
	*vec_add(&g->edges) = (struct unit_edge){g->unit_of[from], g->unit_of[k->registrar]};
	for (size_t i = 1; i < n; i++)
		closure_keep(g, path[i], (struct edge){.from = path[i - 1], .kind = EDGE_LIVE});
	free(path);
	return 1;
}

static int keep_keys(struct registered *r, uint32_t registry, const char *constant, uint32_t from,
		     const char *asker)
{
	int n = 0;

	for (size_t i = 0; i < r->keys.n; i++) {
		struct key *k = &r->keys.a[i];

		if (k->registry == registry && (!constant || key_answers(r, k, constant)))
			n += keep_key(r, k, from, asker);
	}
	return n;
}

static int keep_found(struct registered *r, struct finder *f)
{
	char *asker;
	int n;

	if (f->seen || !f->constant || !r->g->kept[f->def_id])
		return 0;
	f->seen = true;
	asker = xasprintf("%s asks %s() for", graph_name(r->g, f->def_id), f->callee);
	n = keep_keys(r, f->registry, f->constant, f->def_id, asker);
	free(asker);
	return n;
}

static bool wish_holds(const struct registered *r, const struct wish *w)
{
	for (size_t i = 0; i < w->ask->with.n; i++) {
		for (uint32_t d = 0; d < r->g->ndefs; d++)
			if (r->g->kept[d] && graph_def(r->g, d)->kind == DEF_FUNC &&
			    !strcmp(graph_name(r->g, d), w->ask->with.a[i]))
				return true;
	}
	return !w->ask->with.n;
}

static int keep_wish(struct registered *r, struct wish *w)
{
	static const char *const what[] = {"the route of %s() asks for",
					   "\"%s\" of a device asks for", "CONFIG_%s asks for",
					   "every user of the registry may ask for%s"};
	uint32_t from = registry_finder(r, w->registry);
	char *asker;
	int n;

	if (w->seen || from == NONE || !wish_holds(r, w))
		return 0;
	w->seen = true;
	if (w->unanswered || (!w->constant && w->ask->kind != ASK_ALL))
		return 0;
	switch (w->ask->kind) {
	case ASK_ROUTE:
		asker = xasprintf(what[ASK_ROUTE], w->arg);
		break;
	case ASK_ALL:
		asker = xasprintf(what[ASK_ALL], "");
		break;
	default:
		asker = xasprintf(what[w->ask->kind], w->ask->name);
	}
	n = keep_keys(r, w->registry, w->ask->kind == ASK_ALL ? NULL : w->constant, from, asker);
	free(asker);
	return n;
}

int registered_keep(struct registered *r)
{
	int n = 0;

	for (size_t i = 0; i < r->wishes.n; i++)
		n += keep_wish(r, &r->wishes.a[i]);
	for (size_t i = 0; i < r->finders.n; i++)
		n += keep_found(r, &r->finders.a[i]);
	return n;
}

int registered_end(struct registered *r)
{
	return asked_report(r);
}

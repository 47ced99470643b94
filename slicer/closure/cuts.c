// SPDX-License-Identifier: GPL-2.0
/*
 * cuts.c: the spec's cuts + graph => the ranges of text that they delete and the bodies that they
 * replace. Matching looks at all code, kept or not: a cut is valid if it hits something in this
 * configuration, even if another cut already removed its caller.
 */
#include "closure/graph.h"
#include "spec/remote.h"
#include "commands/overlay.h"
#include "stubs/types.h"
#include <ctype.h>
#include <stdlib.h>

struct matcher {
	struct graph *g;
	struct strmap drops, bodies; /* symbol => 1 + index of the cut */
	uint32_t *same;		     /* per cut: 1 + index of the next drop of the same symbol */
};

static void index_cuts(struct matcher *m)
{
	struct spec *spec = m->g->spec;

	m->same = xcalloc(spec->ncuts + 1, sizeof(*m->same));
	for (size_t i = spec->ncuts; i-- > 0;) {
		struct spec_cut *c = &spec->cuts[i];
		uint64_t *v =
			strmap_add(c->kind == CUT_DROP ? &m->drops : &m->bodies, c->symbol, NULL);

		m->same[i] = *v;
		*v = i + 1;
		/* overlay_apply() has matched the definition that it removed */
		c->matched = c->kind == CUT_REPLACE && replace_removes(c);
	}
}

static bool cut_is_in(const struct graph *g, const struct spec_cut *c, uint32_t def_id)
{
	return !c->in.n || spec_names_have(&c->in, graph_name(g, def_id)) ||
	       spec_names_have(&c->in, graph_file(g, def_id));
}

static bool call_range_names(const struct facts *f, const struct fact_def *d,
			     const struct fact_call *call, const struct spec_names *naming)
{
	for (uint32_t i = d->ref0; i < d->ref0 + d->nref; i++) {
		const struct fact_ref *r = &f->refs[i];

		if (r->off >= call->beg && r->off < call->end &&
		    spec_names_have(naming, key_name(fact_str(f, r->key))))
			return true;
	}
	return false;
}

/* Does a definition refer to a function or variable? */
static bool def_names_something(const struct facts *f, const struct fact_def *d)
{
	for (uint32_t i = d->ref0; i < d->ref0 + d->nref; i++)
		if (f->refs[i].kind != REF_TYPE)
			return true;
	return false;
}

/*
 * Without its option a function is often an inline one of a header that does nothing: there a
 * group's drop has nothing to free, and the header's result is the right one.
 */
static bool is_stand_in(const struct graph *g, const struct spec_cut *c, const char *callee)
{
	uint32_t n = c->group ? graph_node(g, callee) : NONE;
	uint32_t d = n == NONE ? NONE : g->nodes.a[n].first;

	return d != NONE && graph_def(g, d)->kind == DEF_FUNC &&
	       graph_def(g, d)->flags & DEF_HEADER &&
	       !def_names_something(graph_facts(g, d), graph_def(g, d));
}

static void match_calls(struct matcher *m, uint32_t def_id)
{
	struct graph *g = m->g;
	const struct facts *f = graph_facts(g, def_id);
	const struct fact_def *d = graph_def(g, def_id);

	for (uint32_t i = d->call0; i < d->call0 + d->ncall; i++) {
		const struct fact_call *call = &f->calls[i];
		uint64_t *v = strmap_get(&m->drops, key_name(fact_str(f, call->callee)));

		for (uint32_t k = v ? *v : 0; k; k = m->same[k - 1]) {
			struct spec_cut *c = &g->spec->cuts[k - 1];

			if (!cut_is_in(g, c, def_id) ||
			    (c->naming.n && !call_range_names(f, d, call, &c->naming)))
				continue;
			c->matched++;
			if (is_stand_in(g, c, fact_str(f, call->callee)))
				break;
			*vec_add(&g->drops) = (struct dropping){
				.def_id = def_id,
				.beg = call->beg,
				.end = call->end,
				.cut = k - 1,
				.stmt = call->stmt,
				.macro = call->macro == 2,
			};
			break;
		}
	}
}

/* The call that begins at off of a header's text, found by its parentheses. */
static bool scan_header_call(const char *s, size_t len, uint32_t off, const char *name,
			     struct dropping *out)
{
	size_t i = off + strlen(name), b = off, depth = 0;

	if (off >= len || strncmp(s + off, name, strlen(name)))
		return false;
	while (i < len && isspace((unsigned char)s[i]))
		i++;
	if (i == len || s[i] != '(')
		return false;
	for (; i < len && s[i] != ';' && s[i] != '{'; i++) {
		depth += (s[i] == '(') - (s[i] == ')');
		if (!depth)
			break;
	}
	if (i >= len || s[i] != ')')
		return false;
	out->beg = off;
	out->end = ++i;
	while (b && isspace((unsigned char)s[b - 1]))
		b--;
	out->stmt = b && strchr(";{}", s[b - 1]) && s[i] == ';';
	out->end += out->stmt;
	return true;
}

/* Facts list calls only in .c files; in headers, which are edited too, a reference marks the
 * beginning of a call. */
static void match_header_calls(struct matcher *m, uint32_t def_id)
{
	struct graph *g = m->g;
	const struct facts *f = graph_facts(g, def_id);
	const struct fact_def *d = graph_def(g, def_id);

	for (uint32_t i = d->ref0; i < d->ref0 + d->nref; i++) {
		const char *name = key_name(fact_str(f, f->refs[i].key));
		uint64_t *v = f->refs[i].kind == REF_CALL ? strmap_get(&m->drops, name) : NULL;

		for (uint32_t k = v ? *v : 0; k; k = m->same[k - 1]) {
			struct spec_cut *c = &g->spec->cuts[k - 1];
			struct dropping drop = {
				.def_id = def_id, .beg = f->refs[i].off, .cut = k - 1};
			size_t len = 0;
			char *text;

			if (!cut_is_in(g, c, def_id) || c->naming.n)
				continue;
			if (is_stand_in(g, c, fact_str(f, f->refs[i].key))) {
				c->matched++;
				break;
			}
			text = graph_text(g, def_id, &len);
			drop.end = drop.beg + 1;
			drop.macro = !text || !scan_header_call(text, len, drop.beg, name, &drop);
			free(text);
			c->matched++;
			*vec_add(&g->drops) = drop;
			break;
		}
	}
}

/* `drop: init_x` also takes the line that registers it: subsys_initcall(init_x). */
static void match_initcall(struct matcher *m, uint32_t def_id)
{
	struct graph *g = m->g;
	const struct facts *f = graph_facts(g, def_id);
	const struct fact_def *d = graph_def(g, def_id);

	for (uint32_t i = d->ref0; i < d->ref0 + d->nref; i++) {
		const char *name = key_name(fact_str(f, f->refs[i].key));
		uint64_t *v = strmap_get(&m->drops, name);

		for (uint32_t k = v ? *v : 0; k; k = m->same[k - 1]) {
			struct spec_cut *c = &g->spec->cuts[k - 1];

			if (c->naming.n || !cut_is_in(g, c, def_id))
				continue;
			c->matched++;
			g->units.a[g->unit_of[def_id]].dropped = true;
		}
	}
}

/* ---- remote cuts: do the function's parameters agree with the call's? ---- */

static bool remote_agrees(const struct type *t, const char *want)
{
	if (!strcmp(want, "ptr"))
		return t->kind == TYPE_PTR;
	return t->kind == TYPE_INT && t->size * 8 == strtoul(want + 1, NULL, 10);
}

static int remote_compare(const struct spec_cut *c, const struct calltype *fn, const char *place)
{
	struct remote *r = c->remote;

	if (!fn->result || fn->result->kind != TYPE_INT || fn->result->size < 4)
		return spec_error(&c->at, "it returns what the call does: long",
				  "%s in %s returns no number of that size", c->symbol, place);
	if (fn->nparams != r->n)
		return spec_error(&c->at, "give it the call's parameters",
				  "%s in %s has %u parameters, %s of %s has %u", c->symbol, place,
				  fn->nparams, r->call, c->domain, r->n);
	for (unsigned i = 0; i < r->n; i++) {
		const struct param *p = &fn->param[i];

		if (!remote_agrees(p->type, r->types[i]))
			return spec_error(
				&c->at, "give it the call's parameters",
				"parameter %u of %s in %s, %s %s, differs from that of %s of %s (%s)",
				i + 1, c->symbol, place, p->type->name, p->name, r->call, c->domain,
				r->types[i]);
		if (!*p->name)
			return spec_error(&c->at, "give it a name",
					  "parameter %u of %s in %s has no name", i + 1, c->symbol,
					  place);
	}
	return 0;
}

static int remote_match(const struct graph *g, uint32_t def_id, struct spec_cut *c)
{
	const char *file = graph_file(g, def_id);
	char *place = xasprintf("%s:%u", file, graph_def(g, def_id)->line);
	struct types t = {0};
	struct calltype fn;
	int r = -1;

	if (graph_def(g, def_id)->flags & DEF_HEADER)
		spec_error(&c->at, "name a function of a .c file", "%s is in a header, %s",
			   c->symbol, place);
	else
		r = types_function(&t, g->db, file, c->symbol, &fn);
	if (!r)
		r = remote_compare(c, &fn, place);
	for (unsigned i = 0; !r && i < fn.nparams; i++) {
		free(c->remote->names[i]);
		c->remote->names[i] = xstrdup(fn.param[i].name);
		c->remote->pointer[i] = fn.param[i].type->kind == TYPE_PTR;
	}
	types_free(&t);
	free(place);
	return r;
}

/* ---- bodies ---- */

static int match_body(struct matcher *m, uint32_t def_id)
{
	struct graph *g = m->g;
	const struct facts *f = graph_facts(g, def_id);
	const struct fact_def *d = graph_def(g, def_id);
	uint64_t *v = strmap_get(&m->bodies, graph_name(g, def_id));
	struct spec_cut *c;
	bool is_void;

	if (!v)
		return 0;
	c = &g->spec->cuts[*v - 1];
	if (c->kind == CUT_REPLACE) {
		c->matched += !strcmp(c->in.a[0], graph_file(g, def_id));
		return 0;
	}
	if (d->kind != DEF_FUNC || !d->body)
		return 0;
	c->matched++;
	g->body_cut[def_id] = *v;
	if (d->flags & DEF_MACRO)
		return spec_error(&c->at, "cut the function it calls instead",
				  "%s in %s:%u is written by a macro", c->symbol,
				  graph_file(g, def_id), d->line);
	if (c->kind == CUT_REMOTE)
		return remote_match(g, def_id, c);
	is_void = !strcmp(fact_str(f, d->type), "void");
	if (c->kind == CUT_RETURN && is_void != !c->value)
		return spec_error(&c->at,
				  is_void ? "remove \"value\"" : "give the \"value\" to return",
				  "%s in %s:%u returns %s", c->symbol, graph_file(g, def_id),
				  d->line, fact_str(f, d->type));
	return 0;
}

static int compare_drops(const void *pa, const void *pb)
{
	const struct dropping *a = pa, *b = pb;

	if (a->def_id != b->def_id)
		return a->def_id < b->def_id ? -1 : 1;
	if (a->beg != b->beg)
		return a->beg < b->beg ? -1 : 1;
	return a->end > b->end ? -1 : a->end < b->end;
}

/* Sorts, and removes droppings inside others. */
static void order_drops(struct graph *g)
{
	size_t n = 0;

	if (g->drops.n)
		qsort(g->drops.a, g->drops.n, sizeof(*g->drops.a), compare_drops);
	for (size_t i = 0; i < g->drops.n; i++) {
		const struct dropping *d = &g->drops.a[i], *last = n ? &g->drops.a[n - 1] : NULL;

		if (!last || last->def_id != d->def_id || d->beg >= last->end)
			g->drops.a[n++] = *d;
	}
	g->drops.n = n;
}

const struct dropping *drops_of(const struct graph *g, uint32_t def_id, size_t *n)
{
	size_t lo = 0, hi = g->drops.n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (g->drops.a[mid].def_id < def_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (*n = 0; lo + *n < g->drops.n && g->drops.a[lo + *n].def_id == def_id;)
		++*n;
	return g->drops.a + lo;
}

/* Does this configuration have one of these symbols and files? No names: no condition. */
static bool any_name_defined(const struct graph *g, const struct spec_names *names,
			     const struct strmap *defined)
{
	for (size_t i = 0; i < names->n; i++) {
		if (strmap_get(defined, names->a[i]))
			return true;
		for (size_t k = 0; strchr(names->a[i], '/') && k < g->db->ntus; k++)
			if (!strcmp(g->db->tus[k].source, names->a[i]))
				return true;
	}
	return !names->n;
}

/* Groups are shared: a symbol that is missing or never called here may exist in another
 * configuration. */
static bool group_may_miss(const struct graph *g, const struct spec_cut *c,
			   const struct strmap *defined)
{
	if (!c->group)
		return false;
	if (!strmap_get(defined, c->symbol) || !any_name_defined(g, &c->in, defined) ||
	    !any_name_defined(g, &c->naming, defined))
		return true;
	return c->kind == CUT_DROP && !c->in.n && !c->naming.n;
}

/* Another name of an entry with "any" has hit something. */
static bool alternative_matched(const struct spec *spec, const struct spec_cut *c)
{
	for (size_t i = c->entry; c->any && i < spec->ncuts && spec->cuts[i].entry == c->entry; i++)
		if (spec->cuts[i].matched)
			return true;
	return false;
}

/* `defined`: symbols defined by .c files of this configuration; inline stubs in headers don't
 * count. */
static int report_unmatched(struct matcher *m, const struct strmap *defined)
{
	struct spec *spec = m->g->spec;
	int r = 0;

	for (size_t i = 0; i < spec->ncuts; i++) {
		struct spec_cut *c = &spec->cuts[i];
		const char *what = c->kind == CUT_DROP ? "no call of it" : "no definition of it";
		bool there = strmap_get(defined, c->symbol);

		if (c->matched || group_may_miss(m->g, c, defined) || alternative_matched(spec, c))
			continue;
		r = spec_error(&c->at,
			       "correct the name or its \"in\"/\"naming\", or remove the cut",
			       "cut matches nothing: \"%s\": %s%s", c->symbol,
			       there ? what : "no such symbol in this configuration",
			       there && c->in.n ? " there" : "");
	}
	for (size_t k = 0; k < spec->ngroups; k++) {
		bool any = false;

		for (size_t i = 0; i < spec->ncuts; i++)
			any |= spec->cuts[i].matched && spec->cuts[i].group &&
			       !strcmp(spec->cuts[i].group, spec->groups[k].name);
		if (!any)
			r = spec_error(&spec->groups[k].at, "remove it from \"cuts\"",
				       "cut group \"%s\" matches nothing in this configuration",
				       spec->groups[k].name);
	}
	return r;
}

int cuts_match(struct graph *g)
{
	struct matcher m = {.g = g};
	struct strmap defined = {0};
	int r = 0;

	index_cuts(&m);
	for (uint32_t def_id = 0; def_id < g->ndefs; def_id++) {
		const struct fact_def *d = graph_def(g, def_id);

		match_calls(&m, def_id);
		if (d->flags & DEF_HEADER && !d->ncall)
			match_header_calls(&m, def_id);
		if (d->flags & DEF_INITCALL)
			match_initcall(&m, def_id);
		if (d->kind != DEF_FUNC && d->kind != DEF_VAR)
			continue;
		if (!(d->flags & DEF_HEADER) && d->name)
			strmap_add(&defined, graph_name(g, def_id), NULL);
		if (match_body(&m, def_id))
			r = -1;
	}
	order_drops(g);
	if (report_unmatched(&m, &defined))
		r = -1;
	strmap_free(&defined);
	strmap_free(&m.drops);
	strmap_free(&m.bodies);
	free(m.same);
	return r;
}

static const char *symbol_result_type(const struct graph *g, const char *symbol)
{
	uint32_t n = graph_node(g, symbol);

	if (n == NONE || g->nodes.a[n].first == NONE)
		return "";
	return fact_str(graph_facts(g, g->nodes.a[n].first),
			graph_def(g, g->nodes.a[n].first)->type);
}

static bool unit_drops(const struct graph *g, const struct unit *u, const struct dropping *d)
{
	for (uint32_t i = 0; i < u->n; i++) {
		size_t n;
		const struct dropping *drops = drops_of(g, g->unit_defs[u->first + i], &n);

		for (size_t k = 0; k < n; k++)
			if (drops[k].cut == d->cut && drops[k].beg == d->beg &&
			    drops[k].end == d->end)
				return true;
	}
	return false;
}

/* Other translation units that include the text may call something else there. */
static int check_same_text(const struct graph *g, const struct dropping *d)
{
	const struct unit *u = &g->units.a[g->unit_of[d->def_id]], *other;
	const struct spec_cut *c = &g->spec->cuts[d->cut];

	for (uint32_t i = u->same; (other = &g->units.a[i]) != u; i = other->same)
		if (other->kept && !unit_drops(g, other, d))
			return spec_error(&c->at, "cut the body of what it calls instead",
					  "the call of %s in %s is another function's in %s, "
					  "which includes the same text",
					  c->symbol, graph_file(g, d->def_id),
					  g->db->tus[other->tu].source);
	return 0;
}

int cuts_check(const struct graph *g)
{
	int r = 0;

	for (size_t i = 0; i < g->drops.n; i++) {
		const struct dropping *d = &g->drops.a[i];
		const struct spec_cut *c = &g->spec->cuts[d->cut];

		if (!g->kept[d->def_id])
			continue;
		r |= check_same_text(g, d);
		if (d->macro)
			r = spec_error(&c->at,
				       "drop a call that isn't in a macro, or replace the function",
				       "the call of %s in %s (%s) is inside a macro", c->symbol,
				       graph_name(g, d->def_id), graph_file(g, d->def_id));
		else if (!d->stmt && !c->value && strcmp(symbol_result_type(g, c->symbol), "void"))
			r = spec_error(&c->at, "give the \"value\" that replaces the result",
				       "%s in %s (%s) uses the result of %s",
				       graph_name(g, d->def_id), graph_file(g, d->def_id),
				       "an expression", c->symbol);
	}
	return r;
}

void cuts_list_absent(const struct graph *g, FILE *out)
{
	for (size_t i = 0; i < g->spec->ncuts; i++) {
		const struct spec_cut *c = &g->spec->cuts[i];

		if (!c->matched && c->group)
			fprintf(out, "  %s: %s %s: nothing to cut in this configuration\n",
				c->group, cut_kind_name(c->kind), c->symbol);
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * asked.c: keys that the spec asks for, by routes and devices, and that the configuration asks for;
 * and the report of what nothing registers, or only run time knows.
 */
#include "closure/registered.h"
#include "spec/json.h"
#include "stubs/types.h"
#include <ctype.h>
#include <stdlib.h>

#define LISTED 8 /* keys in a message */

static bool is_number(const char *s)
{
	return isdigit((unsigned char)*s) || (*s == '-' && isdigit((unsigned char)s[1]));
}

static const struct registry *registry_of(const struct registered *r, uint32_t i)
{
	return &r->g->spec->registries[i];
}

/* ---- wishes ---- */

static struct wish *add_wish(struct registered *r, uint32_t registry,
			     const struct registry_ask *ask, const struct spec_place *at)
{
	struct wish *w = vec_add(&r->wishes);

	*w = (struct wish){.registry = registry, .ask = ask, .at = at};
	return w;
}

static void ask_by_route(struct registered *r, uint32_t registry, const struct registry_ask *ask,
			 const struct spec_route *route)
{
	const struct spec_condition *c = NULL;

	for (size_t i = 0; i < route->nwhen; i++)
		if (!strcmp(route->when[i].arg, ask->name))
			c = &route->when[i];
	if (!c)
		add_wish(r, registry, ask, &route->at)->arg = route->call;
	for (size_t i = 0; c && i < c->nvalues; i++) {
		struct wish *w = add_wish(r, registry, ask, &route->at);

		w->name = c->values[i];
		w->arg = route->call;
		w->unanswered = !condition_answers(c, c->values[i]);
		if (is_number(w->name))
			w->constant = xasprintf("%lld", strtoll(w->name, NULL, 0));
	}
}

static void ask_by_routes(struct registered *r, uint32_t registry, const struct registry_ask *ask)
{
	const struct spec *spec = r->g->spec;

	for (size_t i = 0; i < spec->nroutes; i++)
		for (size_t k = 0; k < ask->calls.n; k++)
			if (spec->routes[i].kind == ROUTE_CALL &&
			    !strcmp(spec->routes[i].call, ask->calls.a[k]))
				ask_by_route(r, registry, ask, &spec->routes[i]);
}

static void ask_by_devices(struct registered *r, uint32_t registry, const struct registry_ask *ask)
{
	const struct spec *spec = r->g->spec;
	struct spec_file *f = spec->files;
	struct spec_place *at;
	json_t *device;
	size_t i;

	while (f && f->next) /* the spec itself is the oldest */
		f = f->next;
	json_array_foreach (spec->devices, i, device) {
		const char *value = json_string_value(json_object_get(device, ask->name));
		struct wish *w;

		if (!value)
			continue;
		at = spec_own(f, xcalloc(1, sizeof(*at)));
		*at = spec_at(f, "/devices/%zu/%s", i, ask->name);
		w = add_wish(r, registry, ask, at);
		w->name = value;
		w->constant = xstrdup(value);
	}
}

/* The value of CONFIG_name in .config, without quotes; NULL: it isn't set. */
static char *option_value(const struct graph *g, const char *name)
{
	char *path = xasprintf("%s/.config", g->db->objdir), *text = read_file(path, NULL);
	char *line = xasprintf("\nCONFIG_%s=", name), *s = text ? strstr(text, line) : NULL;
	char *value = NULL;

	if (s) {
		s += strlen(line);
		s += *s == '"';
		value = xstrndup(s, strcspn(s, "\"\n"));
	}
	free(line);
	free(text);
	free(path);
	return value;
}

static void ask_by_option(struct registered *r, uint32_t registry, const struct registry_ask *ask)
{
	char *value = option_value(r->g, ask->name);
	const char *percent = ask->as ? strstr(ask->as, "%s") : NULL;
	struct wish *w;

	if (!value)
		return;
	w = add_wish(r, registry, ask, &registry_of(r, registry)->at);
	w->constant = percent ? xasprintf("%.*s%s%s", (int)(percent - ask->as), ask->as, value,
					  percent + 2)
			      : xstrdup(value);
	free(value);
}

/* A unit that sees the registry's constants: that of a registering function. */
static const char *unit_of_registry(const struct registered *r, uint32_t registry)
{
	const struct registry *reg = registry_of(r, registry);

	for (size_t i = 0; i < reg->nregisters; i++)
		for (size_t k = 0; k < reg->registers[i].names.n; k++) {
			uint32_t n = graph_node(r->g, reg->registers[i].names.a[k]);

			uint32_t d = n == NONE ? NONE : r->g->nodes.a[n].first;

			if (d != NONE && r->g->tu_of[d] < r->g->db->ntus)
				return r->g->db->tus[r->g->tu_of[d]].source;
		}
	return NULL;
}

/* Values of names such as AF_INET; what the unit doesn't know stays without. */
static void resolve_names(struct registered *r, uint32_t registry)
{
	size_t n = r->wishes.n, m = 0;
	const char *unit = unit_of_registry(r, registry);
	const char **names = xcalloc(n + 1, sizeof(*names));
	int64_t *values = xcalloc(n + 1, sizeof(*values));
	bool *known = xcalloc(n + 1, sizeof(*known));

	for (size_t i = 0; i < n; i++)
		if (r->wishes.a[i].registry == registry && !r->wishes.a[i].constant &&
		    r->wishes.a[i].name)
			names[m++] = r->wishes.a[i].name;
	if (m && unit && types_constants(r->g->db, unit, names, m, values, known))
		r->errors = -1;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++)
			if (r->wishes.a[i].name == names[k] && known[k] && !r->wishes.a[i].constant)
				r->wishes.a[i].constant = xasprintf("%lld", (long long)values[k]);
	free(names);
	free(values);
	free(known);
}

void asked_make(struct registered *r)
{
	for (uint32_t i = 0; i < r->g->spec->nregistries; i++) {
		const struct registry *reg = registry_of(r, i);

		for (size_t k = 0; k < reg->nasks; k++) {
			const struct registry_ask *ask = &reg->asks[k];

			if (ask->kind == ASK_ROUTE)
				ask_by_routes(r, i, ask);
			else if (ask->kind == ASK_DEVICE)
				ask_by_devices(r, i, ask);
			else if (ask->kind == ASK_OPTION)
				ask_by_option(r, i, ask);
			else
				add_wish(r, i, ask, &reg->at);
		}
		resolve_names(r, i);
	}
}

/* ---- messages ---- */

void key_print(const struct registered *r, const struct key *k, struct strbuf *out)
{
	if (!*k->constant)
		sb_puts(out, graph_name(r->g, k->registrar));
	else if (!is_number(k->constant))
		sb_printf(out, "\"%s\"", k->constant);
	else if (*k->text)
		sb_printf(out, "%s (%s)", k->text, k->constant);
	else
		sb_puts(out, k->constant);
}

static bool key_is_kept(const struct registered *r, const struct key *k)
{
	return !k->cut && r->g->kept[k->registrar];
}

/* The longest text that both have: PF_INET is near to AF_INET6. */
static size_t longest_common(const char *a, const char *b)
{
	size_t best = 0;

	for (size_t i = 0; a[i]; i++)
		for (size_t k = 0, n; b[k]; k++) {
			for (n = 0; a[i + n] && a[i + n] == b[k + n];)
				n++;
			best = n > best ? n : best;
		}
	return best;
}

/* How near a key is to the wanted one: 1000 is the same. */
static size_t key_nearness(const struct key *k, const struct wish *w)
{
	bool named = *k->text && w->name && !is_number(w->name);
	const char *want = named || !w->constant ? w->name : w->constant;
	const char *have = named ? k->text : k->constant;

	return 2000 * longest_common(want, have) / (strlen(want) + strlen(have) + 1);
}

struct near_key {
	const struct key *key;
	size_t score;
};

static int compare_near(const void *pa, const void *pb)
{
	const struct near_key *a = pa, *b = pb;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

static bool key_listed_before(const struct near_key *v, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(v[k].key->constant, v[i].key->constant) &&
		    v[k].key->registrar == v[i].key->registrar)
			return true;
	return false;
}

/* Keys of a registry, nearest first: those that are kept, or not; a wish: nearest to it. */
static size_t list_keys(const struct registered *r, uint32_t registry, const struct wish *w,
			int kept, struct strbuf *out)
{
	struct near_key *v = xcalloc(r->keys.n + 1, sizeof(*v));
	size_t n = 0, listed = 0;

	for (size_t i = 0; i < r->keys.n; i++) {
		const struct key *k = &r->keys.a[i];

		if (k->registry == registry && (kept < 0 || key_is_kept(r, k) == !!kept) &&
		    (kept < 0 || !k->cut))
			v[n++] = (struct near_key){k, w ? key_nearness(k, w) : 0};
	}
	qsort(v, n, sizeof(*v), compare_near);
	for (size_t i = 0; i < n; i++) {
		if (key_listed_before(v, i))
			continue;
		if (listed++ >= LISTED)
			continue;
		sb_puts(out, listed > 1 ? ", " : "");
		key_print(r, v[i].key, out);
		sb_printf(out, " %s%s", graph_file(r->g, v[i].key->registrar),
			  v[i].key->cut ? " (cut)" : "");
	}
	if (listed > LISTED)
		sb_printf(out, " and %zu more", listed - LISTED);
	free(v);
	return listed;
}

static void note(struct registered *r, char *s)
{
	*vec_add(&r->g->notes) = s;
}

/* ---- the report ---- */

/* A key that answers, wherever its registration is cut away. */
static const struct key *key_for(const struct registered *r, const struct wish *w, bool kept)
{
	for (size_t i = 0; w->constant && i < r->keys.n; i++) {
		const struct key *k = &r->keys.a[i];

		if (k->registry == w->registry && key_answers(r, k, w->constant) &&
		    (kept ? key_is_kept(r, k) : k->cut))
			return k;
	}
	return NULL;
}

static char *wish_text(const struct registered *r, const struct wish *w)
{
	const char *registry = registry_of(r, w->registry)->name;

	switch (w->ask->kind) {
	case ASK_ROUTE:
		return xasprintf("the route of %s() asks for the %s %s", w->arg, registry, w->name);
	case ASK_DEVICE:
		return xasprintf("\"%s\" asks for the %s \"%s\"", w->ask->name, registry,
				 w->constant);
	default:
		return xasprintf("CONFIG_%s asks for the %s \"%s\"", w->ask->name, registry,
				 w->constant);
	}
}

static int report_unanswered(const struct registered *r, const struct wish *w)
{
	const struct key *cut = key_for(r, w, false);
	char *text = wish_text(r, w);
	struct strbuf cure = {0};
	int e;

	if (cut)
		sb_printf(&cure, "leave out the cut that takes %s() away",
			  graph_name(r->g, cut->registrar));
	else if (w->constant)
		sb_printf(&cure, "correct it, or switch it on in %s", r->g->spec->config);
	else
		sb_printf(&cure, "name a constant that %s sees, or a number",
			  unit_of_registry(r, w->registry) ?: "the kernel");
	if (w->ask->kind == ASK_ROUTE)
		sb_printf(&cure, "; if it shall fail, add \"unanswered\": [\"%s\"] to the route",
			  w->name);
	sb_puts(&cure, "; there are: ");
	if (!list_keys(r, w->registry, w, -1, &cure))
		sb_puts(&cure, "none");
	e = spec_error(w->at, cure.s, "%s, %s", text,
		       cut	     ? "whose registration in this spec is cut away"
		       : w->constant ? "which nothing in this configuration registers"
				     : "which isn't known");
	sb_free(&cure);
	free(text);
	return e;
}

static int report_answered(const struct registered *r, const struct wish *w, const struct key *k)
{
	char *cure = xasprintf("remove it from \"unanswered\": %s() registers it",
			       graph_name(r->g, k->registrar));
	int e = spec_error(w->at, cure, "%s is answered", w->name);

	free(cure);
	return e;
}

/* A route that leaves the key to the program: then at least one must be there. */
static int report_any(struct registered *r, const struct wish *w)
{
	const struct registry *reg = registry_of(r, w->registry);
	struct strbuf b = {0};
	int e;

	if (list_keys(r, w->registry, NULL, 1, &b) || w->ask->optional) {
		sb_free(&b);
		return 0;
	}
	sb_free(&b);
	sb_printf(&b,
		  "give the route \"arg\": \"%s\" and \"values\", or keep one of: ", w->ask->name);
	if (!list_keys(r, w->registry, NULL, -1, &b))
		sb_puts(&b, "(nothing registers one)");
	e = spec_error(w->at, b.s,
		       "the route of %s() leaves the %s to the program, and none is kept", w->arg,
		       reg->name);
	sb_free(&b);
	return e;
}

static void note_answer(struct registered *r, const struct wish *w, const struct key *k)
{
	struct strbuf b = {0};

	sb_printf(&b, "%s ", registry_of(r, w->registry)->name);
	key_print(r, k, &b);
	sb_printf(&b, " by %s() in %s", graph_name(r->g, k->registrar),
		  graph_file(r->g, k->registrar));
	*vec_add(&r->g->answers) = b.s;
}

static int report_wish(struct registered *r, const struct wish *w)
{
	const struct key *k;

	if (!w->seen || w->ask->kind == ASK_ALL)
		return 0;
	if (!w->name && w->ask->kind == ASK_ROUTE)
		return report_any(r, w);
	k = key_for(r, w, true);
	if (w->unanswered)
		return k ? report_answered(r, w, k) : 0;
	if (!k && !w->ask->optional)
		return report_unanswered(r, w);
	if (k && w->ask->kind == ASK_ROUTE)
		note_answer(r, w, k);
	return 0;
}

/* Has the spec said which keys of the registry it wants? */
static bool registry_is_asked(const struct registered *r, uint32_t registry)
{
	for (size_t i = 0; i < r->wishes.n; i++) {
		const struct wish *w = &r->wishes.a[i];

		if (w->registry == registry && w->seen && (w->name || w->ask->kind == ASK_ALL))
			return true;
	}
	return false;
}

static void note_run_time(struct registered *r, const struct finder *f)
{
	struct strbuf b = {0}, others = {0};
	size_t n;

	if (r->reported[f->registry] || registry_is_asked(r, f->registry) ||
	    !registry_of(r, f->registry)->keys.n)
		return;
	r->reported[f->registry] = true;
	sb_printf(&b, "%s: %s() in %s asks %s() for one that only run time knows; kept: ",
		  registry_of(r, f->registry)->name, graph_name(r->g, f->def_id),
		  graph_file(r->g, f->def_id), f->callee);
	if (!list_keys(r, f->registry, NULL, 1, &b))
		sb_puts(&b, "none");
	n = list_keys(r, f->registry, NULL, 0, &others);
	if (n)
		sb_printf(&b, "; not kept: %s", others.s);
	note(r, b.s);
	sb_free(&others);
}

/* A constant that nothing registers: often code can do without. */
static void note_missing(struct registered *r, const struct finder *f)
{
	struct wish w = {.registry = f->registry, .constant = (char *)f->constant};
	struct key k = {.constant = f->constant, .text = f->text};
	struct strbuf b = {0};

	if (!registry_of(r, f->registry)->keys.n || !*f->constant || key_for(r, &w, true))
		return;
	sb_printf(&b, "%s: %s() in %s asks %s() for ", registry_of(r, f->registry)->name,
		  graph_name(r->g, f->def_id), graph_file(r->g, f->def_id), f->callee);
	key_print(r, &k, &b);
	sb_puts(&b, key_for(r, &w, false) ? ", whose registration is cut away"
					  : ", which nothing in the slice registers");
	note(r, b.s);
}

/* A notifier that is called, and whoever would listen is left out. */
static void note_unheard(struct registered *r, uint32_t registry)
{
	uint32_t finder = registry_finder(r, registry);
	struct strbuf b = {0}, others = {0};

	if (registry_of(r, registry)->keys.n || finder == NONE)
		return;
	if (!list_keys(r, registry, NULL, 1, &b) && list_keys(r, registry, NULL, 0, &others)) {
		sb_printf(&b, "%s: %s() tells nobody; not kept: %s", registry_of(r, registry)->name,
			  graph_name(r->g, finder), others.s);
		note(r, b.s);
		b.s = NULL;
	}
	free(b.s);
	sb_free(&others);
}

int asked_report(struct registered *r)
{
	int e = r->errors;

	for (size_t i = 0; i < r->wishes.n; i++)
		if (report_wish(r, &r->wishes.a[i]))
			e = -1;
	for (size_t i = 0; i < r->finders.n; i++) {
		const struct finder *f = &r->finders.a[i];

		if (!r->g->kept[f->def_id])
			continue;
		if (f->constant)
			note_missing(r, f);
		else
			note_run_time(r, f);
	}
	for (uint32_t i = 0; i < r->g->spec->nregistries; i++)
		note_unheard(r, i);
	return e;
}

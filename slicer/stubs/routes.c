// SPDX-License-Identifier: GPL-2.0
/*
 * routes.c: the spec's routes + types of the calls => per call how the client recognises it as the
 * domain's (a parameter and its values, or the files it names). Also checks that the routes are
 * consistent.
 */
#include "stubs/marshal.h"
#include "spec/spec.h"

/* By either of its names: a spec may use the tree's. */
static struct mcall *call_named(const struct marshal *m, const char *name)
{
	for (size_t i = 0; i < m->ncalls; i++)
		if (!strcmp(m->calls[i].ct->name, name) || !strcmp(m->calls[i].ct->entry, name))
			return &m->calls[i];
	return NULL;
}

static int key_param(const struct spec_route *r, const char *arg, struct mcall *c, int *param)
{
	struct strbuf b = {0};
	int e;

	for (unsigned i = 0; i < c->n; i++) {
		if (!strcmp(c->p[i].name, arg)) {
			*param = (int)i;
			if (c->p[i].type->kind == TYPE_INT)
				return 0;
			return spec_error(&r->at, "name a parameter that is a number",
					  "%s of %s is none", arg, r->call);
		}
		sb_printf(&b, "%s%s", i ? ", " : "its parameters are: ", c->p[i].name);
	}
	e = spec_error(&r->at, b.s ?: "it has none", "\"%s\" has no parameter \"%s\"", r->call,
		       arg);
	sb_free(&b);
	return e;
}

static int key_value(struct marshal *m, const struct spec_route *r, const char *text, uint64_t *out)
{
	json_t *name = json_string(text);
	int64_t x = 0;
	bool known = marshal_value(m, name, &x);

	json_decref(name);
	*out = (uint64_t)x;
	return known ? 0
		     : spec_error(
			       &r->at,
			       "a number, or a constant of a header that an annotation group names",
			       "\"%s\" is not known", text);
}

/* In the form the client compares: the parameter's width, unsigned. */
static int key_values(struct marshal *m, const struct spec_route *r, const struct spec_condition *w,
		      const struct mcall *c, struct mkey *k)
{
	size_t size = c->p[k->param].type->size;
	uint64_t width = size < 8 ? (1ull << 8 * size) - 1 : ~0ull;

	if (w->nvalues > MARSHAL_MAX_KEYS)
		return spec_error(&r->at, "give at most 8", "%zu values", w->nvalues);
	k->mask = width;
	if (w->mask && key_value(m, r, w->mask, &k->mask))
		return -1;
	k->mask &= width;
	k->values = marshal_keep(m, xcalloc(w->nvalues, sizeof(*k->values)));
	for (size_t i = 0; i < w->nvalues; i++) {
		if (key_value(m, r, w->values[i], &k->values[i]))
			return -1;
		k->values[i] &= width;
		if (k->values[i] & ~k->mask)
			return spec_error(&r->at, "leave out one of them, or widen the mask",
					  "%s has bits that the mask %s hides: it never matches",
					  w->values[i], w->mask);
	}
	k->names = w->values;
	k->n = w->nvalues;
	return 0;
}

static int route_keys(struct marshal *m, const struct spec_route *r, struct mcall *c)
{
	for (size_t i = 0; i < r->nwhen; i++) {
		struct mkey *k = &c->key[c->nkeys++];

		if (key_param(r, r->when[i].arg, c, &k->param) ||
		    key_values(m, r, &r->when[i], c, k))
			return -1;
	}
	return 0;
}

unsigned call_fds(const struct mcall *c)
{
	unsigned fds = 0;

	for (unsigned i = 0; i < c->n; i++)
		fds |= c->p[i].fd ? 1u << i : 0;
	return fds;
}

unsigned call_paths(const struct mcall *c)
{
	unsigned paths = 0;

	for (unsigned i = 0; i < c->n; i++)
		paths |= c->p[i].path ? 1u << i : 0;
	return paths;
}

const char *route_name(enum mroute r)
{
	static const char *const names[] = {"none", "fd", "key", "path", "mirrored"};

	return names[r];
}

static bool spec_routes_paths(const struct spec *spec)
{
	for (size_t i = 0; i < spec->nroutes; i++)
		if (spec->routes[i].kind == ROUTE_PATH)
			return true;
	return false;
}

/* Rejects routes of calls that can't be mirrored or are routed by other means. */
static int refuse_route(const struct marshal *m, const struct spec_route *r, const struct mcall *c)
{
	bool mirrored = r->kind == ROUTE_MIRRORED;

	if (c->by && (c->by->kind == ROUTE_MIRRORED) != mirrored)
		return spec_error(
			&r->at,
			"remove one of the two: such a call is the domain's, or the host's and told to the domain",
			"\"%s\" has a route by \"call\" and one by \"mirrored\"", r->call);
	if (c->by)
		return spec_error(&r->at, "put all values into one", "two routes of \"%s\"",
				  r->call);
	if (c->route_none)
		return spec_error(
			&r->at,
			"leave the route out: what such a call makes goes to a domain with the first of its fds",
			"the client handles \"%s\" itself (\"route\": \"none\" in its annotation)",
			r->call);
	if (call_paths(c) && (mirrored || spec_routes_paths(m->spec)))
		return spec_error(&r->at, "leave the route out",
				  "\"%s\" names files: it goes where they are", r->call);
	if (call_fds(c) && (mirrored || !r->nwhen))
		return spec_error(&r->at, "leave the route out",
				  "\"%s\" takes descriptors: it goes where they are", r->call);
	if (makes_fds(c) && mirrored)
		return spec_error(&r->at, "give it a route by \"call\"",
				  "\"%s\" makes descriptors: they are of one place", r->call);
	return 0;
}

static int apply_route(struct marshal *m, const struct spec_route *r)
{
	struct mcall *c = call_named(m, r->call);

	if (!c)
		return spec_error(&r->at, "add it to \"calls\"", "\"%s\" is not one of the calls",
				  r->call);
	if (refuse_route(m, r, c))
		return -1;
	c->by = r;
	c->route = r->kind == ROUTE_MIRRORED ? MROUTE_MIRRORED : MROUTE_KEY;
	return route_keys(m, r, c);
}

/* A route by path needs a call that names a file. */
static int check_needs_paths(const struct marshal *m)
{
	for (size_t i = 0; i < m->spec->nroutes; i++) {
		const struct spec_route *r = &m->spec->routes[i];
		size_t k = 0;

		while (r->path && k < m->ncalls && m->calls[k].route != MROUTE_PATH)
			k++;
		if (r->path && k == m->ncalls)
			return spec_error(
				&r->at,
				"add some to \"calls\" (openat, newfstatat ...), or say \"path\": true in an annotation",
				"a route by path, and none of the calls has a parameter that names a file");
	}
	return 0;
}

/* Stubs and client need close: for descriptors that can't be returned, and those that the program
 * closes. */
static int check_needs_close(const struct marshal *m)
{
	if (call_named(m, "close"))
		return 0;
	for (size_t i = 0; i < m->ncalls; i++)
		if (!m->calls[i].route_none && makes_fds(&m->calls[i]))
			return spec_error(&m->spec->calls[0].at, "add \"close\" to \"calls\"",
					  "\"%s\" makes descriptors, and no call closes them",
					  m->calls[i].ct->name);
	return 0;
}

/* Calls without a route of their own: by their files or descriptors, if any. */
static int route_unnamed_call(const struct marshal *m, struct mcall *c)
{
	if (__builtin_popcount(call_paths(c)) > MARSHAL_MAX_PATHS)
		return err(c->ct->name, "say \"path\": false for some in an annotation",
			   "more than %d parameters that name files", MARSHAL_MAX_PATHS);
	if (c->route_none || c->by)
		return 0;
	c->route = call_paths(c) && spec_routes_paths(m->spec) ? MROUTE_PATH
		   : call_fds(c)			       ? MROUTE_FD
							       : MROUTE_NONE;
	return 0;
}

int marshal_routes(struct marshal *m)
{
	for (size_t i = 0; i < m->spec->nroutes; i++)
		if (m->spec->routes[i].kind != ROUTE_PATH && apply_route(m, &m->spec->routes[i]))
			return -1;
	for (size_t i = 0; i < m->ncalls; i++)
		if (route_unnamed_call(m, &m->calls[i]))
			return -1;
	return check_needs_paths(m) || check_needs_close(m) ? -1 : 0;
}

/* ---- what `kslice check` prints ---- */

static void print_route(const struct mcall *c)
{
	const char *sep = "(";

	printf(" %s", c->ct->name);
	for (unsigned i = 0; c->route == MROUTE_PATH && i < c->n; i++) {
		if (!c->p[i].path)
			continue;
		printf(c->p[i].dirfd >= 0 ? "%s%s of %s" : "%s%s", sep, c->p[i].name,
		       c->p[i].dirfd >= 0 ? c->p[c->p[i].dirfd].name : "");
		sep = ", ";
	}
	for (size_t i = 0; i < c->nkeys; i++) {
		printf(i ? ", %s" : "(%s", c->p[c->key[i].param].name);
		if (c->by->when[i].mask)
			printf(" & %s", c->by->when[i].mask);
		for (size_t k = 0; k < c->key[i].n; k++)
			printf(" %s", c->key[i].names[k]);
	}
	printf(c->nkeys || sep[0] == ',' ? ")" : "");
}

void routes_print(const struct marshal *m)
{
	static const char *const what[] = {"by the client itself, or by their stubs' names only",
					   "by their descriptors", "always, or by a value",
					   "by path", "the host's, and told to the domain"};

	printf("routes of %s:\n", m->domain);
	for (int r = MROUTE_MIRRORED; r >= 0; r--) {
		bool first = true;

		for (size_t i = 0; i < m->ncalls; i++) {
			if ((int)m->calls[i].route != r)
				continue;
			if (first)
				printf("  %s", what[r]);
			for (size_t k = 0; first && r == MROUTE_PATH && k < m->spec->nroutes; k++)
				if (m->spec->routes[k].path)
					printf(" %s", m->spec->routes[k].path);
			printf(first ? ":" : ",");
			first = false;
			print_route(&m->calls[i]);
		}
		printf(first ? "" : "\n");
	}
}

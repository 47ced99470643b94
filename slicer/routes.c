// SPDX-License-Identifier: GPL-2.0
/*
 * routes.c: the spec's routes, against the types of the calls => per call the parameter and the values by which the
 * client knows it; and whether what a program can reach holds together.
 */
#include "marshal.h"
#include "spec.h"

/* By either of its names: a spec may call it as the tree does. */
static struct mcall *call_named(const struct marshal *m, const char *name)
{
	for (size_t i = 0; i < m->ncalls; i++)
		if (!strcmp(m->calls[i].ct->name, name) || !strcmp(m->calls[i].ct->entry, name))
			return &m->calls[i];
	return NULL;
}

static int key_param(const struct spec_route *r, struct mcall *c)
{
	struct strbuf b = {0};
	int e;

	for (unsigned i = 0; i < c->n; i++) {
		if (!strcmp(c->p[i].name, r->arg)) {
			c->key = (int)i;
			if (c->p[i].type->kind == TYPE_INT)
				return 0;
			return spec_error(&r->at, "name a parameter that is a number", "%s of %s is none", r->arg, r->call);
		}
		sb_printf(&b, "%s%s", i ? ", " : "its parameters are: ", c->p[i].name);
	}
	e = spec_error(&r->at, b.s ?: "it has none", "\"%s\" has no parameter \"%s\"", r->call, r->arg);
	sb_free(&b);
	return e;
}

/* As the client compares them: the parameter's own width, no sign. */
static int key_values(struct marshal *m, const struct spec_route *r, struct mcall *c)
{
	if (r->nvalues > MARSHAL_MAX_KEYS)
		return spec_error(&r->at, "give at most 8", "%zu values", r->nvalues);
	c->keymask = c->p[c->key].type->size < 8 ? (1ull << 8 * c->p[c->key].type->size) - 1 : ~0ull;
	c->keys = marshal_keep(m, xcalloc(r->nvalues, sizeof(*c->keys)));
	for (size_t i = 0; i < r->nvalues; i++) {
		json_t *name = json_string(r->values[i]);
		int64_t x;
		bool known = marshal_value(m, name, &x);

		json_decref(name);
		if (!known)
			return spec_error(&r->at, "a number, or a constant of a header that an annotation group names",
					  "\"%s\" is not known", r->values[i]);
		c->keys[i] = (uint64_t)x & c->keymask;
	}
	c->keynames = r->values;
	c->nkeys = r->nvalues;
	return 0;
}

static int one_route(struct marshal *m, const struct spec_route *r)
{
	struct mcall *c = call_named(m, r->call);

	if (!c)
		return spec_error(&r->at, "add it to \"calls\"", "\"%s\" is not one of the calls", r->call);
	if (c->nkeys)
		return spec_error(&r->at, "put all values into one", "two routes of \"%s\"", r->call);
	if (c->route_none)
		return spec_error(&r->at, "leave the route out: what such a call makes goes to a domain with the first of its fds",
				  "the client handles \"%s\" itself (\"route\": \"none\" in its annotation)", r->call);
	return key_param(r, c) ? -1 : key_values(m, r, c);
}

/* Stubs close what a program can't be told of, and the client what it has closed. */
static int need_close(const struct marshal *m)
{
	if (call_named(m, "close"))
		return 0;
	for (size_t i = 0; i < m->ncalls; i++)
		if (!m->calls[i].route_none && makes_fds(&m->calls[i]))
			return spec_error(&m->spec->calls[0].at, "add \"close\" to \"calls\"",
					  "\"%s\" makes descriptors, and no call closes them", m->calls[i].ct->name);
	return 0;
}

int marshal_routes(struct marshal *m)
{
	for (size_t i = 0; i < m->spec->nroutes; i++)
		if (one_route(m, &m->spec->routes[i]))
			return -1;
	return need_close(m);
}

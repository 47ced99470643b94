// SPDX-License-Identifier: GPL-2.0
/*
 * proposals.c: types and names of calls => routes, test bases and fixtures that a person would
 * write first. See questions.h. What neither type nor name tells has no proposal.
 */
#include "stubs/questions.h"
#include "commands/commands.h"

#include <stdlib.h>

enum { UNITS = 64, NONBLOCK = 04000, CREATE = 0102, MODE = 0600 }; /* Linux' O_ flags */

static size_t stem(const char *name)
{
	size_t n = strlen(name);

	while (n && name[n - 1] >= '0' && name[n - 1] <= '9')
		n--;
	return n;
}

static size_t common(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

/* ---- routes ---- */

static bool is_kin(const struct mcall *a, const struct mcall *b)
{
	size_t n = stem(a->ct->name);

	return a != b && n == stem(b->ct->name) && !strncmp(a->ct->name, b->ct->name, n);
}

/* Has c the parameters that b's route looks at? */
static bool has_keys_of(const struct mcall *c, const struct mcall *b)
{
	for (size_t k = 0; k < b->nkeys; k++) {
		unsigned i = 0;

		while (i < c->n && strcmp(c->p[i].name, b->p[b->key[k].param].name))
			i++;
		if (i == c->n)
			return false;
	}
	return true;
}

/* The kin's route with another call. */
static json_t *route_like(const struct marshal *m, const struct mcall *kin, const struct mcall *c)
{
	json_t *one, *copy;
	size_t i;

	json_array_foreach (json_object_get(m->spec->json, "routes"), i, one) {
		if (strcmp(json_string_value(json_object_get(one, "call")) ?: "", kin->by->call))
			continue;
		copy = json_deep_copy(one);
		json_object_set_new(copy, "call", json_string(call_in_spec(m, c)));
		return copy;
	}
	return NULL;
}

json_t *propose_route(const struct marshal *m, const struct mcall *c, const char **why)
{
	if (c->route_none || c->by || c->route == MROUTE_PATH || !m->spec->nroutes)
		return NULL;
	for (size_t i = 0; i < m->ncalls; i++) {
		const struct mcall *kin = &m->calls[i];

		if (!kin->by || kin->by->kind != ROUTE_CALL || !is_kin(c, kin) ||
		    (c->route == MROUTE_FD && !kin->nkeys) || !has_keys_of(c, kin))
			continue;
		*why = kin->ct->name;
		return route_like(m, kin, c);
	}
	*why = NULL;
	if (c->route != MROUTE_NONE)
		return NULL;
	return call_paths(c) ? json_pack("{s:s}", "path", "/sd")
			     : json_pack("{s:s}", "call", call_in_spec(m, c));
}

/* ---- fixtures: descriptors that the spec's own calls make ---- */

static bool is_named(const struct mcall *c, const char *name)
{
	for (unsigned i = 0; i < c->n; i++)
		if (!strcmp(c->p[i].name, name))
			return true;
	return false;
}

static bool is_key(const struct mcall *c, unsigned param)
{
	for (size_t k = 0; k < c->nkeys; k++)
		if (c->key[k].param == (int)param)
			return true;
	return false;
}

/* It makes one of nothing but numbers and memory. */
static bool is_maker(const struct mcall *c)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->p[i].fd && !is_key(c, i))
			return false;
	return c->ret_fd;
}

/* The maker with the most of the call's name in common, else the first one that has a route; of a
 * second descriptor only that, since it is of any kind. */
static const struct mcall *maker_for(const struct marshal *m, const struct mcall *c, unsigned param)
{
	const struct mcall *best = NULL;
	size_t most = 2 * 3;
	bool second = false;

	for (unsigned i = 0; i < param; i++)
		second |= c->p[i].fd;
	for (size_t i = 0; i < m->ncalls; i++) {
		const struct mcall *k = &m->calls[i];
		/* with flags it may make one that doesn't block */
		size_t n = 2 * common(k->ct->name, c->ct->name) + is_named(k, "flags");

		if (!second && is_maker(k) && n >= most) {
			best = k;
			most = n + 1;
		}
	}
	for (size_t i = 0; i < 2 * m->ncalls && !best; i++) {
		const struct mcall *k = &m->calls[i % m->ncalls];

		if (is_maker(k) && k->by && (i >= m->ncalls || is_named(k, "flags")))
			best = k;
	}
	return best;
}

/* The name of a fixture that this call makes, in a group or among the proposed ones; NULL: none. */
static const char *fixture_made_by(json_t *fixtures, const char *call)
{
	const char *name;
	json_t *v;

	json_object_foreach (fixtures, name, v)
		if (!strcmp(json_string_value(json_array_get(json_object_get(v, "make"), 0)) ?: "",
			    call))
			return name;
	return NULL;
}

static json_t *propose_value(const struct marshal *m, const struct mcall *c, unsigned i,
			     json_t *fixtures);

static const char *propose_fixture(const struct marshal *m, const struct mcall *maker,
				   json_t *fixtures)
{
	const char *name = fixture_made_by(fixtures, maker->ct->name);
	json_t *make, *v;

	for (size_t i = 0; i < m->ngroups && !name; i++)
		name = fixture_made_by(json_object_get(m->groups[i].json, "fixtures"),
				       maker->ct->name);
	if (name)
		return name;
	make = json_pack("[s]", maker->ct->name);
	for (unsigned i = 0; i < maker->n; i++) {
		v = propose_value(m, maker, i, NULL);
		if (!v) {
			json_decref(make);
			return NULL;
		}
		json_array_append_new(make, v);
	}
	json_object_set_new(fixtures, maker->ct->name, json_pack("{s:o}", "make", make));
	return maker->ct->name;
}

/* ---- values ---- */

static json_t *text_value(const char *before, size_t n)
{
	char *s = xasprintf("%s%zu", before, n);
	json_t *v = json_string(s);

	free(s);
	return v;
}

/* Bytes of one unit of the length: of a struct whose length is in bytes all of it. */
static size_t whole_units(const struct mval *v)
{
	const struct type *to = v->type->kind == TYPE_PTR ? v->type->to : NULL;

	return v->elem_size <= 1 && to && to->kind == TYPE_STRUCT && to->size ? to->size : UNITS;
}

static size_t buffer_bytes(const struct mval *v)
{
	switch (v->len) {
	case LEN_FIXED:
		return v->bytes;
	case LEN_ARG:
		return v->times ? UNITS * v->times + (size_t)v->plus
				: whole_units(v) * (v->elem_size ?: 1);
	case LEN_BITS:
		return UNITS / 8;
	case LEN_VR:
	case LEN_STR:
		break;
	}
	return UNITS;
}

/* mq_open(), not chmod() */
static bool creates(const struct mcall *c)
{
	return c->ret_fd && is_named(c, "mode");
}

static bool spec_has_paths(const struct spec *spec)
{
	for (size_t i = 0; i < spec->nroutes; i++)
		if (spec->routes[i].kind == ROUTE_PATH)
			return true;
	return false;
}

/* Attributes are optional where something is created. A path: of a file that both kernels have. */
static json_t *pointer_value(const struct marshal *m, const struct mcall *c, const struct mval *v)
{
	char *s;
	json_t *r;

	if (v->st)
		return NULL;
	if (v->len != LEN_STR && creates(c))
		return json_integer(0);
	if (v->len != LEN_STR)
		return text_value(v->dir & DIR_IN ? "%zero" : "%", buffer_bytes(v));
	s = !v->path ? xasprintf("%%text %.*s", (int)stem(c->ct->name), c->ct->name)
	    : spec_has_paths(m->spec) ? xstrdup("%path file")
				      : xstrdup("%text /");
	r = json_string(s);
	free(s);
	return r;
}

/* The pointer that parameter i is the length of; NULL: none. */
static const struct mval *pointer_of_length(const struct mcall *c, unsigned i)
{
	for (unsigned k = 0; k < c->n; k++) {
		const struct mval *v = c->p[k].pass == PASS_SWITCH ? c->p[k].otherwise : &c->p[k];

		if (v->pass == PASS_PTR && v->of == (int)i && v->len != LEN_VR)
			return v;
	}
	return NULL;
}

static bool names_nonblock(const char *text)
{
	static const char word[] = "_NONBLOCK";

	for (const char *s = text; (s = strstr(s, word)); s += strlen(word))
		if (s > text + 1 && s[-1] >= 'A' && s[-1] <= 'Z' && s[-2] >= 'A' && s[-2] <= 'Z')
			return true;
	return false;
}

/* Does the call's file have a flag of its own for descriptors that don't block (EFD_NONBLOCK)? All
 * have the value of O_NONBLOCK. */
static bool takes_nonblock(const struct marshal *m, const struct mcall *c)
{
	char *path = xasprintf("%s/%s", m->bodies.db->overlay, c->ct->file);
	char *text = read_file(path, NULL);
	bool takes = text && names_nonblock(text);

	free(text);
	free(path);
	return takes;
}

/* Of a number: by its name, 0 where that tells nothing. */
static json_t *number_value(const struct marshal *m, const struct mcall *c, unsigned i)
{
	const struct mval *of = pointer_of_length(c, i);
	const char *name = c->p[i].name;

	if (!of && i && c->p[i - 1].pass == PASS_PTR && c->p[i - 1].len == LEN_FIXED &&
	    (strstr(name, "siz") || strstr(name, "len")))
		return json_integer((json_int_t)c->p[i - 1].bytes);
	if (of)
		return json_integer(of->len == LEN_ARG && !of->times ? (int)whole_units(of)
								     : UNITS);
	if (strstr(name, "flag"))
		return json_integer(is_named(c, "mode") && c->ret_fd	   ? CREATE | NONBLOCK
				    : makes_fds(c) && takes_nonblock(m, c) ? NONBLOCK
									   : 0);
	if (strstr(name, "mode"))
		return json_integer(MODE);
	return json_integer(strstr(name, "siz") || strstr(name, "count") || strstr(name, "max"));
}

static json_t *fd_value(const struct marshal *m, const struct mcall *c, unsigned i,
			json_t *fixtures)
{
	const struct mcall *maker = fixtures ? maker_for(m, c, i) : NULL;
	const char *name = maker ? propose_fixture(m, maker, fixtures) : NULL;
	char *s;
	json_t *v;

	if (!name)
		return NULL;
	s = xasprintf("@%s", name);
	v = json_string(s);
	free(s);
	return v;
}

/* NULL: it can't be told. */
static json_t *propose_value(const struct marshal *m, const struct mcall *c, unsigned i,
			     json_t *fixtures)
{
	const struct mval *v = c->p[i].pass == PASS_SWITCH ? c->p[i].otherwise : &c->p[i];

	for (size_t k = 0; k < c->nkeys; k++)
		if (c->key[k].param == (int)i)
			return json_string(c->key[k].names[0]);
	if (c->p[i].how == HOW_UNSURE)
		return NULL;
	if (v->fd)
		return fd_value(m, c, i, fixtures);
	if (v->pass == PASS_PTR)
		return pointer_value(m, c, v);
	if (v->pass == PASS_VR)
		return json_string("%len64");
	if (v->pass == PASS_REFUSE)
		return json_integer(0);
	return v->pass == PASS_SCALAR && v->type->kind == TYPE_INT ? number_value(m, c, i) : NULL;
}

json_t *propose_base(const struct marshal *m, const struct mcall *c, json_t *fixtures)
{
	json_t *args = json_object(), *mine = json_deep_copy(fixtures);

	for (unsigned i = 0; i < c->n; i++) {
		json_t *v = propose_value(m, c, i, mine);

		if (!v) {
			json_decref(args);
			json_decref(mine);
			return NULL;
		}
		json_object_set_new(args, c->p[i].name, v);
	}
	json_object_update(fixtures, mine);
	json_decref(mine);
	return json_pack("{s:s, s:o}", "name", "first", "args", args);
}

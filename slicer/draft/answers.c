// SPDX-License-Identifier: GPL-2.0
/* answers.c: types, bodies and names of the calls => routes, results, tests. See draft.h. */
#include "draft/draft.h"
#include "stubs/emit.h"
#include "stubs/marshal.h"
#include "stubs/questions.h"
#include "stubs/unknown.h"

#include <ctype.h>
#include <stdlib.h>

void draft_note(struct draft *d, char *text)
{
	*vec_add(&d->notes) = text;
}

static bool has_call(const struct draft *d, const char *name)
{
	for (size_t i = 0; i < d->calls.n; i++)
		if (!strcmp(d->calls.a[i], name))
			return true;
	return false;
}

int draft_calls(struct draft *d, const char *list)
{
	/* what a program and the stub tests do to descriptors of any kind */
	static const char *const of_descriptors[] = {"close", "fcntl"};

	while (*list) {
		size_t n = strcspn(list, ", ");
		char *name = xstrndup(list, n);

		if (n && !has_call(d, name))
			*vec_add(&d->calls) = name;
		else
			free(name);
		list += n + (list[n] != 0);
	}
	d->asked = d->calls.n;
	for (size_t i = 0; i < ARRAY_LEN(of_descriptors); i++)
		if (!has_call(d, of_descriptors[i]))
			*vec_add(&d->calls) = xstrdup(of_descriptors[i]);
	return d->asked ? 0 : err("--calls", "--calls eventfd2,read,write", "no call is named");
}

void draft_drop_calls(struct draft *d, const struct marshal *m)
{
	bool makes = false;

	for (size_t i = 0; i < d->asked; i++)
		makes |= makes_fds(&m->calls[i]);
	while (!makes && d->calls.n > d->asked)
		free(d->calls.a[--d->calls.n]);
	for (size_t i = d->asked; i < d->calls.n; i++)
		draft_note(d, xasprintf("%s was added to \"calls\": descriptors need it",
					d->calls.a[i]));
	draft_groups(d);
}

/* ---- routes ---- */

/* The constant that the text gives a field: of "\n\t.family = PF_UNIX," PF_UNIX. */
static char *constant_of_field(const char *text, const char *field)
{
	char *mark = xasprintf(".%s", field), *found = NULL;

	for (const char *p = text; !found && (p = strstr(p, mark)); p++) {
		const char *v = p + strlen(mark) + strspn(p + strlen(mark), " \t"), *end;

		if (!isspace((unsigned char)p[-1]) || *v != '=')
			continue;
		v += 1 + strspn(v + 1, " \t");
		for (end = v;
		     isupper((unsigned char)*end) || isdigit((unsigned char)*end) || *end == '_';
		     end++)
			;
		if (end > v + 1 && !isdigit((unsigned char)*v) && (*end == ',' || *end == '\n'))
			found = xstrndup(v, (size_t)(end - v));
	}
	free(mark);
	return found;
}

/* The stubs need the header that has the constant. */
static void add_header(struct draft *d, const char *constant)
{
	json_t *headers = json_object_get(d->own, "headers"), *name, *one;
	char *header = header_of(d->tree, constant);
	size_t i;

	if (!header)
		return;
	if (!headers) {
		headers = json_array();
		json_object_set_new(d->own, "headers", headers);
	}
	name = json_string(header);
	json_array_foreach (headers, i, one)
		if (json_equal(one, name))
			break;
	if (i == json_array_size(headers))
		json_array_append(headers, name);
	json_decref(name);
	free(header);
}

/* Parameters that a file of --file gives a constant by name: what it implements is chosen by it. */
static json_t *route_by_files(struct draft *d, const struct mcall *c, const char *name)
{
	for (size_t i = 0; i < d->ngiven; i++) {
		char *path = xasprintf("%s/%s", d->tree, d->origin.files.a[i]),
		     *text = read_file(path, NULL);
		json_t *route = NULL;

		for (unsigned k = 0; text && !route && k < c->n; k++) {
			char *value = c->p[k].type->kind == TYPE_INT
					      ? constant_of_field(text, c->p[k].name)
					      : NULL;

			if (value) {
				add_header(d, value);
				route = json_pack("{s:s, s:s, s:[s]}", "call", name, "arg",
						  c->p[k].name, "values", value);
			}
			free(value);
		}
		free(text);
		free(path);
		if (route)
			return route;
	}
	return NULL;
}

static bool takes_fd(const struct mcall *c)
{
	return call_fds(c) != 0;
}

static json_t *first_route(struct draft *d, const struct mcall *c, const char *name)
{
	json_t *route;

	if (c->route_none)
		return NULL;
	if (takes_fd(c)) {
		if (c->ret_fd && !has_call(d, "dup"))
			draft_note(
				d,
				xasprintf(
					"%s makes a descriptor of one it is given: if some value of "
					"that makes a new one, it needs a route: {\"call\": \"%s\", \"arg\": "
					"..., \"values\": [\"-1\"]}",
					c->ct->name, c->ct->name));
		return NULL;
	}
	if (call_paths(c)) {
		draft_note(
			d,
			xasprintf(
				"%s names files: write a route {\"path\": \"/DIR\"}, and a device that "
				"is mounted there",
				c->ct->name));
		return NULL;
	}
	route = makes_fds(c) ? route_by_files(d, c, name) : NULL;
	return route ?: json_pack("{s:s}", "call", name);
}

static json_t *own_call(struct draft *d, const char *name)
{
	json_t *calls = json_object_get(d->own, "calls"), *c;

	if (!calls) {
		calls = json_object();
		json_object_set_new(d->own, "calls", calls);
	}
	c = json_object_get(calls, name);
	if (!c) {
		c = json_object();
		json_object_set_new(calls, name, c);
	}
	return c;
}

/* The widest bound is no guess, as long as no body makes a descriptor. */
static void widest_result(struct draft *d, const struct mcall *c)
{
	if (c->result_is.how != HOW_UNSURE || (c->ev && c->ev->makes_fd))
		return;
	json_object_set_new(own_call(d, c->ct->name), "result", json_string("long"));
	draft_note(
		d,
		xasprintf("%s: \"result\" is \"long\", any number: write its maximum, 0 if it only "
			  "succeeds",
			  c->ct->name));
}

void draft_routes(struct draft *d, const struct marshal *m)
{
	for (size_t i = 0; i < m->ncalls; i++) {
		const struct mcall *c = &m->calls[i];
		json_t *route = first_route(d, c, call_in_spec(m, c));

		if (route)
			json_array_append_new(d->routes, route);
		widest_result(d, c);
	}
}

/* ---- tests ---- */

void draft_tests(struct draft *d, const struct marshal *m)
{
	json_t *fixtures = json_object();

	for (size_t i = 0; i < m->ncalls; i++) {
		const struct mcall *c = &m->calls[i];
		json_t *base = test_lack(c) ? propose_base(m, c, fixtures) : NULL;

		if (base)
			json_object_set_new(own_call(d, c->ct->name), "test",
					    json_pack("{s:[o]}", "bases", base));
	}
	if (json_object_size(fixtures))
		json_object_set(d->own, "fixtures", fixtures);
	json_decref(fixtures);
}

int draft_infer(struct draft *d, const struct spec *spec, const struct compdb *db,
		void (*take)(struct draft *d, const struct marshal *m))
{
	struct marshal m;
	int r = marshal_load(&m, spec, db);

	if (!r)
		take(d, &m);
	marshal_free(&m);
	return r;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * results.c: the maximum result of a call, which client stubs enforce on a domain's answers. An
 * annotation's "result" is "fd", "id", "int", "long", a number, a parameter, or an object that
 * names one. Without annotation it is a new descriptor if the body returns one, the largest of its
 * results if the body tells all of them, else the number of units in the buffer that the call
 * fills; anything else is unsure, since it would leave the domain's results unchecked.
 */
#include "stubs/marshal.h"

#include <string.h>

/* The parameter whose data or value limits the result. */
static int result_of(struct mcall *c, const char *path, json_t *name)
{
	const char *s = json_string_value(name) ?: "";
	int i = (int)c->n - 1;
	const struct mval *v;

	while (i >= 0 && strcmp(c->p[i].name, s))
		i--;
	if (i < 0)
		return err(path, "name a parameter of the call; see specs/annotations/README.md",
			   "%s: \"result\" names no parameter", c->ct->name);
	v = &c->p[i];
	if (v->pass == PASS_SCALAR
		    ? v->type->kind != TYPE_INT
		    : v->pass != PASS_PTR || (v->st ? !holds_data(v->st) : v->len != LEN_ARG))
		return err(path, "see specs/annotations/README.md",
			   "%s, %s: \"result\" is a number, or data whose length is one",
			   c->ct->name, v->name);
	c->result_is.of = i;
	return 0;
}

static int result_object(struct mcall *c, const char *path, json_t *r)
{
	static const char *const keys[] = {"of", "times", "empty", NULL};
	json_t *times = json_object_get(r, "times");

	if (annotation_keys(path, c->ct->name, r, keys))
		return -1;
	c->result_is.times = times ? (unsigned)json_integer_value(times) : 1;
	c->result_is.empty = json_integer_value(json_object_get(r, "empty"));
	return result_of(c, path, json_object_get(r, "of"));
}

/* A new descriptor, unless they may be what it stores in memory; or numbers that are all known. */
static bool result_of_body(struct mcall *c)
{
	bool stored = false;

	for (unsigned i = 0; i < c->n; i++)
		stored |= evidence_gives_fd(c->ev, (int)i);
	if (c->ev && c->ev->makes_fd && !stored) {
		c->ret_fd = true;
		c->result_is.most = INT32_MAX;
		return true;
	}
	c->result_is.most = evidence_result(c->ev);
	if (c->result_is.most >= 0)
		return true;
	c->result_is.most = 0;
	return false;
}

int marshal_result(struct marshal *m, struct mcall *c, const char *path, json_t *a)
{
	json_t *r = json_object_get(a, "result");
	const char *s = json_string_value(r) ?: "";
	struct mresult *is = &c->result_is;

	*is = (struct mresult){.how = HOW_ANNOTATED, .from = FROM_ANNOTATION, .of = -1, .times = 1};
	c->ret_fd = !strcmp(s, "fd");
	c->ret_id = !strcmp(s, "id");
	if (c->ret_fd || c->ret_id || !strcmp(s, "int"))
		is->most = INT32_MAX;
	else if (!strcmp(s, "long"))
		is->most = INT64_MAX;
	else if (json_is_integer(r))
		is->most = json_integer_value(r);
	else if (json_is_object(r))
		return result_object(c, path, r);
	else if (r)
		return result_of(c, path, r);
	if (r)
		return 0;
	is->how = HOW_INFERRED;
	is->from = FROM_BODY;
	if (result_of_body(c))
		return 0;
	is->from = FROM_TYPE;
	for (unsigned i = 0; i < c->n; i++)
		if (c->p[i].pass == PASS_PTR && c->p[i].filled == FILLED_RET)
			is->of = (int)i;
	if (is->of >= 0)
		return 0;
	is->how = HOW_UNSURE;
	m->unsure++;
	return 0;
}

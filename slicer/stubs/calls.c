// SPDX-License-Identifier: GPL-2.0
/*
 * calls.c: the keys of an annotation that are about the call itself: flags, blocks, credit, early,
 * cloexec.
 */
#include "stubs/infer.h"
#include "base/util.h"

void call_flags(struct mcall *c, json_t *a)
{
	json_t *v;
	size_t i;

	json_array_foreach (json_object_get(a, "flags"), i, v) {
		const char *s = json_string_value(v) ?: "";

		c->flags |= !strcmp(s, "fds_out")    ? MCALL_FDS_OUT
			    : !strcmp(s, "cmsg_in")  ? 2
			    : !strcmp(s, "cmsg_out") ? 4
						     : 0;
	}
	c->blocks = json_is_true(json_object_get(a, "blocks"));
	c->flags |= c->blocks ? 8 : 0;
}

/* A parameter's name in an annotation of the call => its index, or -1 after printing. */
static int param_named(const struct ctx *x, json_t *name, const char *key)
{
	int i = param_find(x, json_string_value(name) ?: "");

	if (i < 0)
		err(x->path, "name a parameter of the call; see specs/annotations/README.md",
		    "%s: \"%s\" names no parameter", x->where, key);
	return i;
}

/* "early": the result itself, which may be reported before the answer. */
static int known_result(struct ctx *x, struct mcall *c, json_t *p)
{
	json_t *result = json_object_get(p, "result");

	if (!json_is_integer(result) || json_object_size(p) > 1)
		return err(x->path, "a number, and nothing else", "%s: \"early\": \"result\"",
			   x->where);
	if (c->ret_fd)
		return err(x->path, "remove \"early\"",
			   "%s: a new descriptor isn't known before it is made", x->where);
	for (unsigned i = 0; i < c->n; i++)
		if (c->p[i].pass != PASS_SCALAR)
			return annotation_bad(
				x, &c->p[i],
				"a call whose result is completed early takes and gives no data");
	c->known = true;
	c->result = json_integer_value(result);
	return 0;
}

/* "credit": the fd; "early": the data; "only": conditions, by parameter. */
static int call_early(struct ctx *x, struct mcall *c, json_t *a)
{
	json_t *credit = json_object_get(a, "credit"), *p = json_object_get(a, "early"),
	       *only = json_object_get(p, "only"), *v;
	static const char *const keys[] = {"data", "only", "result", NULL};
	const char *key;

	c->credit = c->early = -1;
	if (credit && (c->credit = param_named(x, credit, "credit")) < 0)
		return -1;
	c->flags |= credit ? 16 : 0;
	if (!p)
		return 0;
	if (annotation_keys(x->path, x->where, p, keys))
		return -1;
	if (json_object_get(p, "result"))
		return known_result(x, c, p);
	c->early = param_named(x, json_object_get(p, "data"), "early");
	if (c->early < 0)
		return -1;
	if (c->credit < 0 || c->p[c->early].pass != PASS_PTR || c->p[c->early].len != LEN_ARG ||
	    c->p[c->early].elem_size != 1)
		return annotation_bad(
			x, &c->p[c->early],
			"an early completion needs \"credit\", and bytes whose length is a parameter");
	c->only = marshal_keep(x->m, xcalloc(json_object_size(only) + 1, sizeof(*c->only)));
	json_object_foreach (only, key, v) {
		struct mguard *g = &c->only[c->nonly++];
		int64_t bits;

		if (!marshal_value(x->m, v, &bits))
			return err(x->path, "a constant, several joined by |, or 0",
				   "%s: \"only\" %s: not a number", x->where, key);
		*g = (struct mguard){(unsigned)param_find(x, key), (uint64_t)bits};
	}
	return 0;
}

/* A call that makes descriptors has a parameter with their close-on-exec flag: the one named flags,
 * or that of "cloexec". */
static int call_cloexec(struct ctx *x, struct mcall *c, json_t *a)
{
	json_t *j = json_object_get(a, "cloexec");

	c->cloexec = -1;
	if (json_is_false(j))
		return 0;
	if (j && !makes_fds(c))
		return err(x->path, "remove \"cloexec\", or add \"result\": \"fd\"",
			   "%s makes no descriptors", x->where);
	if (j && (c->cloexec = param_named(x, j, "cloexec")) < 0)
		return -1;
	if (!j && makes_fds(c))
		c->cloexec = param_find(x, "flags");
	if (c->cloexec >= 0 && c->p[c->cloexec].type->kind != TYPE_INT)
		return annotation_bad(x, &c->p[c->cloexec],
				      "\"cloexec\" is a parameter that is a number");
	return 0;
}

int call_keys(struct ctx *x, struct mcall *c, json_t *a)
{
	return call_cloexec(x, c, a) || call_early(x, c, a) ? -1 : 0;
}

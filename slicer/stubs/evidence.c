// SPDX-License-Identifier: GPL-2.0
/*
 * evidence.c: what bodies do with a parameter (flow.c) => its direction and length, for infer.c to
 * hold against what name and type say.
 */
#include "stubs/evidence.h"

#include <stdlib.h>

unsigned evidence_dir(const struct evidence *ev, int param)
{
	unsigned dir = 0;

	for (size_t i = 0; ev && i < ev->copies.n; i++)
		if (ev->copies.a[i].param == param)
			dir |= ev->copies.a[i].dir;
	return dir;
}

bool evidence_complete(const struct evidence *ev, int param)
{
	return ev && ev->followed & 1 << param;
}

const char *evidence_escape(const struct evidence *ev, int param)
{
	return ev && ev->escape[param] ? ev->escape[param] : "";
}

bool evidence_gives_fd(const struct evidence *ev, int param)
{
	for (size_t i = 0; ev && i < ev->copies.n; i++)
		if (ev->copies.a[i].param == param && ev->copies.a[i].gives_fd)
			return true;
	return false;
}

/* One copy's length, from the start of the memory. */
static struct body_len copy_len(const struct copy *c)
{
	struct body_len l = {.kind = BODY_UNKNOWN, .of = -1, .where = c->where};
	int64_t most = -1;

	if (c->string) {
		l.kind = BODY_STRING;
		return l;
	}
	for (unsigned i = 0; i < c->len.n; i++) {
		const struct atom *a = &c->len.a[i];

		if (a->kind == ATOM_CONST)
			most = a->n > most ? a->n : most;
		else if (a->kind != ATOM_PARAM && a->kind != ATOM_LOADED)
			l.bounded = true;
		else if (l.of >= 0 && l.of != a->param)
			return l;
		else
			l.of = a->param;
		if (a->kind == ATOM_PARAM && l.of >= 0) {
			l.inexact |= a->inexact;
			l.kind = BODY_ARG;
			l.elem = (size_t)a->times;
			l.add = a->n;
		} else if (a->kind == ATOM_LOADED && l.kind != BODY_ARG) {
			l.kind = BODY_VR;
		}
	}
	if (l.of < 0 && most >= 0 && !l.bounded) {
		l.kind = c->inexact ? BODY_UNKNOWN : BODY_FIXED;
		l.bytes = (size_t)(c->off + most);
		return l;
	}
	l.bounded |= most >= 0 && l.of >= 0;
	l.inexact |= c->inexact;
	l.add += c->off;
	if (c->vector && l.kind == BODY_ARG)
		l.elem *= 16;
	return l;
}

/* Two copies of the same memory. */
static void len_join(struct body_len *l, const struct body_len *one)
{
	struct body_len was = *l;

	if (l->kind == BODY_NONE ||
	    (l->kind == BODY_FIXED && one->kind == BODY_FIXED && one->bytes > l->bytes)) {
		*l = *one;
	} else if (l->kind == BODY_FIXED && one->kind == BODY_ARG) {
		*l = *one;
		l->inexact |= l->add != (int64_t)was.bytes && was.bytes;
	} else if (l->kind == BODY_ARG && one->kind == BODY_FIXED) {
		l->inexact |= l->add < (int64_t)one->bytes;
	} else if (l->kind == BODY_ARG && one->kind == BODY_ARG && l->of == one->of) {
		/* of parts in a loop the first one tells where they begin */
		l->inexact |= one->inexact || l->add != one->add || l->elem != one->elem;
		l->bounded |= one->bounded;
		l->add = l->add > one->add ? l->add : one->add;
	} else if (l->kind != one->kind) {
		l->kind = BODY_UNKNOWN;
		l->where = one->where;
		l->of = l->of >= 0 ? l->of : one->of;
	}
}

struct body_len evidence_len(const struct evidence *ev, int param)
{
	struct body_len l = {.kind = BODY_NONE, .of = -1};

	for (size_t i = 0; ev && i < ev->copies.n; i++) {
		struct body_len one;

		if (ev->copies.a[i].param != param)
			continue;
		one = copy_len(&ev->copies.a[i]);
		len_join(&l, &one);
	}
	return l;
}

int64_t evidence_result(const struct evidence *ev)
{
	return ev ? ev->most : -1;
}

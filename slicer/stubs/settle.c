// SPDX-License-Identifier: GPL-2.0
/*
 * settle.c: evidence of bodies + the rules by name and type => direction, length and kind of a
 * parameter, or unsure where they don't agree.
 */
#include "stubs/infer.h"
#include "base/util.h"

bool settle_length(struct ctx *x, struct mval *v, int i, const struct type *to)
{
	struct body_len b = evidence_len(x->ev, i);

	if (!evidence_complete(x->ev, i) || b.inexact || b.bounded)
		return false;
	if (b.kind == BODY_FIXED && b.bytes && (!to->size || b.bytes % to->size == 0)) {
		v->len = LEN_FIXED;
		v->bytes = b.bytes;
	} else if (b.kind == BODY_ARG && !b.add && b.elem) {
		v->len = LEN_ARG;
		v->of = b.of;
		v->elem_size = b.elem;
	} else if (b.kind == BODY_STRING) {
		v->len = LEN_STR;
	} else {
		return false;
	}
	v->len_from = FROM_BODY;
	return true;
}

void compare_length(struct ctx *x, struct mval *v, int i)
{
	struct body_len b = evidence_len(x->ev, i);
	const char *of = b.of >= 0 && (unsigned)b.of < x->n ? x->list[b.of].name : NULL;
	bool differs = false;

	if (v->len_from == FROM_BODY || v->how == HOW_UNSURE)
		return;
	switch (b.kind) {
	case BODY_FIXED:
		differs = v->len != LEN_FIXED || b.bytes > v->bytes;
		break;
	case BODY_ARG:
	case BODY_VR:
		differs = v->of != b.of;
		break;
	case BODY_STRING:
		differs = v->len != LEN_STR;
		break;
	case BODY_UNKNOWN:
		differs = of && v->of != b.of;
		break;
	case BODY_NONE:
		break;
	}
	if (!differs && b.kind != BODY_NONE && b.kind != BODY_UNKNOWN)
		v->len_from = FROM_BODY;
	if (!differs)
		return;
	if (b.kind == BODY_FIXED)
		of = marshal_keep(x->m, xasprintf("%zu bytes", b.bytes));
	else if (b.kind == BODY_ARG && b.add)
		of = marshal_keep(x->m, xasprintf("%s + %lld", of, (long long)b.add));
	if (b.kind == BODY_STRING)
		ask_for(v, "string", "true");
	else if (b.kind == BODY_FIXED)
		ask_for(v, "len",
			marshal_keep(x->m, xasprintf("%zu", b.bytes / (v->elem_size ?: 1))));
	else
		ask_for(v, "len",
			of ? marshal_keep(x->m, xasprintf("\"%s\"", of)) : length_choices(x, v));
	mark_unsure(
		x, v,
		marshal_keep(x->m, xasprintf("by its %s it has %s, but %s copies %s: say \"len\"",
					     v->len_from == FROM_TYPE ? "type" : "name",
					     v->len == LEN_FIXED ? "one element"
					     : v->of >= 0	 ? x->list[v->of].name
								 : "a string",
					     b.where, of ?: "a string")));
}

void settle_dir(struct ctx *x, struct mval *v, int i, bool is_const)
{
	static const char *const way[] = {"", "in", "out", "both ways"};
	static const char *const choices[] = {"\"in\"|\"out\"|\"inout\"", "\"in\"|\"inout\"",
					      "\"out\"|\"inout\"", "\"inout\""};
	unsigned body = evidence_dir(x->ev, i);

	v->dir_from = is_const ? FROM_TYPE : v->len == LEN_VR ? FROM_NAME : FROM_NOTHING;
	v->dir = is_const ? DIR_IN : v->len == LEN_VR ? DIR_OUT : DIR_NONE;
	if (!body)
		;
	else if (v->dir && (body & ~v->dir))
		mark_unsure(
			x, v,
			marshal_keep(
				x->m,
				xasprintf("by its %s it goes %s, but %s copies it %s: say \"dir\"",
					  is_const ? "type" : "name", is_const ? "in" : "out",
					  evidence_len(x->ev, i).where ?: "the body", way[body])));
	else if (evidence_complete(x->ev, i)) {
		v->dir = (enum dir)body;
		v->dir_from = FROM_BODY;
	} else if (!v->dir) {
		mark_unsure(
			x, v,
			marshal_keep(
				x->m,
				xasprintf(
					"the body copies it %s, but it also goes to %s: say \"dir\"",
					way[body], evidence_escape(x->ev, i))));
	}
	if (!v->dir && v->how != HOW_UNSURE)
		mark_unsure(x, v, "does it go in or come out? say \"dir\"");
	if (!v->dir || (v->dir_from != FROM_BODY && (body & ~v->dir)))
		ask_for(v, "dir", choices[body]);
}

void settle_number(struct ctx *x, struct mval *v, int i)
{
	bool used = x->ev->uses_fd & 1 << i, whole = evidence_complete(x->ev, i);

	if (used && (v->fd || v->type->size == 4)) {
		v->fd = true;
		v->fd_from = FROM_BODY;
	} else if (used) {
		ask_for(v, "fd", "true|false");
		mark_unsure(
			x, v,
			marshal_keep(x->m, xasprintf("%s looks it up as a descriptor: say \"fd\"",
						     x->ev->fd_at[i])));
	} else if (v->fd && whole) {
		ask_for(v, "fd", "false|true");
		mark_unsure(x, v, "named like a descriptor, but no body looks it up: say \"fd\"");
	} else if (v->type->size == 8 && evidence_dir(x->ev, i)) {
		ask_for(v, "type", "\"struct NAME\"");
		ask_for(v, "dir",
			evidence_dir(x->ev, i) == 2   ? "\"out\""
			: evidence_dir(x->ev, i) == 1 ? "\"in\""
						      : "\"inout\"");
		mark_unsure(
			x, v,
			marshal_keep(
				x->m,
				xasprintf(
					"%s copies from or to it: say \"type\" and \"dir\", or \"switch\"",
					evidence_len(x->ev, i).where)));
	} else if (!v->fd && !whole && starts_with(v->name, "arg") && v->type->size == 8) {
		ask_for(v, "scalar", "true");
		mark_unsure(x, v, "may it be a pointer? say \"switch\" or \"scalar\"");
	}
}

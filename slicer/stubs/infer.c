// SPDX-License-Identifier: GPL-2.0
/*
 * infer.c: types and annotations => struct marshal: direction, length and kind of every parameter.
 *
 * Rules, in order; an annotation overrides each:
 *   integer named *fd, fd_*, fdin, fdout, *fildes   a file descriptor
 *   pointer to const                       in
 *   pointer followed by an int * named *len   out, value-result length
 *   pointer followed by a length           that many units (names: see is_length_name)
 *   const char * without a length          a string
 *   const char * named filename, pathname, path, oldname, newname   a string, the name of a file,
 *                                          relative to the int parameter before it if that is named
 *                                          dfd, olddfd, newdfd
 *   pointer to a struct or integer         one of them, unless its name is a plural or the
 *                                          parameter before it may be its length
 *   result of a call that fills a buffer   units in that buffer
 * Anything else is unsure: counted, listed by `kslice check`, and refused by stubs_emit().
 */
#include "stubs/infer.h"
#include "stubs/marshal.h"
#include "spec/spec.h"
#include "stubs/stubs.h"
#include "stubs/unknown.h"
#include "base/util.h"

#include <stdlib.h>
#include <string.h>

void *marshal_keep(struct marshal *m, void *p)
{
	m->mem = vec_grow(m->mem, m->nmem + 1, &m->mcap, sizeof(*m->mem));
	return m->mem[m->nmem++] = p;
}

bool marshal_value(const struct marshal *m, json_t *v, int64_t *out)
{
	const char *s = json_string_value(v);
	char *end;

	if (json_is_integer(v)) {
		*out = json_integer_value(v);
		return true;
	}
	if (!s)
		return false;
	*out = strtoll(s, &end, 0);
	if (end != s && !*end)
		return true;
	return types_const(&m->types, s, out);
}

static bool name_has(const char *s, const char *part)
{
	return strstr(s, part) != NULL;
}

static bool is_length_name(const char *s)
{
	return name_has(s, "len") || name_has(s, "siz") || name_has(s, "count") ||
	       name_has(s, "nfds") || name_has(s, "maxevents") || !strcmp(s, "n") ||
	       !strcmp(s, "nr");
}

static bool is_fd_name(const char *s)
{
	return ends_with(s, "fd") || ends_with(s, "fildes") || starts_with(s, "fd_") ||
	       !strcmp(s, "fdin") || !strcmp(s, "fdout");
}

static bool is_one_of(const char *s, const char *const *names)
{
	while (*names && strcmp(s, *names))
		names++;
	return *names;
}

static bool is_path_name(const char *s)
{
	static const char *const names[] = {"filename", "pathname", "path",
					    "oldname",	"newname",  NULL};

	return is_one_of(s, names);
}

int param_find(const struct ctx *x, const char *name)
{
	for (unsigned i = 0; i < x->n; i++)
		if (!strcmp(x->list[i].name, name))
			return (int)i;
	return -1;
}

/* Does it contain pointers at any depth? Such a struct can't simply be copied. */
static bool holds_pointers(const struct type *t)
{
	if (t->kind == TYPE_PTR)
		return true;
	if (t->kind == TYPE_ARRAY)
		return holds_pointers(t->to);
	for (size_t i = 0; (t->kind == TYPE_STRUCT || t->kind == TYPE_UNION) && i < t->nfields; i++)
		if (holds_pointers(t->fields[i].type))
			return true;
	return false;
}

void mark_unsure(struct ctx *x, struct mval *v, const char *note)
{
	if (v->how != HOW_UNSURE)
		x->m->unsure++;
	else
		note = marshal_keep(x->m, xasprintf("%s; %s", v->note, note));
	v->how = HOW_UNSURE;
	v->note = note;
}

void ask_for(struct mval *v, const char *key, const char *choices)
{
	for (size_t i = 0; i < ARRAY_LEN(v->ask); i++) {
		if (!v->ask[i].key)
			v->ask[i] = (struct question){key, choices};
		if (!strcmp(v->ask[i].key, key))
			return;
	}
}

const char *length_choices(const struct ctx *x, const struct mval *v)
{
	struct strbuf b = {0};

	for (unsigned i = 0; i < x->n; i++)
		if (&x->list[i] != v && x->list[i].type->kind == TYPE_INT)
			sb_printf(&b, "\"%s\"|", x->list[i].name);
	sb_puts(&b, "1");
	return marshal_keep(x->m, b.s);
}

static struct mstruct *struct_variant(struct marshal *m, const char *name);
static int infer_value(struct ctx *x, struct mval *v, int i, json_t *a);

int annotation_bad(const struct ctx *x, const struct mval *v, const char *what)
{
	return err(x->path, "see specs/annotations/README.md", "%s, %s: %s", x->where, v->name,
		   what);
}

static int annotation_number(struct ctx *x, struct mval *v, json_t *a, const char *key,
			     int64_t *out)
{
	json_t *n = json_object_get(a, key);

	if (!n || (json_is_true(n) && !strcmp(key, "clamp")))
		return 0;
	return marshal_value(x->m, n, out)
		       ? 0
		       : annotation_bad(x, v, "a limit is neither a number nor a known constant");
}

/* ---- length ---- */

static bool is_vr_int(const struct type *t)
{
	return t->kind == TYPE_PTR && t->to->kind == TYPE_INT && t->to->size == 4;
}

/* "msgsz + 8", "n * 4", "n * 4 + sizeof(struct head)": bytes. */
static int length_expression(struct ctx *x, struct mval *v, const char *s)
{
	const char *op = length_operators(s), *plus = strchr(op, '+');
	char *name = xstrndup(s, strcspn(s, " *+")), *end = NULL;
	json_t *rest = plus ? json_string(plus + 1 + strspn(plus + 1, " ")) : NULL;
	int r = 0;

	v->of = param_find(x, name);
	v->len = LEN_ARG;
	v->elem_size = 1;
	v->times = *op == '*' ? strtoul(op + 1, &end, 0) : 1;
	if (v->of < 0 || !x->params || x->list[v->of].type->kind != TYPE_INT)
		r = annotation_bad(x, v,
				   "its length is computed from no parameter that is a number");
	else if (!v->times || (end && end[strspn(end, " ")] && end + strspn(end, " ") != plus) ||
		 (plus && !marshal_value(x->m, rest, &v->plus)) || v->plus < 0)
		r = annotation_bad(x, v, "a computed length is \"NAME * NUMBER + CONSTANT\"");
	free(name);
	json_decref(rest);
	return r;
}

static int annotated_length(struct ctx *x, struct mval *v, json_t *a, bool *done)
{
	json_t *len = json_object_get(a, "len"), *bits = json_object_get(a, "bits");
	const char *s = json_string_value(len ?: bits);

	*done = true;
	v->len_from = FROM_ANNOTATION;
	if (json_is_true(json_object_get(a, "string"))) {
		v->len = LEN_STR;
	} else if (json_is_integer(len)) {
		v->len = LEN_FIXED;
		v->bytes = (size_t)json_integer_value(len) * v->elem_size;
	} else if (len && length_operators(s)) {
		return length_expression(x, v, s);
	} else if (s) {
		v->of = param_find(x, s);
		if (v->of < 0)
			return annotation_bad(x, v, "its length names no other parameter");
		v->len = bits ? LEN_BITS : LEN_ARG;
		if (len && x->params && x->list[v->of].type->kind == TYPE_PTR)
			v->len = LEN_VR;
	} else if (len || bits) {
		return annotation_bad(x, v, "a length is a parameter's name or a number");
	} else {
		*done = false;
	}
	return 0;
}

/* f(n, array): an integer that may be a length and isn't used by a pointer before it. */
static bool follows_length(const struct ctx *x, int i)
{
	return x->params && i > 0 && x->list[i - 1].type->kind == TYPE_INT &&
	       is_length_name(x->list[i - 1].name) &&
	       !(i > 1 && x->list[i - 2].type->kind == TYPE_PTR);
}

static void infer_length(struct ctx *x, struct mval *v, int i, const struct type *to)
{
	const struct mval *next = i + 1 < (int)x->n ? &x->list[i + 1] : NULL;

	v->len_from = FROM_NAME;
	if (x->params && to->is_const && to->kind == TYPE_INT && to->size == 1 &&
	    is_path_name(v->name)) {
		v->len = LEN_STR;
	} else if (next && x->params && is_vr_int(next->type) && name_has(next->name, "len")) {
		v->len = LEN_VR;
		v->of = i + 1;
	} else if (next && next->type->kind == TYPE_INT && is_length_name(next->name) &&
		   !(to->kind == TYPE_INT && to->size > 1)) {
		v->len = LEN_ARG;
		v->of = i + 1;
	} else if (to->kind == TYPE_INT && to->size == 1 && to->is_const) {
		v->len = LEN_STR;
		v->len_from = FROM_TYPE;
	} else if (to->size && !(to->kind == TYPE_INT && to->size == 1)) {
		v->len = LEN_FIXED;
		v->len_from = FROM_TYPE;
		v->bytes = to->size;
		if (follows_length(x, i) || (x->params && ends_with(v->name, "s")))
			ask_for(v, "len", length_choices(x, v));
		if (follows_length(x, i))
			mark_unsure(x, v,
				    "one, or as many as the parameter before it says? say \"len\"");
		else if (x->params && ends_with(v->name, "s"))
			mark_unsure(x, v, "one, or several? say \"len\"");
	} else {
		ask_for(v, "len", length_choices(x, v));
		mark_unsure(x, v, "how long is it? say \"len\", \"type\" or \"string\"");
	}
}

/*
 * Lengths of void and char data are in bytes, of integers in elements. Structs have both: a name
 * like nfds or vlen counts elements, a sockaddr's length is always in bytes; the rest is unsure.
 */
static size_t value_unit_of(struct ctx *x, struct mval *v, const struct type *to)
{
	const char *n = v->of >= 0 ? x->list[v->of].name : "";

	if (v->len == LEN_VR || to->kind == TYPE_VOID || to->size <= 1 ||
	    name_has(to->name, "sockaddr"))
		return 1;
	if (v->len == LEN_ARG && to->kind == TYPE_STRUCT &&
	    (name_has(n, "len") || name_has(n, "siz") || name_has(n, "count")) &&
	    !name_has(n, "vlen") && !name_has(n, "iovlen")) {
		ask_for(v, "elem", marshal_keep(x->m, xasprintf("1|%zu", to->size)));
		mark_unsure(x, v, "is its length in bytes or in elements? say \"elem\"");
	}
	return to->size ?: 1;
}

/* ---- pointers ---- */

/* "parts": true, or the parameter with the data's offset in the file. */
static int pointer_parts(struct ctx *x, struct mval *v, json_t *a)
{
	json_t *parts = json_object_get(a, "parts");
	const char *pos = json_string_value(parts);

	v->parts = pos || json_is_true(parts);
	v->part_pos = pos ? param_find(x, pos) : -1;
	v->parts_if = json_string_value(json_object_get(a, "parts_if"));
	return pos && v->part_pos < 0 ? annotation_bad(x, v, "\"parts\" is true or a parameter")
				      : 0;
}

/* Properties of data that comes back. */
static int pointer_answer(struct ctx *x, struct mval *v, json_t *a)
{
	json_t *rec = json_object_get(a, "records"), *n;
	unsigned *to[] = {&v->rec.at, &v->rec.size, &v->rec.least, &v->rec.name};
	size_t k;

	v->terminated = json_is_true(json_object_get(a, "terminated"));
	if (annotation_number(x, v, a, "longer", &v->longer))
		return -1;
	json_array_foreach (rec, k, n)
		if (k < 4 && json_is_integer(n))
			*to[k] = (unsigned)json_integer_value(n);
	if (rec && (json_array_size(rec) != 4 || !v->rec.size || v->rec.size > 8 ||
		    v->rec.least < v->rec.at + v->rec.size))
		return annotation_bad(x, v,
				      "\"records\" is [place, bytes, least, string]: four numbers");
	return 0;
}

static int pointer_limits(struct ctx *x, struct mval *v, json_t *a)
{
	json_t *keep;

	if (annotation_number(x, v, a, "max", &v->max) ||
	    annotation_number(x, v, a, "clamp", &v->clamp))
		return -1;
	if (json_is_true(json_object_get(a, "clamp")))
		v->clamp = (int64_t)(MARSHAL_MAX_DATA / (v->elem_size ?: 1));
	v->always = json_is_true(json_object_get(a, "always"));
	v->ignore_fault = !strcmp(json_string_value(json_object_get(a, "fault")) ?: "", "ignore");
	v->partial = json_is_true(json_object_get(a, "partial"));
	v->whole = json_is_true(json_object_get(a, "whole"));
	if (pointer_parts(x, v, a))
		return -1;
	v->prefix = json_is_true(json_object_get(a, "prefix"));
	if (v->times && (v->st || v->clamp || v->parts || v->prefix || v->partial ||
			 json_object_get(a, "elem") || json_object_get(a, "keep_if")))
		return annotation_bad(
			x, v,
			"a computed length goes with none of as, clamp, elem, keep_if, partial, parts, prefix");
	if (pointer_answer(x, v, a))
		return -1;
	keep = json_object_get(a, "keep_if"); /* ["flags", "MSG_TRUNC"] */
	if (!keep)
		return 0;
	v->keep_arg = param_find(x, json_string_value(json_array_get(keep, 0)) ?: "");
	if (v->keep_arg < 0 || !marshal_value(x->m, json_array_get(keep, 1), &v->keep_mask))
		return annotation_bad(x, v, "\"keep_if\" is a parameter and a constant");
	return 0;
}

static int pointer_filled(struct ctx *x, struct mval *v, json_t *a)
{
	const char *f = json_string_value(json_object_get(a, "filled"));

	if (!f)
		v->filled = !(v->dir & DIR_OUT)			     ? FILLED_ALL
			    : v->len == LEN_VR			     ? FILLED_VR
			    : v->len == LEN_ARG && v->dir == DIR_OUT ? FILLED_RET
								     : FILLED_ALL;
	else if (!strcmp(f, "all"))
		v->filled = FILLED_ALL;
	else if (!strcmp(f, "ret"))
		v->filled = FILLED_RET;
	else if (!strcmp(f, "sum"))
		v->filled = FILLED_SUM;
	else
		return annotation_bad(x, v, "\"filled\" is all, ret or sum");
	return 0;
}

static int pointer_dir(struct ctx *x, struct mval *v, int i, json_t *a, bool is_const)
{
	const char *d = json_string_value(json_object_get(a, "dir"));

	if (d && !strcmp(d, "in"))
		v->dir = DIR_IN;
	else if (d && !strcmp(d, "out"))
		v->dir = DIR_OUT;
	else if (d && !strcmp(d, "inout"))
		v->dir = DIR_INOUT;
	else if (d)
		return annotation_bad(x, v, "\"dir\" is in, out or inout");
	else
		settle_dir(x, v, i, is_const);
	if (d)
		v->dir_from = FROM_ANNOTATION;
	return 0;
}

/* Does the string name a file, and relative to which directory? */
static int infer_path(struct ctx *x, struct mval *v, int i, json_t *a)
{
	static const char *const dirs[] = {"dfd", "olddfd", "newdfd", NULL};
	json_t *path = json_object_get(a, "path");
	bool string = v->len == LEN_STR && v->dir == DIR_IN;
	const struct mval *before = i > 0 ? &x->list[i - 1] : NULL;

	if (path && (!json_is_boolean(path) || (json_is_true(path) && (!string || !x->params))))
		return annotation_bad(
			x, v,
			"\"path\" is true or false, and only a parameter that is a string can be true");
	v->path = path ? json_is_true(path) : string && x->params && is_path_name(v->name);
	if (v->path && before && before->type->kind == TYPE_INT && before->type->size == 4 &&
	    is_one_of(before->name, dirs))
		v->dirfd = i - 1;
	return 0;
}

/* The struct variants of that type, of all groups. */
static const char *variant_choices(struct marshal *m, const struct type *t)
{
	struct strbuf b = {0};
	const char *name;
	json_t *v;

	for (size_t i = 0; i < m->ngroups; i++)
		json_object_foreach (json_object_get(m->groups[i].json, "structs"), name, v)
			if (!strcmp(json_string_value(json_object_get(v, "type")), t->name))
				sb_printf(&b, "\"%s\"|", name);
	sb_puts(&b, "\"VARIANT\"");
	return marshal_keep(m, b.s);
}

static int infer_pointer(struct ctx *x, struct mval *v, int i, json_t *a)
{
	const char *as = json_string_value(json_object_get(a, "as"));
	const char *tname = json_string_value(json_object_get(a, "type"));
	const struct type *to = v->type->kind == TYPE_PTR ? v->type->to : NULL;
	json_t *elem = json_object_get(a, "elem");
	bool done, is_const = to && to->is_const;

	v->pass = PASS_PTR;
	if (as) {
		v->st = struct_variant(x->m, as);
		if (!v->st)
			return -1;
		to = v->st->type;
	} else if (tname) {
		to = types_named(&x->m->types, tname);
	}
	if (!to)
		return annotation_bad(x, v, "what does it point to? say \"type\"");
	v->elem_size = elem ? (size_t)json_integer_value(elem) : to->size ?: 1;
	if (annotated_length(x, v, a, &done))
		return -1;
	if (!done && !settle_length(x, v, i, to))
		infer_length(x, v, i, to);
	if (!elem && v->len_from != FROM_BODY && !v->times)
		v->elem_size = value_unit_of(x, v, to);
	if (v->len_from != FROM_ANNOTATION)
		compare_length(x, v, i);
	if (json_is_true(json_object_get(a, "vr")))
		v->len = LEN_VR;
	if (pointer_dir(x, v, i, a, is_const) || pointer_limits(x, v, a) || pointer_filled(x, v, a))
		return -1;
	if (!v->st && to->kind != TYPE_PTR && holds_pointers(to) &&
	    !json_is_true(json_object_get(a, "flat"))) {
		ask_for(v, "as", variant_choices(x->m, to));
		mark_unsure(x, v,
			    "its struct holds pointers: say \"as\" (a struct variant) or \"flat\"");
	}
	if (to->kind == TYPE_PTR)
		mark_unsure(x, v, "a pointer to pointers");
	return infer_path(x, v, i, a);
}

/* ---- switches ---- */

static int read_key(struct ctx *x, struct mval *v, const char *label, int64_t key[2])
{
	char *s = xstrdup(label), *save = NULL;
	int n = 0, r = 0;

	key[1] = 0;
	for (char *t = strtok_r(s, " ", &save); t && n < 2; t = strtok_r(NULL, " ", &save)) {
		json_t *j = json_string(t);

		if (!marshal_value(x->m, j, &key[n++]))
			r = annotation_bad(x, v, "a case is not a known constant");
		json_decref(j);
	}
	free(s);
	if (n != (v->on[1] >= 0 ? 2 : 1))
		r = annotation_bad(x, v,
				   "a case has as many constants as \"switch\" has parameters");
	return r;
}

static int infer_case(struct ctx *x, struct mval *v, struct mval *into, int i, json_t *base,
		      json_t *over)
{
	struct ctx one = *x;
	json_t *a = json_copy(base);
	int r;

	one.ev = NULL; /* the body's evidence is that of all cases together */
	json_object_update(a, over);
	*into = *v;
	into->pass = PASS_SCALAR;
	r = infer_value(&one, into, i, a);
	json_decref(a);
	return r;
}

static int infer_switch(struct ctx *x, struct mval *v, int i, json_t *a)
{
	json_t *on = json_object_get(a, "switch"), *cases = json_object_get(a, "cases"), *c;
	json_t *base = json_copy(a), *none = json_object();
	const char *label;
	size_t n = 0;
	int r = 0;

	json_object_del(base, "switch");
	json_object_del(base, "cases");
	json_object_del(base, "default");
	v->on[1] = -1;
	for (size_t k = 0; k < json_array_size(on) && k < 2; k++) {
		v->on[k] = param_find(x, json_string_value(json_array_get(on, k)) ?: "");
		if (v->on[k] < 0)
			r = annotation_bad(x, v, "\"switch\" names no other parameter");
	}
	v->cases = marshal_keep(x->m, xcalloc(json_object_size(cases) + 1, sizeof(*v->cases)));
	json_object_foreach (cases, label, c) {
		struct mcase *mc = &v->cases[n++];

		mc->label = label;
		mc->ret_fd = !strcmp(json_string_value(json_object_get(c, "result")) ?: "", "fd");
		if (r || read_key(x, v, label, mc->key) || infer_case(x, v, &mc->val, i, base, c))
			r = -1;
	}
	v->ncases = n;
	v->otherwise = marshal_keep(x->m, xcalloc(1, sizeof(*v->otherwise)));
	if (!r)
		r = infer_case(x, v, v->otherwise, i, base, json_object_get(a, "default") ?: none);
	v->pass = PASS_SWITCH;
	json_decref(base);
	json_decref(none);
	return r;
}

/* ---- any value ---- */

static int infer_plain(struct ctx *x, struct mval *v, json_t *a)
{
	const char *as = json_string_value(json_object_get(a, "as"));
	json_t *fd = json_object_get(a, "fd"), *dir = json_object_get(a, "dir");

	v->pass = PASS_SCALAR;
	if (as) { /* a struct inside a struct */
		v->st = struct_variant(x->m, as);
		v->pass = PASS_INLINE;
		return v->st ? 0 : -1;
	}
	if (v->type->kind == TYPE_INT) {
		v->fd = fd ? json_is_true(fd) : x->params && is_fd_name(v->name);
		v->fd_from = fd ? FROM_ANNOTATION : v->fd ? FROM_NAME : FROM_TYPE;
		if (!fd && x->ev)
			settle_number(x, v, (int)(v - x->list));
		else if (x->params && !v->fd && starts_with(v->name, "arg") && v->type->size == 8)
			mark_unsure(x, v, "may it be a pointer? say \"switch\" or \"scalar\"");
	} else if (holds_pointers(v->type)) {
		ask_for(v, "as", variant_choices(x->m, v->type));
		mark_unsure(x, v, "a struct with pointers in it: say \"as\"");
	}
	if (dir)
		v->dir = DIR_OUT;
	return 0;
}

static int infer_value(struct ctx *x, struct mval *v, int i, json_t *a)
{
	json_t *refuse = json_object_get(a, "refuse");
	int64_t no;

	v->how = a && json_object_size(a) ? HOW_ANNOTATED : HOW_INFERRED;
	v->of = v->keep_arg = v->dirfd = -1;
	if (json_object_get(a, "switch"))
		return infer_switch(x, v, i, a);
	if (refuse) {
		if (!marshal_value(x->m, refuse, &no))
			return annotation_bad(x, v, "\"refuse\" is an error's name");
		v->pass = PASS_REFUSE;
		v->refuse = (int)no;
		return 0;
	}
	if (json_is_true(json_object_get(a, "scalar"))) {
		v->pass = PASS_SCALAR;
		return 0;
	}
	if (x->params && is_vr_int(v->type) && name_has(v->name, "len") && i > 0 &&
	    !json_object_get(a, "dir") && x->list[i - 1].type->kind == TYPE_PTR) {
		v->pass = PASS_VR;
		v->of = i - 1;
		v->dir = DIR_INOUT;
		return 0;
	}
	if (v->type->kind == TYPE_PTR ||
	    (x->params &&
	     (json_object_get(a, "type") || json_object_get(a, "as") || json_object_get(a, "dir"))))
		return infer_pointer(x, v, i, a);
	return infer_plain(x, v, a);
}

/* Declared by a line in "headers", because the tree has it only in a .c file, or in another form.
 */
static bool declared_here(const struct marshal *m, const char *type)
{
	json_t *h;
	size_t k;

	for (size_t i = 0; i < m->ngroups; i++)
		json_array_foreach (json_object_get(m->groups[i].json, "headers"), k, h)
			if (strchr(json_string_value(h), '{') &&
			    starts_with(json_string_value(h), type))
				return true;
	return false;
}

static struct mstruct *struct_variant(struct marshal *m, const char *name)
{
	const char *path = NULL, *total;
	json_t *j = annotation_of_struct(m, name, &path), *fields;
	struct mstruct *st;
	struct ctx x;

	for (size_t i = 0; i < m->nstructs; i++)
		if (!strcmp(m->structs[i]->name, name))
			return m->structs[i];
	if (!j) {
		err(NULL, "add it to a group in specs/annotations, or that group to the spec",
		    "no struct variant \"%s\"", name);
		return NULL;
	}
	st = marshal_keep(m, xcalloc(1, sizeof(*st)));
	st->name = name;
	st->type = types_named(&m->types, json_string_value(json_object_get(j, "type")));
	st->declared = declared_here(m, st->type->name);
	fields = json_object_get(j, "fields");
	st->fields = marshal_keep(m, xcalloc(st->type->nfields + 1, sizeof(*st->fields)));
	st->nfields = st->type->nfields;
	for (size_t i = 0; i < st->nfields; i++) {
		st->fields[i].name = st->type->fields[i].name;
		st->fields[i].type = st->type->fields[i].type;
		st->fields[i].offset = st->type->fields[i].offset;
	}
	x = (struct ctx){m, path, name, st->fields, (unsigned)st->nfields, false, NULL};
	for (size_t i = 0; i < st->nfields; i++)
		if (infer_value(&x, &st->fields[i], (int)i,
				json_object_get(fields, st->fields[i].name)))
			return NULL;
	total = json_string_value(json_object_get(j, "total"));
	st->total = total ? param_find(&x, total) : -1;
	m->structs = vec_grow(m->structs, m->nstructs + 1, &m->scap, sizeof(*m->structs));
	m->structs[m->nstructs++] = st;
	return st;
}

/* Whose way through other units is worth parsing them. */
static unsigned wide_params(const struct calltype *ct)
{
	unsigned wide = 0;

	for (unsigned i = 0; i < ct->nparams; i++)
		if (ct->param[i].type->kind == TYPE_PTR || is_fd_name(ct->param[i].name))
			wide |= 1u << i;
	return wide;
}

static int infer_call(struct marshal *m, struct mcall *c, const struct calltype *ct)
{
	const char *path = NULL;
	json_t *a = annotation_of_call(m, ct->name, &path), *pa = json_object_get(a, "params");
	struct ctx x = {m, path, ct->name, NULL, ct->nparams, true, NULL};

	c->ct = ct;
	c->n = ct->nparams;
	c->ev = x.ev = flow_call(&m->bodies, ct->file, ct->entry, ct->nparams, wide_params(ct));
	c->p = x.list = marshal_keep(m, xcalloc(ct->nparams + 1, sizeof(*c->p)));
	for (unsigned i = 0; i < c->n; i++) {
		c->p[i].name = ct->param[i].name;
		c->p[i].type = ct->param[i].type;
		c->p[i].spelling = ct->param[i].spelling;
	}
	if (unknown_in_call(&x, a))
		return -1;
	for (unsigned i = 0; i < c->n; i++)
		if (infer_value(&x, &c->p[i], (int)i, json_object_get(pa, c->p[i].name)))
			return -1;
	if (marshal_result(m, c, path, a))
		return -1;
	c->route_none = !strcmp(json_string_value(json_object_get(a, "route")) ?: "", "none");
	c->test = json_object_get(a, "test");
	c->differs = json_object_get(a, "differs");
	call_flags(c, a);
	for (unsigned i = 0; i < c->n; i++)
		if (evidence_gives_fd(c->ev, (int)i) && !(c->flags & MCALL_FDS_OUT)) {
			ask_for(&c->p[i], "flags", "[\"fds_out\"]"); /* of the call */
			mark_unsure(
				&x, &c->p[i],
				"the body stores new descriptors there: say \"flags\": [\"fds_out\"] of the call");
		}
	return call_keys(&x, c, a);
}

int marshal_load(struct marshal *m, const struct spec *spec, const struct compdb *db)
{
	struct types_request want = {0};
	int r;

	memset(m, 0, sizeof(*m));
	m->spec = spec;
	m->domain = spec->name;
	if (annotations_load(m))
		return -1;
	annotations_wants(m, &want);
	bodies_init(&m->bodies, db);
	want.bodies = &m->bodies;
	want.calls = xcalloc(spec->ncalls + 1, sizeof(*want.calls));
	want.ncalls = spec->ncalls;
	for (size_t i = 0; i < spec->ncalls; i++)
		want.calls[i] = spec->calls[i].name;
	r = types_load(&m->types, db, &want);
	free(want.calls);
	free(want.headers);
	free(want.names);
	free(want.consts);
	if (r)
		unknown_constants(m);
	else
		r = unknown_calls(m) | unknown_in_groups(m) ? -1 : 0;
	m->calls = xcalloc(spec->ncalls + 1, sizeof(*m->calls));
	for (size_t i = 0; !r && i < m->types.ncalls; i++)
		m->ncalls++;
	for (size_t i = 0; i < m->ncalls; i++)
		if (infer_call(m, &m->calls[i], &m->types.calls[i]))
			r = -1;
	return r ? r : marshal_routes(m);
}

void marshal_free(struct marshal *m)
{
	types_free(&m->types);
	bodies_free(&m->bodies);
	for (size_t i = 0; i < m->ngroups; i++) {
		json_decref(m->groups[i].json);
		free(m->groups[i].name);
		free(m->groups[i].path);
	}
	free(m->groups);
	for (size_t i = 0; i < m->nmem; i++)
		free(m->mem[i]);
	free(m->mem);
	free(m->structs);
	free(m->calls);
}

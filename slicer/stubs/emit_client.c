// SPDX-License-Identifier: GPL-2.0
/*
 * emit_client.c: struct marshal => client.c (the table), client.h and client_GROUP.c: one
 * straight-line function per call: scalars, lengths, data in; submit and wait; data out. The
 * helpers are runtime/include/sd/stub.h.
 */
#include "stubs/emit.h"
#include "spec/spec.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FMT(b, ...) sb_printf((b), __VA_ARGS__)

/* ---- expressions ---- */

static void side_expr(const struct side *s, const char *fmt, unsigned i, struct strbuf *b)
{
	if (s->field)
		FMT(b, fmt, s->list[i].name);
	else
		FMT(b, fmt, i);
}

static char *side_expr_string(const struct side *s, const char *fmt, unsigned i)
{
	struct strbuf b = {0};

	side_expr(s, fmt, i, &b);
	return b.s;
}

void client_units(const struct side *s, const struct mval *v, struct strbuf *b)
{
	char *x;

	if (v->len == LEN_VR && !s->field) {
		FMT(b, "(u64)(s64)v%d", v->of);
		return;
	}
	x = side_expr_string(s, s->src, (unsigned)v->of);
	emit_units_of(v, s->list[v->of].type, x, b);
	free(x);
}

/* "n1", "n1 * 12", "16": bytes; n is known to be small (limited), or the product is protected
 * against overflow. */
static void emit_byte_count(const struct mval *v, unsigned i, bool limited, struct strbuf *b)
{
	if (v->len == LEN_FIXED)
		FMT(b, "%zu", v->bytes);
	else if (v->elem_size == 1 || v->len == LEN_BITS)
		FMT(b, "n%u", i);
	else
		FMT(b, limited ? "n%u * %zu" : "sd_bytes(n%u, %zu)", i, v->elem_size);
}

/* ---- data in ---- */

static void put_struct(const struct side *s, const struct mval *v, unsigned i, struct strbuf *b)
{
	if (v->keep_arg >= 0)
		FMT(b, "%sx.keep = a[%d] & %lld;\n", s->tab, v->keep_arg, (long long)v->keep_mask);
	sb_puts(b, s->tab);
	side_expr(s, s->dst, i, b);
	FMT(b, " = put_%s(%s, ", v->st->name, s->call);
	side_expr(s, s->src, i, b);
	FMT(b, ", &n%u, %s, %s);\n", i, v->partial ? "true" : "false", s->field ? "x" : "&x");
	if (v->partial) {
		sb_puts(b, s->tab);
		side_expr(s, s->dst, (unsigned)v->of, b);
		FMT(b, " = n%u;\n", i);
	}
}

/* Data of as many units as the program has room for: the length is adjusted. */
static void put_data(const struct side *s, const struct mval *v, unsigned i, const char *fn,
		     struct strbuf *b)
{
	char *src = side_expr_string(s, s->src, i), *dst = side_expr_string(s, s->dst, i),
	     *len = side_expr_string(s, s->dst, (unsigned)v->of);

	if (v->keep_arg >= 0)
		FMT(b, "%s%s = a[%d] & %lld ? sd_keep_data(%s, %s, &n%u, %zu) : ", s->tab, dst,
		    v->keep_arg, (long long)v->keep_mask, s->call, src, i, v->elem_size);
	else
		FMT(b, "%s%s = ", s->tab, dst);
	FMT(b, v->prefix ? "%s(%s, %s, &n%u);\n" : "%s(%s, %s, &n%u, %zu);\n", fn, s->call, src, i,
	    v->elem_size);
	FMT(b, "%s%s = n%u;\n", s->tab, len, i);
	free(src);
	free(dst);
	free(len);
}

static void put_value(const struct side *s, const struct mval *v, unsigned i, bool limited,
		      struct strbuf *b)
{
	char *src, *dst;
	const char *fn = v->dir != DIR_OUT		 ? "in"
			 : v->len == LEN_VR && !s->field ? "out_vr"
							 : "out";

	if (v->st)
		return put_struct(s, v, i, b);
	if (v->prefix)
		return put_data(s, v, i, "sd_in_prefix", b);
	if (v->dir == DIR_OUT && v->filled == FILLED_RET && !v->whole && !v->times)
		return put_data(s, v, i, "sd_out_data", b);
	src = side_expr_string(s, s->src, i);
	dst = side_expr_string(s, s->dst, i);
	if (v->len == LEN_STR) {
		FMT(b, "%s%s = sd_put_str(%s, %s);\n", s->tab, dst, s->call, src);
	} else if (v->filled == FILLED_SUM) {
		FMT(b, "%s%s = x->keep ? sd_in(c, %s, n%u) : sd_out_segment(c, %s, n%u);\n", s->tab,
		    dst, src, i, src, i);
	} else {
		FMT(b, "%s%s = sd_%s(%s, %s, ", s->tab, dst, fn, s->call, src);
		emit_byte_count(v, i, limited, b);
		sb_puts(b, ");\n");
	}
	free(src);
	free(dst);
}

/* The data of a scatter list share the rest of the arena; anything else has its own limit. */
static void put_clamp(const struct side *s, const struct mval *v, unsigned i, struct strbuf *b)
{
	bool data = s->field && v->clamp == (int64_t)(MARSHAL_MAX_DATA / v->elem_size);
	char *src = side_expr_string(s, s->src, i),
	     *len = side_expr_string(s, s->dst, (unsigned)v->of);
	char *most =
		data ? xasprintf("sd_space(%s)", s->call) : xasprintf("%lld", (long long)v->clamp);

	if (v->whole && !s->field && !s->list[v->of].type->is_signed) {
		FMT(b, "%sif (n%u > %s)\n%s\t%s = n%u = %s;\n", s->tab, i, most, s->tab, len, i,
		    most);
	} else if (v->len != LEN_VR || s->field) { /* sd_put_vr() has cut the other kind */
		FMT(b, "%sif ((s64)n%u > (s64)%s && sd_span_ok(%s, ", s->tab, i, most, src);
		emit_byte_count(v, i, false, b);
		FMT(b, ")) {\n%s\t%s = n%u = %s;\n", s->tab, len, i, most);
		if (data)
			FMT(b, "%s\tx->cut = true;\n", s->tab);
		FMT(b, "%s}\n", s->tab);
	}
	free(src);
	free(len);
	free(most);
}

static void put_pointer(const struct side *s, const struct mval *v, unsigned i, struct strbuf *b)
{
	struct side in = *s;
	int64_t max = v->max ?: v->len == LEN_BITS ? INT32_MAX : 0;
	char *tab = NULL;

	if (v->len == LEN_FIXED && v->st)
		FMT(b, "%sn%u = 1;\n", s->tab, i);
	if (v->len != LEN_FIXED && v->len != LEN_STR) {
		FMT(b, "%sn%u = ", s->tab, i);
		client_units(s, v, b);
		sb_puts(b, ";\n");
	}
	if (max) {
		FMT(b, "%sif (n%u > %lld) {\n%s\t", s->tab, i, (long long)max, s->tab);
		side_expr(s, s->dst, i, b);
		sb_puts(b, " = sd_unread(");
		side_expr(s, s->src, i, b);
		FMT(b, ");\n%s} else {\n", s->tab);
		in.tab = tab = xasprintf("%s\t", s->tab);
	}
	if (v->clamp && v->of >= 0)
		put_clamp(&in, v, i, b);
	if (v->len == LEN_BITS)
		FMT(b, "%sn%u = (n%u + 63) / 64 * 8;\n", in.tab, i, i);
	put_value(&in, v, i, v->max > 0, b);
	if (max)
		FMT(b, "%s}\n", s->tab);
	free(tab);
}

void client_put(const struct side *s, const struct mval *v, unsigned i, struct strbuf *b)
{
	if (v->pass == PASS_PTR) {
		put_pointer(s, v, i, b);
	} else if (v->pass == PASS_INLINE) {
		FMT(b, "%sput1_%s(c, &p->%s, &w->%s, x);\n", s->tab, v->st->name, v->name, v->name);
	} else if (v->pass == PASS_SCALAR && !s->field) {
		FMT(b, "%sc.arg[%u] = a[%u];\n", s->tab, i, i);
	} else if (v->pass == PASS_REFUSE) {
		FMT(b, "%s*ret = -%d;\n%sgoto end;\n", s->tab, v->refuse, s->tab);
	}
}

/* ---- data out ---- */

static bool value_comes_back(const struct mval *v)
{
	return v->pass == PASS_PTR && ((v->dir & DIR_OUT) || (v->st && struct_comes_back(v->st)));
}

/* Output that contains its own length. */
static void emit_get_checked(const struct mval *v, unsigned i, const char *tab, struct strbuf *b)
{
	if (!v->rec.size && !v->terminated)
		return;
	FMT(b, "%s*ret = sd_%s(&c, a[%u], c.arg[%u], sd_min((u64)got, ", tab,
	    v->rec.size ? "records" : "terminated", i, i);
	emit_byte_count(v, i, false, b);
	if (v->rec.size)
		FMT(b, "), %u, %u, %u, %u, *ret);\n", v->rec.at, v->rec.size, v->rec.least,
		    v->rec.name);
	else
		sb_puts(b, "), *ret);\n");
}

static void get_pointer(const struct mval *v, unsigned i, const char *tab, struct strbuf *b)
{
	if (v->st) {
		FMT(b, "%s*ret = get_%s(&c, a[%u], c.arg[%u], %s%u%s, &x, *ret);\n", tab,
		    v->st->name, i, i, v->filled == FILLED_RET ? "sd_min((u64)got, n" : "n", i,
		    v->filled == FILLED_RET ? ")" : "");
		return;
	}
	if (v->filled == FILLED_VR) {
		FMT(b,
		    "%s*ret = sd_back_vr(&c, a[%u], c.arg[%u], sd_bytes(n%u, %zu), %zu, a[%d], c.arg[%d], ",
		    tab, i, i, i, v->elem_size, v->elem_size, v->of, v->of);
		FMT(b, v->longer ? "sd_max(n%u, %lld), *ret);\n" : "n%u, *ret);\n", i,
		    (long long)v->longer);
		return;
	}
	FMT(b,
	    !v->always	      ? "%s*ret = sd_back(&c, a[%u], c.arg[%u], "
	    : v->ignore_fault ? "%ssd_back(&c, a[%u], c.arg[%u], "
			      : "%sif (sd_back(&c, a[%u], c.arg[%u], ",
	    tab, i, i);
	if (v->filled == FILLED_RET && v->times)
		FMT(b, "sd_min((u64)got * %zu + %lld, ", v->times, (long long)v->plus);
	else if (v->filled == FILLED_RET)
		FMT(b, v->elem_size == 1 ? "sd_min((u64)got, " : "sd_min((u64)got * %zu, ",
		    v->elem_size);
	emit_byte_count(v, i, false, b);
	FMT(b, "%s%s", v->filled == FILLED_RET ? ")" : "", v->always ? ", 0)" : ", *ret)");
	if (v->always && !v->ignore_fault)
		FMT(b, " < 0)\n%s\t*ret = -EFAULT", tab);
	sb_puts(b, ";\n");
	emit_get_checked(v, i, tab, b);
}

/* ---- switches: equal cases share their code ---- */

typedef void (*case_fn)(const struct mcall *c, const struct mval *v, unsigned i, struct strbuf *b);

static void case_put(const struct mcall *c, const struct mval *v, unsigned i, struct strbuf *b)
{
	const struct side s = {"&c", "a[%u]", "c.arg[%u]", false, c->p, "\t\t"};

	client_put(&s, v, i, b);
}

static void case_get(const struct mcall *c, const struct mval *v, unsigned i, struct strbuf *b)
{
	if (value_comes_back(v))
		get_pointer(v, i, "\t\t\t", b);
}

static void emit_switch(const struct mcall *c, unsigned i, const char *tab, case_fn fn,
			struct strbuf *b)
{
	const struct mval *v = &c->p[i];
	struct strbuf *text = xcalloc(v->ncases + 1, sizeof(*text));
	bool *done = xcalloc(v->ncases + 1, sizeof(*done));

	FMT(b,
	    v->on[1] >= 0 ? "%sswitch ((u64)(u32)a[%d] << 32 | (u32)a[%d]) {\n"
			  : "%sswitch ((u32)a[%d]) {\n",
	    tab, v->on[0], v->on[1]);
	for (size_t k = 0; k <= v->ncases; k++)
		fn(c, k < v->ncases ? &v->cases[k].val : v->otherwise, i, &text[k]);
	for (size_t k = 0; k < v->ncases; k++) {
		if (done[k])
			continue;
		for (size_t j = k; j < v->ncases; j++) {
			const int64_t *key = v->cases[j].key;

			if (strcmp(text[j].s ?: "", text[k].s ?: ""))
				continue;
			done[j] = true;
			if (v->on[1] >= 0)
				FMT(b, "%scase %#llx:", tab,
				    (unsigned long long)(uint32_t)key[0] << 32 | (uint32_t)key[1]);
			else
				FMT(b, "%scase %#x:", tab, (uint32_t)key[0]);
			FMT(b, " /* %s */\n", v->cases[j].label);
		}
		FMT(b, "%s%s\tbreak;\n", text[k].s ?: "", tab);
	}
	FMT(b, "%sdefault:\n%s%s\tbreak;\n%s}\n", tab, text[v->ncases].s ?: "", tab, tab);
	for (size_t k = 0; k <= v->ncases; k++)
		sb_free(&text[k]);
	free(text);
	free(done);
}

/* ---- one call ---- */

struct needs {
	bool n[6], v[6], cut, got, sum, refuse, back;
};

static void needs_of_value(const struct mval *v, unsigned i, struct needs *nd)
{
	if (v->pass == PASS_SWITCH) {
		for (size_t k = 0; k < v->ncases; k++)
			needs_of_value(&v->cases[k].val, i, nd);
		needs_of_value(v->otherwise, i, nd);
	}
	nd->refuse |= v->pass == PASS_REFUSE;
	if (v->pass == PASS_VR)
		nd->v[i] = true;
	if (v->pass != PASS_PTR)
		return;
	nd->n[i] |= v->st || (v->len != LEN_FIXED && v->len != LEN_STR);
	nd->cut |= v->st != NULL;
	nd->back |= value_comes_back(v);
	nd->got |= value_comes_back(v) && (v->st || v->filled == FILLED_RET);
	nd->sum |= v->st && value_comes_back(v);
}

static bool needs_of_result(const struct mcall *c, const struct needs *nd)
{
	return nd->back && (nd->got || makes_fds(c));
}

static void emit_locals(const struct mcall *c, const struct needs *nd, struct strbuf *b)
{
	bool first = true;

	sb_puts(b, "\tstruct sd_call c;\n");
	for (unsigned i = 0; i < c->n; i++) {
		if (nd->n[i]) {
			FMT(b, first ? "\tu64 n%u = 0" : ", n%u = 0", i);
			first = false;
		}
	}
	sb_puts(b, first ? "" : ";\n");
	for (unsigned i = 0; i < c->n; i++)
		if (nd->v[i])
			FMT(b, "\ts32 v%u;\n", i);
	if (nd->cut)
		sb_puts(b, "\tstruct sd_puts x = {0};\n");
	if (needs_of_result(c, nd))
		sb_puts(b, "\tlong got = -1;\n");
	if (c->flags & MCALL_FDS_OUT)
		sb_puts(b, "\ts32 fds[2] = {-1, -1};\n");
}

int64_t vr_limit(const struct mcall *c, unsigned i)
{
	const struct mval *v = &c->p[c->p[i].of];

	return (v->pass == PASS_SWITCH ? v->otherwise : v)->clamp;
}

static void emit_put_all(const struct mcall *c, struct strbuf *b)
{
	const struct side s = {"&c", "a[%u]", "c.arg[%u]", false, c->p, "\t"};

	for (unsigned i = 0; i < c->n; i++) {
		if (c->p[i].pass == PASS_VR)
			FMT(b, "\tc.arg[%u] = sd_put_vr(&c, a[%u], &v%u, %lld);\n", i, i, i,
			    (long long)vr_limit(c, i));
		else if (c->p[i].pass == PASS_SCALAR)
			client_put(&s, &c->p[i], i, b);
	}
	for (int st = 0; st < 2; st++)
		for (unsigned i = 0; i < c->n; i++)
			if (c->p[i].pass == PASS_PTR && !!c->p[i].st == st)
				client_put(&s, &c->p[i], i, b);
	for (unsigned i = 0; i < c->n; i++)
		if (c->p[i].pass == PASS_SWITCH)
			emit_switch(c, i, "\t", case_put, b);
}

static void emit_get_all(const struct mcall *c, const struct needs *nd, struct strbuf *b)
{
	for (unsigned i = 0; i < c->n; i++)
		if (value_comes_back(&c->p[i]) && c->p[i].always)
			get_pointer(&c->p[i], i, "\t\t", b);
	sb_puts(b, "\t\tif (*ret >= 0) {\n");
	if (needs_of_result(c, nd))
		sb_puts(b, "\t\t\tgot = *ret;\n");
	if (nd->sum)
		sb_puts(b, "\t\t\tx.sum = (u64)got;\n");
	for (unsigned i = 0; i < c->n; i++) {
		const struct mval *v = &c->p[i];

		if (value_comes_back(v) && !v->always) {
			if (c->flags & MCALL_FDS_OUT)
				FMT(b,
				    "\t\t\tif (sd_placed(c.arg[%u]))\n"
				    "\t\t\t\t__builtin_memcpy(fds, sd_at(&c, c.arg[%u]), sizeof(fds));\n",
				    i, i);
			get_pointer(v, i, "\t\t\t", b);
		} else if (v->pass == PASS_SWITCH) {
			emit_switch(c, i, "\t\t\t", case_get, b);
		}
	}
	sb_puts(b, "\t\t}\n");
}

/* Several domains' stubs are linked into one launcher. */
static void emit_signature(const struct marshal *m, const struct mcall *c, struct strbuf *b)
{
	FMT(b, "enum sd_status sd_%s_stub_%s(struct sd_qp *qp, long *ret, const u64 a[6])",
	    m->domain, c->ct->name);
}

/* For early calls, see sd_call_early(). */
static void emit_early(const struct mcall *c, struct strbuf *b)
{
	FMT(b, "\tsd_call_early(&c, ret, %d, %d, sd_placed(c.arg[%d])", c->early, c->p[c->early].of,
	    c->early);
	for (size_t i = 0; i < c->nonly; i++) {
		const struct mguard *g = &c->only[i];

		if (g->bits)
			FMT(b, " && !((u32)a[%u] & ~%#xu)", g->param, (unsigned)g->bits);
		else
			FMT(b, " && !a[%u]", g->param);
	}
	sb_puts(b, ");\n");
}

static const struct mcall *find_call(const struct marshal *m, const char *name)
{
	for (size_t i = 0; i < m->ncalls; i++)
		if (!strcmp(m->calls[i].ct->name, name))
			return &m->calls[i];
	return NULL;
}

/* Without the call that decides about parts (parts_if) there are no parts. */
static bool value_in_parts(const struct marshal *m, const struct mval *v)
{
	return v->pass == PASS_PTR && v->parts && (!v->parts_if || find_call(m, v->parts_if));
}

/* The parameter with a data list that may be sent in parts, or -1. */
static int list_value_in_parts(const struct marshal *m, const struct mcall *c)
{
	for (unsigned i = 0; i < c->n; i++)
		if (value_in_parts(m, &c->p[i]) && c->p[i].st)
			return (int)i;
	return -1;
}

/* The actual call is part_X(); it returns whether there was more data than it could carry. */
static void emit_list_stub(const struct marshal *m, const struct mcall *c, int i, struct strbuf *b)
{
	const struct mval *v = &c->p[i];

	sb_puts(b, "\n");
	emit_signature(m, c, b);
	FMT(b, "\n{\n\tbool cut = false;\n\tenum sd_status st = part_%s(qp, ret, a, &cut);\n\n",
	    c->ct->name);
	FMT(b,
	    "\tif (sd_unlikely(cut && st == SD_OK && *ret > 0))\n\t\tsd_parts_list(part_%s, qp, ret, a, %d, %d, %d, ",
	    c->ct->name, i, v->of, v->part_pos);
	if (v->parts_if)
		FMT(b, "sd_%s_stub_%s", m->domain, v->parts_if);
	else
		sb_puts(b, "NULL");
	sb_puts(b, ");\n\treturn st;\n}\n");
}

static void emit_parts(const struct marshal *m, const struct mcall *c, unsigned i, struct strbuf *b)
{
	const struct mval *v = &c->p[i];

	FMT(b,
	    "\tif (sd_unlikely(a[%d] > %lld && sd_span_ok(a[%u], a[%d])))\n\t\treturn sd_parts(sd_%s_stub_%s, qp, ret, a, %u, %d, %d, ",
	    v->of, (long long)v->clamp, i, v->of, m->domain, c->ct->name, i, v->of, v->part_pos);
	if (v->parts_if)
		FMT(b, "sd_%s_stub_%s);\n", m->domain, v->parts_if);
	else
		sb_puts(b, "NULL);\n");
}

/* Expression of parameter `of`: bytes or units that were placed, or the number itself. */
static void emit_given(const struct mcall *c, int of, struct strbuf *b)
{
	const struct mval *v = &c->p[of];
	char *x;

	if (v->pass == PASS_PTR) {
		if (v->st && v->filled != FILLED_RET)
			sb_puts(b, "x.data");
		else
			FMT(b, "n%d", of);
		return;
	}
	x = xasprintf("a[%d]", of);
	emit_widen(v->type, x, b);
	free(x);
}

/* The maximum that the domain may answer, at most MAX_RW_COUNT. */
static void emit_most(const struct mcall *c, struct strbuf *b)
{
	const struct mresult *r = &c->result_is;
	const struct mval *v = r->of >= 0 ? &c->p[r->of] : NULL;

	sb_puts(b, "\tsd_call_most(&c, ");
	if (!v) {
		FMT(b, "%" PRId64 ");\n", r->most);
		return;
	}
	if (v->keep_arg >= 0 &&
	    !(v->st && v->filled == FILLED_RET)) /* the size of messages, not their number */
		FMT(b, "a[%d] & %lld ? 0x7fffffff : ", v->keep_arg, (long long)v->keep_mask);
	if (r->times > 1)
		FMT(b, "%u * ", r->times);
	if (r->empty) {
		emit_given(c, r->of, b);
		sb_puts(b, " ? ");
	}
	sb_puts(b, "sd_min(");
	emit_given(c, r->of, b);
	sb_puts(b, ", SD_RW_MAX)");
	if (r->empty)
		FMT(b, " : %" PRId64, r->empty);
	sb_puts(b, ");\n");
}

static int emit_stub(const struct marshal *m, const struct mcall *c, struct strbuf *b)
{
	struct needs nd = {0};
	int list = list_value_in_parts(m, c);

	for (unsigned i = 0; i < c->n; i++)
		needs_of_value(&c->p[i], i, &nd);
	sb_puts(b, "\n/* ");
	for (unsigned i = 0; i < c->n; i++) {
		sb_puts(b, i ? "; " : "");
		describe_value(&c->p[i], c->p, b);
	}
	sb_puts(b, c->n ? " */\n" : "no parameters */\n");
	if (list >= 0)
		FMT(b,
		    "static enum sd_status part_%s(struct sd_qp *qp, long *ret, const u64 a[6], bool *cut)",
		    c->ct->name);
	else
		emit_signature(m, c, b);
	sb_puts(b, "\n{\n");
	emit_locals(c, &nd, b);
	sb_puts(b, "\n");
	for (unsigned i = 0; i < c->n; i++)
		if (value_in_parts(m, &c->p[i]) && !c->p[i].st)
			emit_parts(m, c, i, b);
	sb_puts(b, "\tsd_call_begin(qp, &c, ");
	emit_op(m, c, b);
	sb_puts(b, ");\n");
	emit_put_all(c, b);
	emit_most(c, b);
	if (c->credit >= 0)
		FMT(b, "\tsd_call_credit(&c, c.arg[%d]);\n", c->credit);
	if (c->early >= 0) {
		emit_early(c, b);
	} else if (c->known) {
		FMT(b, "\tsd_call_known(&c, ret, %" PRId64 ");\n", c->result);
	} else if (!nd.back) {
		sb_puts(b, "\tsd_call_wait(&c, ret);\n");
	} else {
		sb_puts(b, "\tif (sd_call_wait(&c, ret) == SD_OK) {\n");
		emit_get_all(c, &nd, b);
		sb_puts(b, "\t}\n");
	}
	if (nd.refuse)
		sb_puts(b, "end:\n");
	if (list >= 0)
		sb_puts(b, "\t*cut = x.cut;\n");
	if (nd.back && makes_fds(c)) {
		/* as Linux does: a descriptor that the program doesn't get is closed */
		sb_puts(b, "\tsd_call_end(&c);\n\tif (got >= 0 && *ret < 0)\n");
		sb_puts(b, c->flags & MCALL_FDS_OUT ? "\t\tdrop_fds(qp, fds[0], fds[1]);\n"
						    : "\t\tdrop_fds(qp, (s32)got, -1);\n");
		sb_puts(b, "\treturn c.status;\n}\n");
	} else {
		sb_puts(b, "\treturn sd_call_end(&c);\n}\n");
	}
	if (list >= 0)
		emit_list_stub(m, c, list, b);
	return 0;
}

/* ---- the table ---- */

/* The first condition is key_X, each leads to the next. */
static void emit_one_key(const struct mkey *k, const char *name, const char *next, struct strbuf *b)
{
	FMT(b, "\nstatic const struct sd_route_key %s = {\n\t.arg = %d, .n = %zu, .mask = %#llx,\n",
	    name, k ? k->param : 0, k ? k->n : 0, k ? (unsigned long long)k->mask : 0);
	sb_puts(b, k ? "\t.value = {" : "");
	for (size_t i = 0; k && i < k->n; i++)
		FMT(b, "%s%llu /* %s */", i ? ", " : "", (unsigned long long)k->values[i],
		    k->names[i]);
	sb_puts(b, k ? "},\n" : "");
	if (next)
		FMT(b, "\t.and = &%s,\n", next);
	sb_puts(b, "};\n");
}

static void emit_key(const struct mcall *c, struct strbuf *b)
{
	char *next = NULL;

	for (size_t i = c->nkeys ?: 1; i-- > 0;) {
		char *name = i ? xasprintf("key_%s_%zu", c->ct->name, i)
			       : xasprintf("key_%s", c->ct->name);

		emit_one_key(c->nkeys ? &c->key[i] : NULL, name, next, b);
		free(next);
		next = name;
	}
	free(next);
}

static void emit_path_args(const struct mcall *c, struct strbuf *b)
{
	unsigned n = 0;

	FMT(b, "\nstatic const struct sd_path_args paths_%s = {%d, {", c->ct->name,
	    __builtin_popcount(call_paths(c)));
	for (unsigned i = 0; i < c->n; i++) {
		if (!c->p[i].path)
			continue;
		FMT(b, c->p[i].dirfd < 0 ? "%s{%u, SD_PATH_CWD}" : "%s{%u, %d}", n++ ? ", " : "", i,
		    c->p[i].dirfd);
	}
	sb_puts(b, "}};\n");
}

static bool call_has_key(const struct mcall *c)
{
	return c->route == MROUTE_KEY || (c->route == MROUTE_MIRRORED && c->nkeys);
}

static void emit_routes(const struct marshal *m, struct strbuf *b)
{
	for (size_t i = 0; i < m->ncalls; i++) {
		if (call_has_key(&m->calls[i]))
			emit_key(&m->calls[i], b);
		if (call_paths(&m->calls[i]))
			emit_path_args(&m->calls[i], b);
	}
}

static void emit_row(const struct marshal *m, const struct mcall *c, struct strbuf *b)
{
	static const char *const routes[] = {"NONE", "FD", "KEY", "PATH", "MIRRORED"};

	FMT(b, "\t{\"%s\", %u, ", c->ct->name, c->ct->nr);
	emit_op(m, c, b);
	FMT(b, ", %#x, %d, SD_ROUTE_%s, %#x, ", call_fds(c), c->ret_fd, routes[c->route], c->flags);
	FMT(b, call_has_key(c) ? "&key_%s, " : "NULL, ", c->ct->name);
	FMT(b, "sd_%s_stub_%s, ", m->domain, c->ct->name);
	FMT(b, call_paths(c) ? "&paths_%s, " : "NULL, ", c->ct->name);
	FMT(b, "%d},\n", c->cloexec + 1);
}

static unsigned emit_prefixes(const struct marshal *m, struct strbuf *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < m->spec->nroutes; i++) {
		const char *p = m->spec->routes[i].path;

		if (!p)
			continue;
		FMT(b, n++ ? ", \"%s\"" : "\nstatic const char *const prefixes[] = {\"%s\"", p);
	}
	sb_puts(b, n ? "};\n" : "");
	return n;
}

static bool needs_drop(const struct marshal *m)
{
	for (size_t i = 0; i < m->ncalls; i++) {
		struct needs nd = {0};

		for (unsigned k = 0; k < m->calls[i].n; k++)
			needs_of_value(&m->calls[i].p[k], k, &nd);
		if (nd.back && makes_fds(&m->calls[i]))
			return true;
	}
	return false;
}

static void emit_drop(const struct marshal *m, struct strbuf *b)
{
	sb_puts(b,
		"\nstatic inline void drop_fds(struct sd_qp *qp, s32 x, s32 y)\n{\n\tu64 arg[6] = {(u32)x};\n"
		"\tstruct sd_call c;\n\tlong ret;\n\n\tfor (; arg[0] != ~0u; arg[0] = (u32)y, y = -1) {\n"
		"\t\tsd_call_begin(qp, &c, ");
	emit_op(m, find_call(m, "close"), b);
	sb_puts(b,
		");\n\t\tc.arg[0] = arg[0];\n\t\tsd_call_wait(&c, &ret);\n\t\tsd_call_end(&c);\n\t}\n}\n");
}

static void emit_client_h(const struct marshal *m, struct strbuf *b)
{
	emit_head(m, b, "MIT", "client.h", "the client stubs by name, and what they share.");
	emit_guard(m, b, "client.h");
	sb_puts(b, "#include <sd/stub.h>\n#include \"calls.h\"\n#include \"wire.h\"\n\n");
	for (size_t i = 0; i < m->ncalls; i++) {
		emit_signature(m, &m->calls[i], b);
		sb_puts(b, ";\n");
	}
	if (needs_drop(m) && find_call(m, "close"))
		emit_drop(m, b);
	sb_puts(b, EMIT_GUARD_END);
}

static void emit_client_table(const struct marshal *m, struct strbuf *b)
{
	unsigned n;

	emit_head(m, b, "MIT", "client.c", "the table of client stubs; they are in client_*.c.");
	sb_puts(b, "#include <sd/client.h>\n#include \"client.h\"\n#include \"stubs_abi.h\"\n");
	emit_routes(m, b);
	sb_puts(b, "\nstatic const struct sd_stub stubs[] = {\n");
	for (size_t i = 0; i < m->ncalls; i++)
		emit_row(m, &m->calls[i], b);
	sb_puts(b, "};\n");
	n = emit_prefixes(m, b);
	FMT(b,
	    "\nconst struct sd_domain_stubs sd_%s_stubs = {\"%s\", stubs, %zu, SD_STUBS_ABI, %u, %s};\n",
	    m->domain, m->domain, m->ncalls, n, n ? "prefixes" : "NULL");
}

int emit_client(const struct marshal *m, struct outputs *o)
{
	return emit_family(m, o,
			   &(struct family){
				   .base = "client",
				   .licence = "MIT",
				   .what = "client stubs.",
				   .header = emit_client_h,
				   .table = emit_client_table,
				   .structs = emit_client_structs,
				   .call = emit_stub,
			   });
}

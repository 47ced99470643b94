// SPDX-License-Identifier: GPL-2.0
/*
 * emit_server.c: struct marshal => server.c (the table), server.h, server_structs.h and
 * server_GROUP.c: per call one function that turns a private copy of the entry into the arguments
 * of sys_xxx(). Structs with pointers are copied to private memory, where offsets are converted to
 * pointers, and the kernel gets the private copy; nothing in the arena is read twice. The
 * annotations' max and clamp are enforced for any client, although our own stubs do so, too.
 */
#include "stubs/emit.h"

#include <stdlib.h>
#include <string.h>

#define FMT(b, ...) sb_printf((b), __VA_ARGS__)

static void emit_units(const struct mval *v, const struct mval *list, bool field, struct strbuf *b)
{
	char *x;

	if (v->len == LEN_VR && !field) {
		FMT(b, "(u64)(v%d > 0 ? v%d : 0)", v->of,
		    v->of); /* negative ones are rejected by the kernel */
		return;
	}
	x = field ? xasprintf("k->%s", list[v->of].name) : xasprintf("s->arg[%d]", v->of);
	emit_units_of(v, list[v->of].type, x, b);
	free(x);
}

static void emit_size(const struct mval *v, const struct mval *list, bool field, struct strbuf *b)
{
	if (v->len == LEN_FIXED) {
		FMT(b, "%zu", v->bytes);
	} else if (v->len == LEN_STR) {
		sb_puts(b, "SD_PATH_MAX");
	} else if (v->len == LEN_BITS) {
		sb_puts(b, "((u64)(u32)");
		emit_units(v, list, field, b);
		sb_puts(b, " + 63) / 64 * 8");
	} else if (v->elem_size == 1) {
		emit_units(v, list, field, b);
	} else {
		sb_puts(b, "sd_bytes(");
		emit_units(v, list, field, b);
		FMT(b, ", %zu)", v->elem_size);
	}
}

static void units_string(const struct mval *v, const struct mval *list, bool field,
			 struct strbuf *b)
{
	if (v->len == LEN_FIXED)
		sb_puts(b, "1");
	else
		emit_units(v, list, field, b);
}

static bool value_is_counted(const struct mval *v)
{
	return v->len == LEN_ARG || v->len == LEN_BITS || (v->len == LEN_VR && v->of >= 0);
}

/* "ref", or "sd_up_to(ref, n, max)" if the kernel refuses more than max. */
static void emit_reference(const struct mval *v, const struct mval *list, bool field,
			   const char *ref, struct strbuf *b)
{
	if (!v->max || !value_is_counted(v)) {
		sb_puts(b, ref);
		return;
	}
	FMT(b, "sd_up_to(%s, ", ref);
	emit_units(v, list, field, b);
	FMT(b, ", %lld)", (long long)v->max);
}

/* A length that is clamped; a clamp to the maximum data of a call is done by the arena's bounds. */
static void emit_clamp(const struct mval *v, const struct mval *list, bool field, const char *tab,
		       struct strbuf *b)
{
	if (!v->clamp || !value_is_counted(v) || (v->len == LEN_VR && !field) ||
	    (!v->st && v->clamp == (int64_t)(MARSHAL_MAX_DATA / v->elem_size)))
		return;
	FMT(b, "%sif ((s64)", tab);
	emit_units(v, list, field, b);
	FMT(b, field ? " > %lld)\n%s\tk->%s = %lld;\n" : " > %lld)\n%s\ts->arg[%s] = %lld;\n",
	    (long long)v->clamp, tab,
	    field ? list[v->of].name : (const char[]){(char)('0' + v->of), 0}, (long long)v->clamp);
}

/* ---- structs ---- */

static void emit_fix_pointer(const struct mstruct *st, const struct mval *v, struct strbuf *b)
{
	char *ref = xasprintf("k->%s", v->name);

	emit_clamp(v, st->fields, true, "\t", b);
	if (v->st) {
		FMT(b, "\tr = take_%s(s, ", v->st->name);
		emit_reference(v, st->fields, true, ref, b);
		sb_puts(b, ", ");
		emit_units(v, st->fields, true, b);
		FMT(b, ", &p);\n\tif (r)\n\t\treturn r;\n\t%s = (u64)(uintptr_t)p;\n", ref);
	} else {
		FMT(b, "\t%s = (u64)(uintptr_t)sd_uptr(s, ", ref);
		emit_reference(v, st->fields, true, ref, b);
		sb_puts(b, ", ");
		emit_size(v, st->fields, true, b);
		sb_puts(b, ");\n");
	}
	free(ref);
}

static void emit_fix_field(const struct mstruct *st, const struct mval *v, struct strbuf *b)
{
	if (v->pass == PASS_INLINE)
		FMT(b, "\tr = fix_%s(s, &k->%s);\n\tif (r)\n\t\treturn r;\n", v->st->name, v->name);
	else if (v->pass == PASS_PTR)
		emit_fix_pointer(st, v, b);
	else if (v->type->kind == TYPE_PTR)
		FMT(b, "\tk->%s = 0; /* not followed by the kernel */\n", v->name);
}

static void emit_fix(const struct mstruct *st, struct strbuf *b)
{
	bool r = false, p = false;

	for (size_t i = 0; i < st->nfields; i++) {
		r |= st->fields[i].st != NULL;
		p |= st->fields[i].pass == PASS_PTR && st->fields[i].st;
	}
	FMT(b, "\nstatic inline long fix_%s(struct sd_serve *s, struct sd_w_%s *k)\n{\n%s%s%s",
	    st->name, wire_tag(st), p ? "\tvoid __user *p;\n" : "", r ? "\tlong r;\n" : "",
	    r || p ? "\n" : "");
	for (size_t i = 0; i < st->nfields; i++)
		emit_fix_field(st, &st->fields[i], b);
	sb_puts(b, "\treturn s->bad ? -EPROTO : 0;\n}\n");
}

/* Is it a pointee, or only part of other structs? */
static bool value_points_to(const struct mval *v, const struct mstruct *st)
{
	if (v->pass == PASS_SWITCH) {
		for (size_t k = 0; k < v->ncases; k++)
			if (value_points_to(&v->cases[k].val, st))
				return true;
		return value_points_to(v->otherwise, st);
	}
	return v->pass == PASS_PTR && v->st == st;
}

static bool struct_is_pointed_to(const struct marshal *m, const struct mstruct *st,
				 bool params_only)
{
	for (size_t i = 0; i < m->nstructs && !params_only; i++)
		for (size_t k = 0; k < m->structs[i]->nfields; k++)
			if (value_points_to(&m->structs[i]->fields[k], st))
				return true;
	for (size_t i = 0; i < m->ncalls; i++)
		for (unsigned k = 0; k < m->calls[i].n; k++)
			if (value_points_to(&m->calls[i].p[k], st))
				return true;
	return false;
}

static void emit_take(const struct mstruct *st, struct strbuf *b)
{
	const char *t = wire_tag(st);

	FMT(b,
	    "\nstatic inline long take_%s(struct sd_serve *s, u64 off, u64 n, void __user **out)\n{\n",
	    st->name);
	FMT(b, "\tu64 bytes = sd_bytes(n, %zu), i;\n\tstruct sd_w_%s *k;\n\tlong r = 0;\n\n",
	    st->type->size, t);
	sb_puts(b,
		"\t*out = sd_uptr(s, off, bytes);\n\tif (!n || off == SD_OFF_NULL || off >= SD_OFF_BEYOND)\n\t\treturn 0;\n"
		"\ts->bad |= off % 8 != 0; /* no client of ours places one like that */\n\tif (s->bad)\n\t\treturn -EPROTO;\n");
	sb_puts(b,
		"\tk = sd_scratch(s, bytes);\n\tif (!k)\n\t\treturn -ENOMEM;\n\tif (sd_fetch(s, k, off, bytes))\n"
		"\t\treturn -EPROTO;\n");
	FMT(b,
	    "\tfor (i = 0; i < n && !r; i++)\n\t\tr = fix_%s(s, &k[i]);\n\t*out = (void __user *)k;\n\treturn r;\n}\n",
	    st->name);
}

/* Copies back scalars that the kernel wrote to the private copy; data went directly to the arena.
 */
static bool struct_gives_back(const struct mstruct *st)
{
	for (size_t i = 0; i < st->nfields; i++) {
		const struct mval *v = &st->fields[i];

		if ((v->pass == PASS_SCALAR && v->dir == DIR_OUT) ||
		    (v->pass == PASS_INLINE && struct_gives_back(v->st)))
			return true;
	}
	return false;
}

static void emit_give(const struct mstruct *st, bool array, struct strbuf *b)
{
	const char *t = wire_tag(st);

	FMT(b, "\nstatic inline void give1_%s(struct sd_w_%s *w, const struct sd_w_%s *k)\n{\n",
	    st->name, t, t);
	for (size_t i = 0; i < st->nfields; i++) {
		const struct mval *v = &st->fields[i];

		if (v->pass == PASS_INLINE && struct_gives_back(v->st))
			FMT(b, "\tgive1_%s(&w->%s, &k->%s);\n", v->st->name, v->name, v->name);
		else if (v->pass == PASS_SCALAR && v->dir == DIR_OUT)
			FMT(b, "\tsd_store_relaxed(&w->%s, k->%s);\n", v->name, v->name);
	}
	sb_puts(b, "}\n");
	if (!array)
		return;
	FMT(b,
	    "\n/* off was checked by take_%s() */\nstatic inline void give_%s(struct sd_serve *s, u64 off, u64 n, const void __user *p)\n{\n",
	    st->name, st->name);
	FMT(b,
	    "\tstruct sd_w_%s *w = (void *)(s->arena + off);\n\tconst struct sd_w_%s *k = (const void *)p;\n\tu64 i;\n\n",
	    t, t);
	sb_puts(b, "\tif (off == SD_OFF_NULL || off >= SD_OFF_BEYOND)\n\t\treturn;\n");
	FMT(b, "\tfor (i = 0; i < n; i++)\n\t\tgive1_%s(&w[i], &k[i]);\n}\n", st->name);
}

/* ---- one call ---- */

static void emit_pointer(const struct mcall *c, const struct mval *v, unsigned i, const char *tab,
			 struct strbuf *b)
{
	char *ref = xasprintf("s->arg[%u]", i);

	if (v->pass == PASS_PTR)
		emit_clamp(v, c->p, false, tab, b);
	if (v->pass == PASS_REFUSE) {
		FMT(b, "%sreturn -%d;\n", tab, v->refuse);
	} else if (v->pass == PASS_SCALAR) {
		FMT(b, "%sp%u = (void __user *)(uintptr_t)%s;\n", tab, i, ref);
	} else if (v->st) {
		FMT(b, "%sr = take_%s(s, ", tab, v->st->name);
		emit_reference(v, c->p, false, ref, b);
		sb_puts(b, ", ");
		units_string(v, c->p, false, b);
		FMT(b, ", &p%u);\n%sif (r)\n%s\treturn r;\n", i, tab, tab);
	} else {
		FMT(b, "%sp%u = sd_uptr(s, ", tab, i);
		emit_reference(v, c->p, false, ref, b);
		sb_puts(b, ", ");
		emit_size(v, c->p, false, b);
		sb_puts(b, ");\n");
	}
	free(ref);
}

static void emit_gives(const struct mcall *c, const struct mval *v, unsigned i, const char *tab,
		       struct strbuf *b)
{
	char *ref;

	if (v->pass != PASS_PTR || !v->st || !struct_gives_back(v->st))
		return;
	ref = xasprintf("s->arg[%u]", i);
	FMT(b, "%sgive_%s(s, ", tab, v->st->name);
	emit_reference(v, c->p, false, ref, b);
	sb_puts(b, ", ");
	units_string(v, c->p, false, b);
	FMT(b, ", p%u);\n", i);
	free(ref);
}

static void emit_case(const struct mcall *c, const struct mval *v, unsigned i, bool give,
		      struct strbuf *b)
{
	if (give)
		emit_gives(c, v, i, "\t\t", b);
	else
		emit_pointer(c, v, i, "\t\t", b);
}

static void emit_switch(const struct mcall *c, unsigned i, bool give, struct strbuf *b)
{
	const struct mval *v = &c->p[i];
	struct strbuf *text = xcalloc(v->ncases + 1, sizeof(*text));
	bool *done = xcalloc(v->ncases + 1, sizeof(*done)), any = false;

	for (size_t k = 0; k <= v->ncases; k++) {
		emit_case(c, k < v->ncases ? &v->cases[k].val : v->otherwise, i, give, &text[k]);
		any |= text[k].len > 0;
	}
	if (any)
		FMT(b,
		    v->on[1] >= 0 ? "\tswitch ((u64)(u32)s->arg[%d] << 32 | (u32)s->arg[%d]) {\n"
				  : "\tswitch ((u32)s->arg[%d]) {\n",
		    v->on[0], v->on[1]);
	for (size_t k = 0; any && k < v->ncases; k++) {
		if (done[k] || (give && !text[k].len))
			continue;
		for (size_t j = k; j < v->ncases; j++) {
			const int64_t *key = v->cases[j].key;

			if (strcmp(text[j].s ?: "", text[k].s ?: ""))
				continue;
			done[j] = true;
			if (v->on[1] >= 0)
				FMT(b, "\tcase %#llx:",
				    (unsigned long long)(uint32_t)key[0] << 32 | (uint32_t)key[1]);
			else
				FMT(b, "\tcase %#x:", (uint32_t)key[0]);
			FMT(b, " /* %s */\n", v->cases[j].label);
		}
		FMT(b, "%s\t\tbreak;\n", text[k].s ?: "");
	}
	if (any)
		FMT(b, "\tdefault:\n%s\t\tbreak;\n\t}\n", text[v->ncases].s ?: "");
	for (size_t k = 0; k <= v->ncases; k++)
		sb_free(&text[k]);
	free(text);
	free(done);
}

static void emit_call_line(const struct mcall *c, struct strbuf *b)
{
	FMT(b, "\tr = sys_%s(", c->ct->entry);
	for (unsigned i = 0; i < c->n; i++) {
		const struct mval *v = &c->p[i];

		sb_puts(b, i ? ", " : "");
		if (v->pass == PASS_SCALAR)
			FMT(b, "(%s)s->arg[%u]", v->spelling, i);
		else
			FMT(b, ends_with(v->spelling, "*") ? "(%s)p%u" : "(%s)(uintptr_t)p%u",
			    v->spelling, i);
	}
	sb_puts(b, ");\n");
}

static int emit_stub(const struct marshal *m, const struct mcall *c, struct strbuf *b)
{
	bool check = false;

	FMT(b, "\nlong sd_%s_serve_%s(struct sd_serve *s)\n{\n", m->domain, c->ct->name);
	for (unsigned i = 0; i < c->n; i++) {
		if (c->p[i].pass == PASS_VR)
			FMT(b,
			    "\ts32 v%u;\n\tvoid __user *p%u = sd_take_vr(s, s->arg[%u], &v%u, %lld);\n",
			    i, i, i, i, (long long)vr_limit(c, i));
		else if (c->p[i].pass != PASS_SCALAR)
			FMT(b, "\tvoid __user *p%u;\n", i);
		check |= c->p[i].pass != PASS_SCALAR;
	}
	sb_puts(b, "\tlong r;\n\n");
	for (unsigned i = 0; i < c->n; i++) {
		if (c->p[i].pass == PASS_SWITCH)
			emit_switch(c, i, false, b);
		else if (c->p[i].pass != PASS_SCALAR && c->p[i].pass != PASS_VR)
			emit_pointer(c, &c->p[i], i, "\t", b);
	}
	if (check)
		sb_puts(b, "\tif (sd_unlikely(s->bad))\n\t\treturn -EPROTO;\n");
	emit_call_line(c, b);
	if (c->credit >= 0)
		FMT(b, "\tsd_earn(s, (u32)s->arg[%d], r);\n", c->credit);
	for (unsigned i = 0; i < c->n; i++) {
		if (c->p[i].pass == PASS_VR)
			FMT(b, "\tsd_give_vr(s, s->arg[%u], v%u);\n", i, i);
		else if (c->p[i].pass == PASS_SWITCH)
			emit_switch(c, i, true, b);
		else
			emit_gives(c, &c->p[i], i, "\t", b);
	}
	sb_puts(b, "\treturn r;\n}\n");
	return 0;
}

/* ---- the files ---- */

static void structs_head(const struct pack *p, struct strbuf *b)
{
	emit_head(p->m, b, "GPL-2.0", p->name, "structs with pointers out of the arena and back.");
	emit_guard(p->m, b, p->name);
	FMT(b, "#include \"%s\"\n", p->last ?: "server.h");
}

static char *emit_structs(const struct marshal *m, struct outputs *o)
{
	struct pack p = {.m = m,
			 .out = o,
			 .base = "server_structs",
			 .ext = "h",
			 .tail = EMIT_GUARD_END,
			 .head = structs_head};

	for (size_t i = 0; i < m->nstructs; i++) {
		const struct mstruct *st = m->structs[i];
		struct strbuf b = {0};

		emit_fix(st, &b);
		if (struct_is_pointed_to(m, st, false))
			emit_take(st, &b);
		if (struct_gives_back(st))
			emit_give(st, struct_is_pointed_to(m, st, true), &b);
		pack_add(&p, &b);
	}
	return pack_end(&p);
}

static void emit_server_h(const struct marshal *m, struct strbuf *b)
{
	emit_head(m, b, "GPL-2.0", "server.h", "the server stubs by name.");
	emit_guard(m, b, "server.h");
	sb_puts(b,
		"#include <linux/syscalls.h>\n#include <sd/stub_server.h>\n#include \"calls.h\"\n#include \"wire.h\"\n\n");
	for (size_t i = 0; i < m->ncalls; i++)
		FMT(b, "long sd_%s_serve_%s(struct sd_serve *s);\n", m->domain,
		    m->calls[i].ct->name);
	sb_puts(b, EMIT_GUARD_END);
}

static void emit_server_table(const struct marshal *m, struct strbuf *b)
{
	emit_head(m, b, "GPL-2.0", "server.c",
		  "the table of server stubs; they are in server_*.c.");
	sb_puts(b,
		"#include \"server.h\"\n#include \"stubs_abi.h\"\n\nconst struct sd_served sd_served[] = {\n");
	for (size_t i = 0; i < m->ncalls; i++)
		FMT(b, "\t{\"%s\", sd_%s_serve_%s},\n", m->calls[i].ct->name, m->domain,
		    m->calls[i].ct->name);
	FMT(b, "};\n\nconst u32 sd_nserved = %zu;\nconst u32 sd_served_abi = SD_STUBS_ABI;\n",
	    m->ncalls);
}

int emit_server(const struct marshal *m, struct outputs *o)
{
	return emit_family(m, o,
			   &(struct family){
				   .base = "server",
				   .licence = "GPL-2.0",
				   .what = "server stubs.",
				   .header = emit_server_h,
				   .table = emit_server_table,
				   .structs = emit_structs,
				   .call = emit_stub,
			   });
}

// SPDX-License-Identifier: GPL-2.0
/*
 * emit_structs.c: struct variants => client_structs.h: the client's put_ and get_ functions for
 * them. put_X() places n elements and all they point to; get_X() copies back what the domain may
 * have written. After the call the program's struct is read again: nothing in the arena is trusted
 * except offsets, which are bounded.
 */
#include "stubs/emit.h"

#include <stdlib.h>
#include <string.h>

#define FMT(b, ...) sb_printf((b), __VA_ARGS__)

static bool used_as_array(const struct mval *v, const struct mstruct *st)
{
	if (v->pass == PASS_SWITCH) {
		for (size_t k = 0; k < v->ncases; k++)
			if (used_as_array(&v->cases[k].val, st))
				return true;
		return used_as_array(v->otherwise, st);
	}
	return v->pass == PASS_PTR && v->st == st;
}

static bool behind_pointer(const struct marshal *m, const struct mstruct *st)
{
	for (size_t i = 0; i < m->nstructs; i++)
		for (size_t k = 0; k < m->structs[i]->nfields; k++)
			if (used_as_array(&m->structs[i]->fields[k], st))
				return true;
	for (size_t i = 0; i < m->ncalls; i++)
		for (unsigned k = 0; k < m->calls[i].n; k++)
			if (used_as_array(&m->calls[i].p[k], st))
				return true;
	return false;
}

static void emit_put_field(const struct side *s, const struct mval *v, unsigned i, struct strbuf *b)
{
	client_put(s, v, i, b);
	if (is_data(v))
		FMT(b, "\tx->data += sd_min(n%u, SD_RW_MAX);\n", i);
}

static void emit_put1(const struct mstruct *st, struct strbuf *b)
{
	const struct side s = {"c", "p->%s", "w->%s", true, st->fields, "\t"};
	bool first = true;

	FMT(b,
	    "\nstatic inline void put1_%s(struct sd_call *c, const struct sd_w_%s *p, struct sd_w_%s *w, struct sd_puts *x)\n{\n",
	    st->name, wire_tag(st), wire_tag(st));
	for (unsigned i = 0; i < st->nfields; i++) {
		const struct mval *v = &st->fields[i];

		if (v->pass != PASS_PTR || (!v->st && (v->len == LEN_FIXED || v->len == LEN_STR)))
			continue;
		FMT(b, first ? "\tu64 n%u" : ", n%u", i);
		first = false;
	}
	sb_puts(b, first ? "" : ";\n\n");
	sb_puts(b, "\t*w = *p;\n");
	for (int nested = 0; nested < 2; nested++)
		for (unsigned i = 0; i < st->nfields; i++)
			if (!!st->fields[i].st == nested)
				emit_put_field(&s, &st->fields[i], i, b);
	sb_puts(b, "}\n");
}

static void emit_put(const struct mstruct *st, struct strbuf *b)
{
	const char *t = wire_tag(st);
	size_t size = st->type->size;

	FMT(b,
	    "\nstatic inline u64 put_%s(struct sd_call *c, u64 prog, u64 *n, bool partial, struct sd_puts *x)\n{\n",
	    st->name);
	FMT(b, "\tu64 off = sd_out(c, prog, sd_bytes(*n, %zu)), i;\n\tstruct sd_w_%s p, *w;\n\n",
	    size, t);
	sb_puts(b, "\tif (!sd_placed(off))\n\t\treturn off;\n\tw = sd_at(c, off);\n");
	sb_puts(b,
		"\tfor (i = 0; i < *n; i++) {\n\t\tu32 level = c->qp->level;\n\t\tstruct sd_puts e = {.keep = x->keep};\n\n");
	FMT(b, "\t\tif (sd_copy_from_prog(&p, SD_PTR(prog + i * %zu), sizeof(p))) {\n", size);
	sb_puts(b,
		"\t\t\tif (!partial || !i)\n\t\t\t\treturn SD_OFF_FAULT;\n\t\t\tbreak;\n\t\t}\n");
	FMT(b, "\t\tput1_%s(c, &p, &w[i], &e);\n", st->name);
	sb_puts(b,
		"\t\tif (sd_unlikely(e.cut || c->status == SD_TOO_BIG) && partial && i) {\n"
		"\t\t\tc->status = SD_OK; /* those before it go, as if the call had been for them */\n"
		"\t\t\tc->qp->level = level;\n\t\t\tbreak;\n\t\t}\n\t\tx->cut |= e.cut;\n\t\tx->data += e.data;\n\t}\n"
		"\tif (partial)\n\t\t*n = i;\n\treturn off;\n}\n");
}

/* The amount of data in the list that a struct inside the program's struct leads to. */
static void emit_asked(const struct mval *in, struct strbuf *b)
{
	for (size_t i = 0; i < in->st->nfields; i++) {
		const struct mval *list = &in->st->fields[i],
				  *v = list->st ? list->st->fields : NULL;

		if (list->pass != PASS_PTR || !v || !holds_data(list->st))
			continue;
		while (v->pass != PASS_PTR)
			v++;
		FMT(b, "sd_listed(p.%s.%s, p.%s.%s, %zu, %zu)", in->name, list->name, in->name,
		    in->st->fields[list->of].name, list->st->type->size,
		    list->st->fields[v->of].offset);
		return;
	}
}

static void emit_get_total(const struct mstruct *st, const struct mval *in, struct strbuf *b)
{
	FMT(b, "\tx->sum = is_%s;\n\tif (ret >= 0 && !x->keep && x->sum > ",
	    st->fields[st->total].name);
	emit_asked(in, b);
	sb_puts(b, ")\n\t\treturn sd_lie(c);\n");
}

/* An output length in its own field. */
static void emit_get_vr(const struct mstruct *st, const struct mval *v, struct strbuf *b)
{
	const struct mval *len = &st->fields[v->of];
	char *is = xasprintf("is_%s", len->name);

	FMT(b, "\tif (ret >= 0 && p.%s && ", v->name);
	emit_widen(len->type, is, b);
	FMT(b,
	    v->longer ? " > sd_max(n, %lld))\n\t\treturn sd_lie(c);\n"
		      : " > n)\n\t\treturn sd_lie(c);\n",
	    (long long)v->longer);
	FMT(b, "\tn = sd_min(n, (u64)%s);\n", is);
	free(is);
}

static void emit_get_field(const struct mstruct *st, unsigned i, struct strbuf *b)
{
	const struct side s = {"c", "p.%s", "w->%s", true, st->fields, "\t"};
	const struct mval *v = &st->fields[i];

	if (v->pass == PASS_INLINE && st->total >= 0)
		emit_get_total(st, v, b);
	if (v->pass == PASS_INLINE && struct_comes_back(v->st)) {
		FMT(b, "\tret = get1_%s(c, prog + %zu, &w->%s, x, ret);\n", v->st->name, v->offset,
		    v->name);
	} else if (v->pass == PASS_PTR && v->st && struct_comes_back(v->st)) {
		FMT(b, "\tret = get_%s(c, p.%s, sd_load_relaxed(&w->%s), ", v->st->name, v->name,
		    v->name);
		client_units(&s, v, b);
		sb_puts(b, ", x, ret);\n");
	} else if (v->pass == PASS_PTR && (v->dir & DIR_OUT) && v->filled == FILLED_SUM) {
		sb_puts(b, "\tn = sd_min(");
		client_units(&s, v, b);
		FMT(b,
		    ", x->sum);\n\tx->sum -= n;\n\tret = sd_back_at(c, p.%s, sd_load_relaxed(&w->%s), n, x->keep, ret);\n",
		    v->name, v->name);
	} else if (v->pass == PASS_PTR && (v->dir & DIR_OUT)) {
		sb_puts(b, "\tn = ");
		client_units(&s, v, b);
		sb_puts(b, ";\n");
		if (v->clamp)
			FMT(b, "\tif ((s64)n > %lld)\n\t\tn = %lld;\n", (long long)v->clamp,
			    (long long)v->clamp);
		if (v->len == LEN_VR)
			emit_get_vr(st, v, b);
		FMT(b, "\toff = sd_load_relaxed(&w->%s);\n\tret = sd_back_at(c, p.%s, off, ",
		    v->name, v->name);
		FMT(b, v->elem_size == 1 ? "n, false, ret);\n" : "sd_bytes(n, %zu), false, ret);\n",
		    v->elem_size);
		if (v->rec.size)
			FMT(b, "\tret = sd_records(c, p.%s, off, n, %u, %u, %u, %u, ret);\n",
			    v->name, v->rec.at, v->rec.size, v->rec.least, v->rec.name);
	}
}

/* A plain output field, read once. */
static bool field_goes_back(const struct mval *v)
{
	return v->pass == PASS_SCALAR && v->dir == DIR_OUT;
}

struct uses {
	bool n, p, off;
};

static struct uses uses_of_struct(const struct mstruct *st)
{
	struct uses u = {.p = st->total >= 0};

	for (size_t i = 0; i < st->nfields; i++) {
		const struct mval *v = &st->fields[i];
		bool out = v->pass == PASS_PTR && (v->dir & DIR_OUT) && !v->st;

		u.n |= out;
		u.off |= out && v->filled != FILLED_SUM;
		u.p |= out || (v->pass == PASS_PTR && v->st && struct_comes_back(v->st));
	}
	return u;
}

static void emit_get1(const struct mstruct *st, struct strbuf *b)
{
	struct uses u = uses_of_struct(st);

	FMT(b,
	    "\nstatic inline long get1_%s(struct sd_call *c, u64 prog, const struct sd_w_%s *w, struct sd_puts *x, long ret)\n{\n",
	    st->name, wire_tag(st));
	if (u.p)
		FMT(b, "\tstruct sd_w_%s p;\n", wire_tag(st));
	for (unsigned i = 0; i < st->nfields; i++)
		if (field_goes_back(&st->fields[i]))
			FMT(b, "\t__typeof__(w->%s) is_%s = sd_load_relaxed(&w->%s);\n",
			    st->fields[i].name, st->fields[i].name, st->fields[i].name);
	sb_puts(b, u.off ? "\tu64 n, off;\n\n" : u.n ? "\tu64 n;\n\n" : "\n");
	if (u.p)
		sb_puts(b,
			"\tif (sd_copy_from_prog(&p, SD_PTR(prog), sizeof(p)))\n\t\treturn -EFAULT;\n");
	for (int nested = 1; nested >= 0;
	     nested--) /* in the kernel's order: data, then addresses and control messages */
		for (unsigned i = 0; i < st->nfields; i++)
			if (!!st->fields[i].st == nested)
				emit_get_field(st, i, b);
	for (unsigned i = 0; i < st->nfields; i++) {
		const struct mval *v = &st->fields[i];

		if (field_goes_back(v))
			FMT(b, "\tret = sd_back_field(prog + %zu, &is_%s, sizeof(is_%s), ret);\n",
			    v->offset, v->name, v->name);
	}
	sb_puts(b, "\treturn ret;\n}\n");
}

static void emit_get(const struct mstruct *st, struct strbuf *b)
{
	FMT(b,
	    "\nstatic inline long get_%s(struct sd_call *c, u64 prog, u64 off, u64 n, struct sd_puts *x, long ret)\n{\n",
	    st->name);
	FMT(b, "\tconst struct sd_w_%s *w;\n\tu64 i;\n\n", wire_tag(st));
	sb_puts(b, "\tif (ret < 0 || !sd_placed(off))\n\t\treturn ret;\n");
	FMT(b, "\tw = sd_wire(c, off, sd_bytes(n, %zu));\n\tif (!w)\n\t\treturn -EPROTO;\n",
	    st->type->size);
	FMT(b,
	    "\tfor (i = 0; i < n && ret >= 0; i++)\n\t\tret = get1_%s(c, prog + i * %zu, &w[i], x, ret);\n",
	    st->name, st->type->size);
	sb_puts(b, "\treturn ret;\n}\n");
}

static void structs_head(const struct pack *p, struct strbuf *b)
{
	emit_head(p->m, b, "MIT", p->name, "structs with pointers into the arena and back.");
	emit_guard(p->m, b, p->name);
	FMT(b, "#include \"%s\"\n", p->last ?: "client.h");
}

char *emit_client_structs(const struct marshal *m, struct outputs *o)
{
	struct pack p = {.m = m,
			 .out = o,
			 .base = "client_structs",
			 .ext = "h",
			 .tail = EMIT_GUARD_END,
			 .head = structs_head};

	for (size_t i = 0; i < m->nstructs; i++) {
		const struct mstruct *st = m->structs[i];
		bool pointed = behind_pointer(m, st), back = struct_comes_back(st);
		struct strbuf b = {0};

		emit_put1(st, &b);
		if (pointed)
			emit_put(st, &b);
		if (back)
			emit_get1(st, &b);
		if (back && pointed)
			emit_get(st, &b);
		pack_add(&p, &b);
	}
	return pack_end(&p);
}

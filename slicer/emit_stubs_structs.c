// SPDX-License-Identifier: GPL-2.0
/*
 * emit_stubs_structs.c: struct variants => client_structs.h: the client's put_ and get_ functions for them. put_X()
 * places n elements and all they point to; get_X() brings back what the domain may have written. After the
 * call the program's struct is read again: what the arena holds is not believed but for offsets, which are bounded.
 */
#include "emit_stubs.h"

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

static void emit_put1(const struct mstruct *st, struct strbuf *b)
{
	const struct side s = {"c", "p->%s", "w->%s", true, st->fields, "\t"};
	bool first = true;

	FMT(b, "\nstatic inline void put1_%s(struct sd_call *c, const struct sd_w_%s *p, struct sd_w_%s *w, struct sd_puts *x)\n{\n",
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
				client_put(&s, &st->fields[i], i, b);
	sb_puts(b, "}\n");
}

static void emit_put(const struct mstruct *st, struct strbuf *b)
{
	const char *t = wire_tag(st);
	size_t size = st->type->size;

	FMT(b, "\nstatic inline u64 put_%s(struct sd_call *c, u64 prog, u64 *n, bool partial, struct sd_puts *x)\n{\n", st->name);
	FMT(b, "\tu64 off = sd_out(c, prog, sd_bytes(*n, %zu)), i;\n\tstruct sd_w_%s p, *w;\n\n", size, t);
	sb_puts(b, "\tif (!sd_placed(off))\n\t\treturn off;\n\tw = sd_at(c, off);\n");
	sb_puts(b, "\tfor (i = 0; i < *n; i++) {\n\t\tu32 level = c->lane->level;\n\t\tstruct sd_puts e = {.keep = x->keep};\n\n");
	FMT(b, "\t\tif (sd_copy_from_prog(&p, SD_PTR(prog + i * %zu), sizeof(p))) {\n", size);
	sb_puts(b, "\t\t\tif (!partial || !i)\n\t\t\t\treturn SD_OFF_FAULT;\n\t\t\tbreak;\n\t\t}\n");
	FMT(b, "\t\tput1_%s(c, &p, &w[i], &e);\n", st->name);
	sb_puts(b, "\t\tif (sd_unlikely(e.cut || c->status == SD_TOO_BIG) && partial && i) {\n"
		   "\t\t\tc->status = SD_OK; /* those before it go, as if the call had been for them */\n"
		   "\t\t\tc->lane->level = level;\n\t\t\tbreak;\n\t\t}\n\t\tx->cut |= e.cut;\n\t}\n"
		   "\tif (partial)\n\t\t*n = i;\n\treturn off;\n}\n");
}

static void get_field(const struct mstruct *st, unsigned i, struct strbuf *b)
{
	const struct side s = {"c", "p.%s", "w->%s", true, st->fields, "\t"};
	const struct mval *v = &st->fields[i];

	if (v->pass == PASS_INLINE && struct_comes_back(v->st)) {
		if (st->total >= 0)
			FMT(b, "\t*sum = sd_load_relaxed(&w->%s);\n", st->fields[st->total].name);
		FMT(b, "\tret = get1_%s(c, prog + %zu, &w->%s, sum, ret);\n", v->st->name, v->offset, v->name);
	} else if (v->pass == PASS_PTR && v->st && struct_comes_back(v->st)) {
		FMT(b, "\tret = get_%s(c, p.%s, sd_load_relaxed(&w->%s), ", v->st->name, v->name, v->name);
		client_units(&s, v, b);
		sb_puts(b, ", sum, ret);\n");
	} else if (v->pass == PASS_PTR && (v->dir & DIR_OUT) && v->filled == FILLED_SUM) {
		sb_puts(b, "\tn = sd_min(");
		client_units(&s, v, b);
		FMT(b, ", *sum);\n\t*sum -= n;\n\tret = sd_back(c, p.%s, sd_load_relaxed(&w->%s), n, ret);\n", v->name, v->name);
	} else if (v->pass == PASS_PTR && (v->dir & DIR_OUT)) {
		sb_puts(b, "\tn = ");
		client_units(&s, v, b);
		sb_puts(b, ";\n");
		if (v->clamp)
			FMT(b, "\tif ((s64)n > %lld)\n\t\tn = %lld;\n", (long long)v->clamp, (long long)v->clamp);
		if (v->len == LEN_VR)
			FMT(b, "\tn = sd_min(n, (u64)sd_load_relaxed(&w->%s));\n", st->fields[v->of].name);
		FMT(b, "\tret = sd_back(c, p.%s, sd_load_relaxed(&w->%s), ", v->name, v->name);
		FMT(b, v->elem == 1 ? "n, ret);\n" : "sd_bytes(n, %zu), ret);\n", v->elem);
	}
}

static bool uses_n(const struct mstruct *st)
{
	for (size_t i = 0; i < st->nfields; i++)
		if (st->fields[i].pass == PASS_PTR && (st->fields[i].dir & DIR_OUT) && !st->fields[i].st)
			return true;
	return false;
}

static bool uses_p(const struct mstruct *st)
{
	for (size_t i = 0; i < st->nfields; i++) {
		const struct mval *v = &st->fields[i];

		if (v->pass == PASS_PTR && ((v->dir & DIR_OUT) || (v->st && struct_comes_back(v->st))))
			return true;
	}
	return false;
}

static void emit_get1(const struct mstruct *st, struct strbuf *b)
{
	FMT(b, "\nstatic inline long get1_%s(struct sd_call *c, u64 prog, const struct sd_w_%s *w, u64 *sum, long ret)\n{\n", st->name,
	    wire_tag(st));
	if (uses_p(st))
		FMT(b, "\tstruct sd_w_%s p;\n", wire_tag(st));
	sb_puts(b, uses_n(st) ? "\tu64 n;\n\n" : "\n");
	if (uses_p(st))
		sb_puts(b, "\tif (sd_copy_from_prog(&p, SD_PTR(prog), sizeof(p)))\n\t\treturn -EFAULT;\n");
	for (int nested = 1; nested >= 0; nested--) /* as the kernel does: data, then addresses and control messages */
		for (unsigned i = 0; i < st->nfields; i++)
			if (!!st->fields[i].st == nested)
				get_field(st, i, b);
	for (unsigned i = 0; i < st->nfields; i++) {
		const struct mval *v = &st->fields[i];

		if (v->pass == PASS_SCALAR && v->dir == DIR_OUT)
			FMT(b, "\tret = sd_back_field(prog + %zu, &w->%s, sizeof(w->%s), ret);\n", v->offset, v->name, v->name);
	}
	sb_puts(b, "\treturn ret;\n}\n");
}

static void emit_get(const struct mstruct *st, struct strbuf *b)
{
	FMT(b, "\nstatic inline long get_%s(struct sd_call *c, u64 prog, u64 off, u64 n, u64 *sum, long ret)\n{\n", st->name);
	FMT(b, "\tconst struct sd_w_%s *w;\n\tu64 i;\n\n", wire_tag(st));
	sb_puts(b, "\tif (ret < 0 || !sd_placed(off))\n\t\treturn ret;\n");
	FMT(b, "\tw = sd_wire(c, off, sd_bytes(n, %zu));\n\tif (!w)\n\t\treturn -EPROTO;\n", st->type->size);
	FMT(b, "\tfor (i = 0; i < n && ret >= 0; i++)\n\t\tret = get1_%s(c, prog + i * %zu, &w[i], sum, ret);\n", st->name,
	    st->type->size);
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
	struct pack p = {.m = m, .out = o, .base = "client_structs", .ext = "h", .tail = EMIT_GUARD_END, .head = structs_head};

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

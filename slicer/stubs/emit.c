// SPDX-License-Identifier: GPL-2.0
/*
 * emit.c: struct marshal => wire.h calls.h layout.c direct.c direct.h host.h summary.json, and the
 * driver that writes the folder. Client, server and tests have their own files.
 */
#include "stubs/emit.h"
#include "spec/spec.h"
#include "stubs/stubs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static char *upper_name(const char *s)
{
	char *u = xstrdup(s);

	for (char *p = u; *p; p++)
		*p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
	return u;
}

void emit_guard(const struct marshal *m, struct strbuf *b, const char *file)
{
	char *d = upper_name(m->domain), *f = upper_name(file);

	sb_printf(b, "#ifndef SD_%s_%s\n#define SD_%s_%s\n\n", d, f, d, f);
	free(d);
	free(f);
}

void emit_widen(const struct type *t, const char *value, struct strbuf *b)
{
	if (t->size == 8)
		sb_puts(b, value);
	else if (t->is_signed)
		sb_printf(b, "(u64)(s64)(s%zu)%s", t->size * 8, value);
	else
		sb_printf(b, "(u%zu)%s", t->size * 8, value);
}

void emit_units_of(const struct mval *v, const struct type *t, const char *value, struct strbuf *b)
{
	if (!v->times) {
		emit_widen(t, value, b);
		return;
	}
	sb_puts(b, v->plus ? "sd_plus(" : "");
	sb_puts(b, v->times > 1 ? "sd_bytes(" : "");
	emit_widen(t, value, b);
	if (v->times > 1)
		sb_printf(b, ", %zu)", v->times);
	if (v->plus)
		sb_printf(b, ", %lld)", (long long)v->plus);
}

void emit_op(const struct marshal *m, const struct mcall *c, struct strbuf *b)
{
	char *d = upper_name(m->domain), *n = upper_name(c->ct->name);

	sb_printf(b, "SD_%s_%s", d, n);
	free(d);
	free(n);
}

void emit_prototype(const struct mcall *c, struct strbuf *b)
{
	sb_printf(b, "%s(", c->ct->name);
	for (unsigned i = 0; i < c->n; i++) {
		const char *s = c->p[i].spelling;

		sb_printf(b, "%s%s%s%s", i ? ", " : "", s, ends_with(s, "*") ? "" : " ",
			  c->p[i].name);
	}
	sb_puts(b, c->n ? ")" : "void)");
}

bool struct_comes_back(const struct mstruct *st)
{
	for (size_t i = 0; i < st->nfields; i++) {
		const struct mval *v = &st->fields[i];

		if ((v->pass == PASS_SCALAR && v->dir == DIR_OUT) ||
		    (v->st && struct_comes_back(v->st)) ||
		    (v->pass == PASS_PTR && (v->dir & DIR_OUT)))
			return true;
	}
	return false;
}

/* "struct user_msghdr" => "user_msghdr" */
const char *wire_tag(const struct mstruct *st)
{
	const char *sp = strrchr(st->type->name, ' ');

	return sp ? sp + 1 : st->type->name;
}

static const char *int_type(const struct type *t)
{
	static const char *const u[] = {"u8", "u16", "u32", "u64"}, *const s[] = {"s8", "s16",
										  "s32", "s64"};
	int i = t->size == 1 ? 0 : t->size == 2 ? 1 : t->size == 4 ? 2 : 3;

	return i && t->is_signed && t->size >= 4 ? s[i] : u[i];
}

static void emit_wire_struct(const struct mstruct *st, struct strbuf *b)
{
	const char *tag = wire_tag(st);
	size_t at = 0, pads = 0;

	sb_printf(b, "\nstruct sd_w_%s {\n", tag);
	for (size_t i = 0; i < st->nfields; i++) {
		const struct mval *v = &st->fields[i];

		if (v->offset > at)
			sb_printf(b, "\tu8 pad%zu[%zu];\n", pads++, v->offset - at);
		if (v->pass == PASS_INLINE)
			sb_printf(b, "\tstruct sd_w_%s %s;\n", wire_tag(v->st), v->name);
		else if (v->type->kind == TYPE_PTR)
			sb_printf(b, "\tu64 %s;\n", v->name);
		else if (v->type->kind == TYPE_INT)
			sb_printf(b, "\t%s %s;\n", int_type(v->type), v->name);
		else
			sb_printf(b, "\tu8 %s[%zu];\n", v->name, v->type->size);
		at = v->offset + v->type->size;
	}
	if (st->type->size > at)
		sb_printf(b, "\tu8 pad%zu[%zu];\n", pads, st->type->size - at);
	sb_printf(b, "};\n_Static_assert(sizeof(struct sd_w_%s) == %zu, \"%s\");\n", tag,
		  st->type->size, tag);
	for (size_t i = 0; i < st->nfields; i++)
		sb_printf(b, "_Static_assert(offsetof(struct sd_w_%s, %s) == %zu, \"%s.%s\");\n",
			  tag, st->fields[i].name, st->fields[i].offset, tag, st->fields[i].name);
}

/* Is it the first variant of its C type? All variants share one wire struct. */
static bool first_of_type(const struct marshal *m, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(wire_tag(m->structs[k]), wire_tag(m->structs[i])))
			return false;
	return true;
}

void emit_wire(const struct marshal *m, struct strbuf *b)
{
	char *d = upper_name(m->domain);

	emit_head(m, b, "MIT", "wire.h",
		  "structs with pointers, as they lie in the arena:\n"
		  " * the kernel's x86-64 layout with each pointer replaced by an arena offset.");
	sb_printf(b, "#ifndef SD_%s_WIRE_H\n#define SD_%s_WIRE_H\n\n#include <sd/rpc.h>\n", d, d);
	for (size_t i = 0; i < m->nstructs; i++)
		if (first_of_type(m, i))
			emit_wire_struct(m->structs[i], b);
	sb_printf(
		b,
		"\n_Static_assert(SD_MAX_DATA == %d, \"the limits in the client stubs\");\n\n#endif\n",
		MARSHAL_MAX_DATA);
	free(d);
}

void emit_calls(const struct marshal *m, struct strbuf *b)
{
	char *d = upper_name(m->domain);

	emit_head(m, b, "MIT", "calls.h", "op numbers, and the table of client stubs.");
	sb_printf(
		b,
		"#ifndef SD_%s_CALLS_H\n#define SD_%s_CALLS_H\n\n#include <sd/rpc.h>\n\nenum sd_%s_op {\n",
		d, d, m->domain);
	for (size_t i = 0; i < m->ncalls; i++) {
		sb_puts(b, "\t");
		emit_op(m, &m->calls[i], b);
		sb_printf(b, " = SD_OP_CALLS + %zu, /* ", i);
		emit_prototype(&m->calls[i], b);
		sb_puts(b, " */\n");
	}
	sb_printf(
		b,
		"};\n\n#define SD_%s_NCALLS %zuu\n\nextern const struct sd_domain_stubs sd_%s_stubs;\n\n#endif\n",
		d, m->ncalls, m->domain);
	free(d);
}

/* Asserts that the kernel's layouts are those the wire structs were made from. Compiled only into
 * the domain. */
void emit_layout(const struct marshal *m, struct strbuf *b)
{
	emit_head(m, b, "GPL-2.0", "layout.c", "the kernel's own layouts are those on the wire.");
	sb_puts(b,
		"#include <linux/types.h>\n#include <linux/stddef.h>\n#include <linux/socket.h>\n");
	for (size_t i = 0; i < m->ngroups; i++) {
		json_t *h;
		size_t k;

		json_array_foreach (json_object_get(m->groups[i].json, "headers"), k, h)
			if (!strchr(json_string_value(h), '{'))
				sb_printf(b, "#include <%s>\n", json_string_value(h));
	}
	sb_puts(b, "#include \"wire.h\"\n\n");
	for (size_t i = 0; i < m->nstructs; i++) {
		const struct mstruct *st = m->structs[i];

		if (st->declared || !first_of_type(m, i))
			continue;
		sb_printf(b, "_Static_assert(sizeof(%s) == sizeof(struct sd_w_%s), \"\");\n",
			  st->type->name, wire_tag(st));
		for (size_t k = 0; k < st->nfields; k++)
			sb_printf(
				b,
				"_Static_assert(offsetof(%s, %s) == offsetof(struct sd_w_%s, %s), \"\");\n",
				st->type->name, st->fields[k].name, wire_tag(st),
				st->fields[k].name);
	}
}

static void emit_casts(const struct mcall *c, const char *fmt, struct strbuf *b)
{
	for (unsigned i = 0; i < c->n; i++) {
		sb_puts(b, i ? ", " : "");
		sb_printf(b, ends_with(c->p[i].spelling, "*") ? "(%s)(uintptr_t)" : "(%s)",
			  c->p[i].spelling);
		sb_printf(b, fmt, i);
	}
}

void emit_direct(const struct marshal *m, struct strbuf *b)
{
	emit_head(m, b, "GPL-2.0", "direct.c",
		  "direct mode, the program's own pointers and no transport.\n"
		  " * The caller is the call gate: safe point and exit work are its business.");
	sb_puts(b, "#include <linux/syscalls.h>\n#include \"direct.h\"\n\n");
	sb_printf(b, "long sd_%s_direct(unsigned int nr, const u64 a[6])\n{\n\tswitch (nr) {\n",
		  m->domain);
	for (size_t i = 0; i < m->ncalls; i++) {
		sb_printf(b, "\tcase %u:\n\t\treturn sys_%s(", m->calls[i].ct->nr,
			  m->calls[i].ct->entry);
		emit_casts(&m->calls[i], "a[%u]", b);
		sb_puts(b, ");\n");
	}
	sb_puts(b, "\tdefault:\n\t\treturn -ENOSYS;\n\t}\n}\n");
}

static void emit_direct_h(const struct marshal *m, struct strbuf *b)
{
	char *d = upper_name(m->domain);

	emit_head(m, b, "GPL-2.0", "direct.h", "direct mode, see direct.c.");
	sb_printf(b, "#ifndef SD_%s_DIRECT_H\n#define SD_%s_DIRECT_H\n\n#include <sd/port.h>\n\n",
		  d, d);
	sb_printf(b,
		  "/* nr: x86-64 system call number. -ENOSYS: not one of this domain's. */\n"
		  "long sd_%s_direct(unsigned int nr, const u64 a[6]);\n\n#endif\n",
		  m->domain);
	free(d);
}

void emit_host(const struct marshal *m, struct strbuf *b)
{
	char *d = upper_name(m->domain);

	emit_head(
		m, b, "GPL-2.0", "host.h",
		"tests only: the kernel's functions as the server stubs call them,\n"
		" * made of the host's system calls. Lets the marshalling be tested without a domain.");
	sb_printf(b, "#ifndef SD_%s_HOST_H\n#define SD_%s_HOST_H\n\n#include <sd/port.h>\n\n", d,
		  d);
	sb_puts(b, "long sd_host_call(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);\n\n");
	for (size_t i = 0; i < m->ncalls; i++) {
		const struct mcall *c = &m->calls[i];

		sb_printf(b, "#define sys_%s(", c->ct->entry);
		for (unsigned k = 0; k < c->n; k++)
			sb_printf(b, k ? ", x%u" : "x%u", k);
		sb_printf(b, ") sd_host_call(%u", c->ct->nr);
		for (unsigned k = 0; k < 6; k++)
			sb_printf(b, k < c->n ? ", (u64)(x%u)" : ", 0", k);
		sb_puts(b, ")\n");
	}
	sb_puts(b, "\n#endif\n");
	free(d);
}

/* For `remote` cuts of other specs. */
static void emit_type_name(const struct type *t, const char *sep, struct strbuf *b)
{
	if (t->kind == TYPE_INT)
		sb_printf(b, "%s\"%c%zu\"", sep, t->is_signed ? 's' : 'u', t->size * 8);
	else
		sb_printf(b, "%s\"%s\"", sep, t->kind == TYPE_PTR ? "ptr" : "other");
}

void emit_summary(const struct marshal *m, struct strbuf *b)
{
	unsigned how[3] = {0};

	sb_printf(b, "{\n \"domain\": \"%s\",\n \"calls\": [\n", m->domain);
	for (size_t i = 0; i < m->ncalls; i++) {
		const struct mcall *c = &m->calls[i];

		sb_printf(
			b,
			"  {\"name\": \"%s\", \"nr\": %u, \"function\": \"sys_%s\", \"file\": \"%s\", \"params\": [",
			c->ct->name, c->ct->nr, c->ct->entry, c->ct->file);
		for (unsigned k = 0; k < c->n; k++) {
			how[c->p[k].how]++;
			sb_puts(b, k ? ", \"" : "\"");
			describe_value(&c->p[k], c->p, b);
			sb_puts(b, c->p[k].how == HOW_ANNOTATED ? " =\"" : "\"");
		}
		sb_puts(b, "], \"types\": [");
		for (unsigned k = 0; k < c->n; k++)
			emit_type_name(c->p[k].type, k ? ", " : "", b);
		sb_printf(b, "], \"route\": \"%s\"}%s\n", route_name(c->route),
			  i + 1 < m->ncalls ? "," : "");
	}
	sb_printf(b, " ],\n \"inferred\": %u,\n \"annotated\": %u\n}\n", how[HOW_INFERRED],
		  how[HOW_ANNOTATED]);
}

/* Every .c that isn't part of the client or the tests. */
static void emit_kbuild(struct outputs *o)
{
	struct strbuf b = {0};

	sb_puts(&b,
		"# SPDX-License-Identifier: GPL-2.0\n# Kernel side of the generated stubs; built by Kbuild as arch/sd/gen.\n"
		"obj-y +=");
	for (size_t i = 0; i < o->n; i++) {
		const char *name = o->a[i].name;

		if (ends_with(name, ".c") && !starts_with(name, "client") &&
		    !starts_with(name, "tests"))
			sb_printf(&b, " %.*s.o", (int)strlen(name) - 2, name);
	}
	sb_puts(&b, "\n");
	outputs_add(o, "Kbuild", &b);
}

/* Hashes C text without comments and white space. */
static uint64_t hash_code(const char *s, uint64_t h)
{
	struct strbuf code = {0};

	while (*s) {
		const char *end = s + 1;

		if (s[0] == '/' && (s[1] == '*' || s[1] == '/')) {
			end = strstr(s + 2, s[1] == '*' ? "*/" : "\n");
			s = end ? end + (s[1] == '*' ? 2 : 1) : s + strlen(s);
			continue;
		}
		if (*s == '"' || *s == '\'') {
			while (*end && *end != *s)
				end += *end == '\\' && end[1] ? 2 : 1;
			end += *end != 0;
		}
		if (!isspace((unsigned char)*s))
			sb_add(&code, s, (size_t)(end - s));
		s = end;
	}
	h = hash64(code.s, code.len, h);
	free(code.s);
	return h;
}

/* Client and server must agree on what the server side expects, i.e. on its code. */
static void emit_abi(const struct marshal *m, struct outputs *o)
{
	struct strbuf b = {0};
	uint64_t h = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct output *f = &o->a[i];

		if (!strcmp(f->name, "wire.h") || !strcmp(f->name, "calls.h") ||
		    starts_with(f->name, "server"))
			h = hash_code(f->text.s, hash_str(f->name, h));
	}
	emit_head(m, &b, "MIT", "stubs_abi.h", "a number made of the server side's code.");
	sb_printf(&b, "#define SD_STUBS_ABI 0x%08xu\n", (unsigned)(h ^ h >> 32));
	outputs_add(o, "stubs_abi.h", &b);
}

static int make_outputs(const struct marshal *m, struct outputs *out)
{
	static const struct {
		const char *name;
		void (*emit)(const struct marshal *m, struct strbuf *b);
	} single[] = {
		{"wire.h", emit_wire},	     {"calls.h", emit_calls},
		{"layout.c", emit_layout},   {"direct.c", emit_direct},
		{"direct.h", emit_direct_h}, {"host.h", emit_host},
		{"first.c", emit_first},     {"summary.json", emit_summary},
	};

	for (size_t i = 0; i < ARRAY_LEN(single); i++) {
		struct strbuf b = {0};

		single[i].emit(m, &b);
		outputs_add(out, single[i].name, &b);
	}
	if (emit_client(m, out) || emit_server(m, out) || emit_tests(m, out))
		return -1;
	emit_abi(m, out);
	emit_kbuild(out);
	return 0;
}

int stubs_try(const struct marshal *m)
{
	struct outputs out = {0};
	int r = make_outputs(m, &out);

	if (!r)
		r = outputs_differ(&out, m->spec->generated);
	outputs_free(&out);
	return r;
}

int stubs_make(const struct spec *spec, const struct compdb *db, const char *dir,
	       struct strbuf *read)
{
	struct marshal m;
	struct outputs out = {0};
	int r = marshal_load(&m, spec, db);

	if (!r && m.unsure) {
		stubs_print_check(&m);
		r = -1;
	}
	if (!r && !make_outputs(&m, &out))
		r = outputs_write(&out, dir);
	else
		r = -1;
	for (size_t i = 0; read && i < m.bodies.read.n; i++)
		sb_printf(read, "%s\n", m.bodies.read.a[i]);
	outputs_free(&out);
	marshal_free(&m);
	return r;
}

int stubs_emit(const struct spec *spec, const struct compdb *db, const char *outdir)
{
	return stubs_make(spec, db, outdir ?: spec->generated, NULL);
}

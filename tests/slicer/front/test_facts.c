// SPDX-License-Identifier: GPL-2.0
/*
 * test_facts.c: small C files => their facts. Each case parses a text and looks facts up by words
 * of the text: an offset is given as the text at that place.
 */
#include "front.h"

#include "facts/parse.h"

#include <clang-c/Index.h>

static struct compdb db;
static struct claims claims;
static struct worker worker;

struct parsed {
	char *text;
	struct fb fb;
	struct facts f;
};

static void parse_args(struct parsed *p, const char *text, const char *extra)
{
	char *path = in_scratch("t.c");
	char *argv[] = {"clang-19", "-std=gnu11", (char *)extra, path, NULL};
	struct tu tu = {.source = "t.c", .argv = argv, .argc = 4};
	struct parse_job job = {.tu = &tu};
	size_t size;
	void *block;

	p->text = xstrdup(text);
	put(path, text);
	assert_int_equal(facts_parse(&worker, &job, &p->fb), 0);
	block = fb_pack(&p->fb, &size);
	assert_int_equal(facts_unpack(&p->f, block, size), 0);
	free(path);
}

static void parse(struct parsed *p, const char *text)
{
	parse_args(p, text, "-DNONE");
}

static void done(struct parsed *p)
{
	free(p->f.block);
	free(p->text);
	fb_free(&p->fb);
}

static const struct fact_def *def(const struct parsed *p, const char *key, int kind)
{
	for (uint32_t i = 0; i < p->f.ndefs; i++)
		if (p->f.defs[i].kind == kind && !strcmp(fact_str(&p->f, p->f.defs[i].key), key))
			return &p->f.defs[i];
	return NULL;
}

static bool unit_is(const struct parsed *p, const struct fact_def *d, const char *text)
{
	size_t n = strlen(text);

	if (d && d->end - d->beg == n && !strncmp(p->text + d->beg, text, n))
		return true;
	print_message("unit is: %.*s\n", d ? (int)(d->end - d->beg) : 0, d ? p->text + d->beg : "");
	return false;
}

static const struct fact_ref *ref(const struct parsed *p, const struct fact_def *d, const char *key)
{
	for (uint32_t i = d->ref0; i < d->ref0 + d->nref; i++)
		if (!strcmp(fact_str(&p->f, p->f.refs[i].key), key))
			return &p->f.refs[i];
	return NULL;
}

static bool reads(const struct parsed *p, const struct fact_def *d, const char *field)
{
	for (uint32_t i = d->read0; i < d->read0 + d->nread; i++)
		if (!strcmp(fact_str(&p->f, p->f.reads[i].field), field))
			return true;
	return false;
}

static const struct fact_call *call(const struct parsed *p, const struct fact_def *d,
				    const char *text)
{
	for (uint32_t i = d->call0; i < d->call0 + d->ncall; i++) {
		const struct fact_call *c = &p->f.calls[i];

		if (strlen(text) == c->end - c->beg &&
		    !strncmp(p->text + c->beg, text, c->end - c->beg))
			return c;
	}
	return NULL;
}

#define OPS \
	"struct ops { int (*open)(int); int (*close)(int); struct { int (*in)(int); } sub; int (*tab[2])(int); };\n"

static void references(void **state)
{
	struct parsed p;
	const struct fact_def *f;

	(void)state;
	parse(&p,
	      "static int a(int x) { return x; }\nstatic int b(int x) { return x; }\nextern int ext(int);\n"
	      "static int v, w;\nstatic void cl(int *p) { }\nenum { E = 1 };\n"
	      "#define CALL(x) a(x)\n"
	      "int f(int x)\n{\n\tint l __attribute__((cleanup(cl))) = 0;\n\tstatic int (*fp)(int) = b;\n"
	      "\tw = 1;\n\t__asm__ volatile(\"call late_name\" : \"+r\"(l) : \"i\"(&v));\n"
	      "\treturn CALL(x) + fp(1) + _Generic(x, int: ext, long: b)(E) + __builtin_choose_expr(1, 1, b(2)) +\n"
	      "\t\tsizeof(__typeof__(ext(2)));\n}\n");
	f = def(&p, "f", DEF_FUNC);
	assert_non_null(f);
	assert_non_null(ref(&p, f, "t.c:a"));
	assert_int_equal(ref(&p, f, "t.c:a")->kind, REF_CALL);
	assert_string_equal(strtok(p.text + ref(&p, f, "t.c:a")->off, "("),
			    "CALL"); /* where the macro is called */
	assert_non_null(ref(&p, f, "t.c:b"));
	assert_non_null(ref(&p, f, "ext"));
	assert_int_equal(ref(&p, f, "t.c:cl")->kind, REF_CLEANUP);
	assert_int_equal(ref(&p, f, "t.c:w")->kind, REF_WRITE);
	assert_int_equal(ref(&p, f, "t.c:v")->kind, REF_ADDR);
	assert_int_equal(ref(&p, f, "late_name")->kind, REF_ASM);
	assert_null(ref(&p, f, "call"));
	assert_null(ref(&p, f, "fp"));
	done(&p);
}

static void fields(void **state)
{
	struct parsed p;
	const struct fact_def *d;

	(void)state;
	parse(&p, OPS
	      "void sink(void *);\nint r(struct ops *o) { return o->open(1); }\n"
	      "void w(struct ops *o, int (*f)(int)) { o->close = f; o->sub.in = f; }\n"
	      "void c(struct ops *o, struct ops *q) { *o = *q; }\nvoid e(struct ops *o) { sink(o); }\n"
	      "void *ad(struct ops *o) { return &o->close; }\n"
	      "unsigned long of(void) { return __builtin_offsetof(struct ops, close); }\n"
	      "struct outer { int x; struct ops inner; };\nvoid n(struct outer *o) { sink(o); }\n");
	d = def(&p, "r", DEF_FUNC);
	assert_true(reads(&p, d, "struct ops:open"));
	assert_false(reads(&p, d, "struct ops:close"));
	d = def(&p, "w", DEF_FUNC);
	assert_false(reads(&p, d, "struct ops:close"));
	assert_false(reads(&p, d, "struct ops:in"));
	assert_true(reads(&p, def(&p, "c", DEF_FUNC), "struct ops:*"));
	assert_true(reads(&p, def(&p, "e", DEF_FUNC), "struct ops:*"));
	assert_true(reads(&p, def(&p, "ad", DEF_FUNC), "struct ops:close"));
	assert_true(reads(&p, def(&p, "of", DEF_FUNC), "struct ops:close"));
	assert_true(reads(&p, def(&p, "n", DEF_FUNC), "struct outer:*"));
	assert_true(reads(&p, def(&p, "n", DEF_FUNC), "struct ops:*")); /* lies in it */
	done(&p);
}

static const struct fact_element *elem_of(const struct parsed *p, const char *var,
					  const char *target)
{
	const struct fact_def *d = def(p, var, DEF_VAR);
	const struct fact_ref *r = d ? ref(p, d, target) : NULL;

	return r && r->element ? &p->f.elements[r->element - 1] : NULL;
}

static bool elem_is(const struct parsed *p, const struct fact_element *e, const char *field,
		    const char *text)
{
	return e && !strcmp(fact_str(&p->f, e->field), field) && e->end - e->beg == strlen(text) &&
	       !strncmp(p->text + e->beg, text, strlen(text));
}

static void elements(void **state)
{
	struct parsed p;
	const struct fact_element *e;

	(void)state;
	parse(&p, OPS
	      "int a(int); int b(int); int c(int); int d(int);\n"
	      "#define BOTH .open = a, .close = b\n#define VAL b\n"
	      "struct ops o1 = { .open = a, .close = VAL , .sub = { .in = c }, .tab = { d, [1] = d } };\n"
	      "struct ops o2 = { a, b };\nstruct ops o3 = { BOTH };\nstruct ops o4[] = { { .close = a }, };\n"
	      "struct ops o5 = { .sub.in = c };\nstruct ops o6 = { .open = a, b };\nstruct ops o7 = { a, b, c, d };\n");
	assert_true(elem_is(&p, elem_of(&p, "o1", "a"), "struct ops:open", ".open = a,"));
	assert_true(elem_is(&p, elem_of(&p, "o1", "b"), "struct ops:close", ".close = VAL ,"));
	e = elem_of(&p, "o1", "c");
	assert_true(elem_is(&p, e, "struct ops:in", ".in = c"));
	assert_true(
		elem_is(&p, &p.f.elements[e->parent - 1], "struct ops:sub", ".sub = { .in = c },"));
	assert_true(elem_is(&p, elem_of(&p, "o1", "d"), "struct ops:tab", ".tab = { d, [1] = d }"));
	assert_true(elem_is(&p, elem_of(&p, "o2", "b"), "struct ops:close", ""));
	assert_true(elem_is(&p, elem_of(&p, "o3", "b"), "struct ops:close", ""));
	assert_true(elem_is(&p, elem_of(&p, "o4", "a"), "struct ops:close", ".close = a"));
	assert_true(elem_is(&p, elem_of(&p, "o5", "c"), "struct ops:in", ".sub.in = c"));
	assert_true(elem_is(&p, elem_of(&p, "o6", "b"), "struct ops:close", ""));
	/* braces left out: the position doesn't tell the field, so none is claimed */
	assert_null(elem_of(&p, "o7", "c"));
	assert_null(elem_of(&p, "o7", "d"));
	done(&p);
}

static void calls(void **state)
{
	struct parsed p;
	const struct fact_def *f;

	(void)state;
	parse(&p,
	      "int reg(int); int other(int);\n#define REG(x) reg(x)\n#define REG2(x) ({ reg(x); other(x); })\n"
	      "#define likely(x) __builtin_expect(!!(x), 1)\n#define ALIAS reg\n#define TWO(x) reg(x); other(x)\n"
	      "int f(int x)\n{\n\treg(1);\n\tif (x)\n\t\treg(2) ;\n\tREG(3);\n\tREG2(4);\n\tif (likely(reg(5)))\n"
	      "\t\treturn reg(6);\n\t(void)reg(7);\n\tALIAS(8);\n\tTWO(9);\n\tx = ({ reg(10); });\n\treturn reg(11) + 1;\n}\n");
	f = def(&p, "f", DEF_FUNC);
#define CALL_IS(t, s, m)                                                \
	do {                                                            \
		const struct fact_call *c_ = call(&p, f, t);            \
		assert_non_null(c_);                                    \
		assert_string_equal(fact_str(&p.f, c_->callee), "reg"); \
		assert_int_equal(c_->stmt, s);                          \
		assert_int_equal(c_->macro, m);                         \
	} while (0)
	CALL_IS("reg(1);", 1, 0);
	CALL_IS("reg(2) ;", 1, 0);
	CALL_IS("REG(3);", 1, 1);
	CALL_IS("REG2(4)", 0, 2);
	CALL_IS("reg(5)", 0, 0);
	CALL_IS("reg(6)", 0, 0);
	CALL_IS("(void)reg(7);", 1, 0);
	CALL_IS("ALIAS(8);", 1, 1);
	CALL_IS("reg(10)", 0, 0);
	CALL_IS("reg(11)", 0, 0);
	assert_int_equal(call(&p, f, "TWO(9);")->macro, 2);
	done(&p);
}

static void attributes(void **state)
{
	struct parsed p;
	const struct fact_def *d;

	(void)state;
	parse(&p,
	      "#define __weak __attribute__((weak))\n#define __init __attribute__((__section__(\".init.text\")))\n"
	      "int __weak wk(void) { return 0; }\nstatic int target(void) { return 0; }\n"
	      "int al(void) __attribute__((alias(\"target\")));\nstatic int __init in(void) { return 0; }\n"
	      "static int (*entry)(void) __attribute__((used, section(\".initcall6.init\"))) = in;\n"
	      "static void *note __attribute__((used, section(\".discard.addressable\"))) = in;\n"
	      "int renamed(void) __asm__(\"real\");\nint user(void) { return renamed(); }\nint tent;\nint tent2, tent3;\n");
	assert_true(def(&p, "wk", DEF_FUNC)->flags & DEF_WEAK);
	d = def(&p, "al", DEF_FUNC);
	assert_true(d->flags & DEF_ALIAS);
	assert_string_equal(fact_str(&p.f, p.f.refs[d->ref0].key), "t.c:target");
	d = def(&p, "t.c:in", DEF_FUNC);
	assert_string_equal(fact_str(&p.f, d->section), ".init.text");
	d = def(&p, "t.c:entry", DEF_VAR);
	assert_int_equal(d->flags & (DEF_USED | DEF_INITCALL), DEF_USED | DEF_INITCALL);
	assert_string_equal(fact_str(&p.f, d->section), "initcall6");
	assert_false(def(&p, "t.c:note", DEF_VAR)->flags & DEF_USED);
	assert_non_null(ref(&p, def(&p, "user", DEF_FUNC), "real"));
	assert_true(def(&p, "tent", DEF_VAR)->flags & DEF_TENTATIVE);
	assert_true(def(&p, "tent3", DEF_VAR)->flags & DEF_SHARED);
	assert_false(def(&p, "tent", DEF_VAR)->flags & DEF_SHARED);
	done(&p);
}

static void file_scope_asm(void **state)
{
	struct parsed p;
	const struct fact_def *d;

	(void)state;
	parse(&p,
	      "static int fn(void) { return 0; }\n"
	      "__asm__(\".section \\\".initcall3.init\\\", \\\"a\\\"\\n__initcall_fn:\\n\\t.long fn - .\\n.previous\");\n"
	      "__asm__(\".weak maybe\\n\\t.set maybe, fallback\");\n_Static_assert(1, \"x\");\nint x;\n");
	d = def(&p, "__initcall_fn", DEF_ASM);
	assert_string_equal(fact_str(&p.f, d->section), "initcall3");
	assert_non_null(ref(&p, d, "t.c:fn"));
	d = def(&p, "maybe", DEF_ASM);
	assert_true(d->flags & DEF_WEAK);
	assert_non_null(ref(&p, d, "fallback"));
	for (uint32_t i = 0; i < p.f.ndefs; i++)
		if (p.f.defs[i].kind == DEF_ASSERT)
			assert_true(unit_is(&p, &p.f.defs[i], "_Static_assert(1, \"x\");"));
	done(&p);
}

static void macro_units(void **state)
{
	struct parsed p;
	const struct fact_def *d;

	(void)state;
	parse(&p,
	      "#define EXPORT_SYMBOL(x)\n#define DEFINE_THING(n) static int n##_get(void) { return 0; } static int n##_val\n"
	      "#define SYSCALL_DEFINE1(n, t, a) long sys_##n(t a); static long do_##n(t a); \\\n"
	      "\tlong sys_##n(t a) { return do_##n(a); } static long do_##n(t a)\n"
	      "#define MODULE_THING(x) static const char info_##x[] __attribute__((used)) = #x;\n"
	      "DEFINE_THING(ab);\nint f(void) { return 0; }\nEXPORT_SYMBOL(f);\nMODULE_THING(zz)\n"
	      "SYSCALL_DEFINE1(call, int, a)\n{\n\treturn a;\n}\nint tail;\n");
	d = def(&p, "t.c:ab_get", DEF_FUNC);
	assert_true(unit_is(&p, d, "DEFINE_THING(ab);"));
	assert_true(d->flags & DEF_MACRO);
	assert_int_equal(d->beg, def(&p, "t.c:ab_val", DEF_VAR)->beg);
	assert_true(unit_is(&p, def(&p, "f", DEF_FUNC), "int f(void) { return 0; }"));
	assert_true(unit_is(&p, def(&p, "t.c:info_zz", DEF_VAR), "MODULE_THING(zz)"));
	d = def(&p, "sys_call", DEF_FUNC);
	assert_true(unit_is(&p, d, "SYSCALL_DEFINE1(call, int, a)\n{\n\treturn a;\n}"));
	assert_true(d->flags & DEF_SYSCALL);
	assert_non_null(ref(&p, d, "t.c:do_call"));
	for (uint32_t i = 0, n = 0; i <= p.f.ndefs; i++) {
		if (i == p.f.ndefs)
			assert_int_equal(n, 1);
		else if (p.f.defs[i].flags & DEF_EXPORT) {
			n++;
			assert_true(unit_is(&p, &p.f.defs[i], "EXPORT_SYMBOL(f);"));
			assert_non_null(ref(&p, &p.f.defs[i], "f"));
		}
	}
	done(&p);
}

/* Every unit of every file, blanks and directives aside, together are the whole text. */
static void units_cover_text(void **state)
{
	struct parsed p;
	char *seen;

	(void)state;
	parse(&p,
	      "int a; /* c */ int b(void)\n{\n#ifdef X\n\t}{\n#endif\n\treturn 0;\n}\nstruct s { int x; } v[] = { { 1 } };\n"
	      "#define M int m;\nM\ntypedef int t;\n__asm__(\"nop\");\nextern t q;\n");
	seen = xstrdup(p.text);
	for (uint32_t i = 0; i < p.f.ndefs; i++)
		memset(seen + p.f.defs[i].beg, ' ', p.f.defs[i].end - p.f.defs[i].beg);
	for (char *line = strtok(seen, "\n"); line; line = strtok(NULL, "\n"))
		if (*line != '#')
			assert_int_equal(strspn(line, " ") + (strstr(line, "/* c */") ? 7 : 0) +
						 (strstr(line, "/* c */")
							  ? strspn(strstr(line, "*/") + 2, " ")
							  : 0),
					 strlen(line));
	free(seen);
	done(&p);
}

static void headers_go_to_the_pool_once(void **state)
{
	char *header = in_scratch("h.h");
	struct parsed p, q;
	uint32_t before = worker.pool.defs.n;

	(void)state;
	put(header,
	    "int far(void);\nstatic inline int near(void) { return far(); }\nint not_inline = 1;\n");
	parse(&p, "#include \"h.h\"\nint f(void) { return near(); }\n");
	assert_int_equal(worker.pool.defs.n, before + 1);
	assert_non_null(ref(&p, def(&p, "f", DEF_FUNC), "h.h:near"));
	assert_null(def(&p, "h.h:near", DEF_FUNC));
	assert_true(def(&p, "not_inline", DEF_VAR)->flags & DEF_HEADER);
	parse(&q, "#include \"h.h\"\nint g(void) { return near(); }\n");
	assert_int_equal(worker.pool.defs.n, before + 1);
	assert_int_equal(q.f.files[1].header, 1);
	done(&p);
	done(&q);
	free(header);
}

/* cleanup() names a function that only a header has, without a cursor. */
static void cleanup_in_header(void **state)
{
	char *header = in_scratch("free.h");
	struct parsed p;

	(void)state;
	put(header,
	    "static inline void free_it(int *p) { }\n"
	    "static inline int uses(void) { int x __attribute__((cleanup(free_it))) = 0; return x; }\n");
	parse(&p,
	      "#include \"free.h\"\nint f(void) { int y __attribute__((cleanup(free_it))) = 0; return y; }\n");
	assert_non_null(ref(&p, def(&p, "f", DEF_FUNC), "free.h:free_it"));
	for (uint32_t i = 0; i < worker.pool.refs.n; i++)
		if (worker.pool.refs.a[i].kind == REF_CLEANUP)
			assert_string_equal(worker.pool.str.s + worker.pool.refs.a[i].key,
					    "free.h:free_it");
	done(&p);
	free(header);
}

static void included_source_is_no_header(void **state)
{
	char *part = in_scratch("part.c");
	struct parsed p;
	const struct fact_def *d;

	(void)state;
	put(part, "static int in_part(void)\n{\n\treturn 0;\n}\n");
	parse(&p, "#include \"part.c\"\nint f(void) { return in_part(); }\n");
	d = def(&p, "part.c:in_part", DEF_FUNC);
	assert_non_null(d);
	assert_false(d->flags & DEF_HEADER);
	assert_string_equal(fact_str(&p.f, p.f.files[d->file].path), "part.c");
	assert_int_equal(p.f.files[d->file].header, 0);
	done(&p);
	free(part);
}

static void what_does_not_parse_is_an_error(void **state)
{
	char *path = in_scratch("bad.c");
	char *argv[] = {"clang-19", "-std=gnu11", path, NULL};
	struct tu tu = {.source = "bad.c", .argv = argv, .argc = 3};
	struct parse_job job = {.tu = &tu, .quiet = true};
	struct fb fb;

	(void)state;
	put(path, "int f(void) { return no_such; }\n");
	assert_int_equal(facts_parse(&worker, &job, &fb), -1);
	unlink(path);
	assert_int_equal(facts_parse(&worker, &job, &fb), -1);
	free(path);
}

static int start(void **state)
{
	if (scratch_make(state) || claims_init(&claims) || chdir(scratch))
		return -1;
	setenv("KSLICE_ARCH", "none", 1);
	db.tree = db.overlay = scratch;
	db.objdir = in_scratch("obj");
	worker_init(&worker, &db, &claims);
	return 0;
}

static int stop(void **state)
{
	worker_free(&worker);
	free(db.objdir);
	return scratch_remove(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(references),
		cmocka_unit_test(fields),
		cmocka_unit_test(elements),
		cmocka_unit_test(calls),
		cmocka_unit_test(attributes),
		cmocka_unit_test(file_scope_asm),
		cmocka_unit_test(macro_units),
		cmocka_unit_test(units_cover_text),
		cmocka_unit_test(headers_go_to_the_pool_once),
		cmocka_unit_test(cleanup_in_header),
		cmocka_unit_test(included_source_is_no_header),
		cmocka_unit_test(what_does_not_parse_is_an_error),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

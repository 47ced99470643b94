// SPDX-License-Identifier: GPL-2.0
/*
 * units: text => file-scope units. A case's text marks what the compiler would report:
 *	@ a declaration begins    ^ a function body's '{' follows    <...> a macro call
 * and the expected units follow, '|' between them.
 */
#include "front.h"

#include "facts/unit.h"

struct marked {
	struct unit_input in;
	char *text;
};

static void read_marks(struct marked *m, const char *s)
{
	struct strbuf text = {};
	uint32_t open = 0;

	sb_add(&text, "", 0);
	for (; *s; s++) {
		uint32_t off = text.len;

		if (*s == '@')
			*vec_add(&m->in.starts) = off;
		else if (*s == '^')
			*vec_add(&m->in.bodies) = off;
		else if (*s == '<')
			open = off;
		else if (*s == '>')
			*vec_add(&m->in.macros) = (struct span){open, off};
		else if (*s == '[' && s[1] == '[')
			s++, *vec_add(&m->in.skipped) = (struct span){off, 0};
		else if (*s == ']' && s[1] == ']')
			s++, m->in.skipped.a[m->in.skipped.n - 1].end = off;
		else
			sb_add(&text, s, 1);
	}
	m->text = text.s;
	m->in.text = text.s;
	m->in.len = text.len;
	unit_input_sort(&m->in);
}

static void check(const char *marked, const char *expected)
{
	struct marked m = {};
	struct strbuf got = {};
	unit_vec units = {};
	size_t bad, end = 0;

	read_marks(&m, marked);
	assert_int_equal(units_cut(&m.in, &units, &bad), 0);
	sb_add(&got, "", 0);
	for (size_t i = 0; i < units.n; i++) {
		assert_true(units.a[i].beg >= end);
		end = units.a[i].end;
		if (i)
			sb_puts(&got, "|");
		sb_add(&got, m.text + units.a[i].beg, end - units.a[i].beg);
		assert_ptr_equal(units_find(&units, units.a[i].beg), &units.a[i]);
		assert_ptr_equal(units_find(&units, end - 1), &units.a[i]);
	}
	assert_string_equal(got.s, expected);
	sb_free(&got);
	free(units.a);
	free(m.text);
	free(m.in.starts.a);
	free(m.in.bodies.a);
	free(m.in.macros.a);
	free(m.in.skipped.a);
}

static void plain(void **state)
{
	(void)state;
	check("@int a;\n@int f(void)\n^{ return a; }\n@int b, c;",
	      "int a;|int f(void)\n{ return a; }|int b, c;");
	check("@struct s { int x; } v = { 1 };@int y;", "struct s { int x; } v = { 1 };|int y;");
	check("@struct s { int x; };", "struct s { int x; };");
	check("@typedef struct { int x; } t;", "typedef struct { int x; } t;");
	check("", "");
}

static void attributes(void **state)
{
	(void)state;
	check("@__attribute__((cold)) int f(void) __attribute__((x))\n^{ }@int g;",
	      "__attribute__((cold)) int f(void) __attribute__((x))\n{ }|int g;");
	check("@struct s { int x; } <__packed>;", "struct s { int x; } __packed;");
	check("@static int <__init> f(void)\n^{ }", "static int __init f(void)\n{ }");
	/* a macro call that is an attribute, and one that expands to nothing in front of a
	 * declaration */
	check("@<__printf(1, 2)> int f(char *, ...);", "__printf(1, 2) int f(char *, ...);");
	check("<__nothing(x)> @int f(void);", "__nothing(x) int f(void);");
}

static void macros(void **state)
{
	(void)state;
	check("@<DEFINE_MUTEX(m)>;\n@int x;", "DEFINE_MUTEX(m);|int x;");
	check("@static <DEFINE_MUTEX(m)>;\n@int x;", "static DEFINE_MUTEX(m);|int x;");
	check("@<module_init(f)>\n@int x;", "module_init(f)|int x;"); /* no ';' */
	check("<EXPORT(f)>\n<EXPORT(g)>\n@int x;", "EXPORT(f)|EXPORT(g)|int x;");
	check("<EXPORT(f)>;<EXPORT(g)>;", "EXPORT(f);|EXPORT(g);");
	check("@<SYSCALL_DEFINE1(x, int, a)>\n^{ return a; }\n@int y;",
	      "SYSCALL_DEFINE1(x, int, a)\n{ return a; }|int y;");
	check("@<LIST(l)> = { 1 };@int x;", "LIST(l) = { 1 };|int x;");
	check("@int x = <M>(1);", "int x = M(1);");
	check("@<DEF(a, { 1, 2 })>;", "DEF(a, { 1, 2 });");
}

static void texts(void **state)
{
	(void)state;
	check("/* ; { */@char *s = \"};{\"; // }\n@char c = '{';",
	      "char *s = \"};{\";|char c = '{';");
	check("@char c = '\\'';@char *d = \"\\\"{\";", "char c = '\\'';|char *d = \"\\\"{\";");
	check("#define X { \\\n ( \n@int a;\n#include \"x\"\n@int b;", "int a;|int b;");
	check("  # define Y '\n@int a;", "int a;");
}

static void skipped_parts(void **state)
{
	(void)state;
	check("[[#ifdef A\nint f(int a) {\n#else]]\n@int f(void) ^{\n#endif\n}\n@int x;",
	      "int f(void) {\n#endif\n}|int x;");
	check("@int t[] = {\n[[#ifdef A\n {{ don't \n#endif]]\n 1 };",
	      "int t[] = {\n#ifdef A\n {{ don't \n#endif\n 1 };");
}

static void unbalanced_text_is_refused(void **state)
{
	static const char *const bad[] = {"int f(void) {", "int a[;", "}", "int f());"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct unit_input in = {.text = bad[i], .len = strlen(bad[i])};
		unit_vec units = {};
		size_t off = 1000;

		assert_int_equal(units_cut(&in, &units, &off), -1);
		assert_true(off < in.len);
		free(units.a);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),	 cmocka_unit_test(attributes),
		cmocka_unit_test(macros),	 cmocka_unit_test(texts),
		cmocka_unit_test(skipped_parts), cmocka_unit_test(unbalanced_text_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

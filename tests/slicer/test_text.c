// SPDX-License-Identifier: GPL-2.0
/* test_text.c: deletions from C text, definitions found by scanning, and `replace` on an overlay of
 * links. */
#include "commands/overlay.h"
#include "tree/textedit.h"
#include "base/util.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* The text between « and » (one pair) is edited; the marks themselves aren't part of the text. */
static char *edited(const char *marked, enum edit_kind kind, const char *put)
{
	const char *open = strstr(marked, "«"), *close = strstr(marked, "»");
	struct strbuf text = {0}, out = {0};
	struct edits e = {0};
	uint32_t beg, end;

	assert_true(open && close && open < close);
	beg = open - marked;
	sb_add(&text, marked, beg);
	sb_add(&text, open + 2, close - open - 2);
	end = text.len;
	sb_puts(&text, close + 2);
	sb_puts(&out, "");
	edit_add(&e, kind, beg, end, put ? xstrdup(put) : NULL);
	assert_int_equal(edit_apply(text.s, text.len, &e, &out), 0);
	edits_free(&e);
	sb_free(&text);
	return out.s;
}

static const struct {
	const char *what;
	enum edit_kind kind;
	const char *put, *text, *want;
} cases[] = {
	{"a definition goes with its lines and one blank one", EDIT_DEF, NULL,
	 "int a;\n\n«int b(void)\n{\n}»\n\nint c;\n", "int a;\n\nint c;\n"},
	{"and with the comment above it", EDIT_DEF, NULL,
	 "#include <x>\n\n/* of b */\n«int b;» /* too */\nint c;\n", "#include <x>\n\nint c;\n"},
	{"but not with the one that opens the file", EDIT_DEF, NULL,
	 "/* file */\n«int b;»\nint c;\n", "/* file */\nint c;\n"},
	{"a neighbour on the line stays", EDIT_DEF, NULL, "int a; «int b;»\n", "int a; \n"},
	{"#define in a dead body stays", EDIT_DEF, NULL,
	 "«int b(void)\n{\n#define X 1\n\treturn X;\n}»\nint c = X;\n",
	 "#define X 1\nint c = X;\n"},
	{"a balanced #if goes", EDIT_DEF, NULL,
	 "«int b(void)\n{\n#if A\n\treturn 1;\n#else\n\treturn 2;\n#endif\n}»\n", ""},
	{"an #endif from outside stays", EDIT_DEF, NULL,
	 "#if A\nint x;\n«int b(void)\n#endif\n{\n}»\n", "#if A\nint x;\n#endif\n"},
	{"# in a string is no directive", EDIT_DEF, NULL, "«char *b = \"\\\n#if\";»\nint c;\n",
	 "int c;\n"},
	{"nor an apostrophe under #if 0 a character", EDIT_DEF, NULL,
	 "«int b(void)\n{\n#if 0\n\tit's \"so\n#endif\n}»\nint c;\n", "int c;\n"},
	{"two comments behind go as one does", EDIT_DEF, NULL,
	 "int a;\n«int b;» /* b */ /* too */\nint c;\n", "int a;\nint c;\n"},
	{"an #include in a dead table goes", EDIT_DEF, NULL,
	 "«int t[] = {\n#include \"t.h\"\n};»\n", ""},
	{"an element goes with its line", EDIT_ELEMENT, NULL, "x = {\n\t.a = 1,\n\t«.b = f,»\n};\n",
	 "x = {\n\t.a = 1,\n};\n"},
	{"a statement in a block goes", EDIT_STMT, NULL, "{\n\tint a;\n\t«f(a);»\n\tg();\n}\n",
	 "{\n\tint a;\n\tg();\n}\n"},
	{"behind if, an empty block stays", EDIT_STMT, NULL, "\tif (x)\n\t\t«f();»\n\telse\n",
	 "\tif (x)\n\t\t{ }\n\telse\n"},
	{"behind a label too", EDIT_STMT, NULL, "out:\n\t«f();»\n}\n", "out:\n\t{ }\n}\n"},
	{"an expression is replaced", EDIT_PUT, "(0)", "\tif («f(x)»)\n", "\tif ((0))\n"},
	{"a body is replaced", EDIT_BODY, "{ return 1; }", "int f(void)\n«{\n\treturn g();\n}»\n",
	 "int f(void)\n{ return 1; }\n"},
	{"a type outlives its variable", EDIT_TYPE, NULL,
	 "«static struct p {\n\tint x;\n} v[] = { {1} };»\nint c;\n",
	 "struct p {\n\tint x;\n};\nint c;\n"},
	{"an anonymous one doesn't", EDIT_TYPE, NULL,
	 "«static const struct {\n\tint x;\n} v;»\nint c;\n", "int c;\n"},
	{"an anonymous enum does", EDIT_TYPE, NULL, "«static enum { A, B } v;»\n",
	 "enum { A, B };\n"},
};

static void test_edits(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *got = edited(cases[i].text, cases[i].kind, cases[i].put);

		if (strcmp(got, cases[i].want))
			fail_msg("%s: got\n%s", cases[i].what, got);
		free(got);
	}
}

static void test_overlap(void **state)
{
	const char text[] = "int a, b; int c;\n";
	struct strbuf out = {0};
	struct edits e = {0};

	edit_add(&e, EDIT_DEF, 0, 9, NULL);
	edit_add(&e, EDIT_DEF, 4, 12, NULL);
	assert_int_equal(edit_apply(text, strlen(text), &e, &out), -1);
	edits_free(&e);
	edit_add(&e, EDIT_DEF, 10, 400, NULL);
	assert_int_equal(edit_apply(text, strlen(text), &e, &out), -1);
	edits_free(&e);
	sb_free(&out);
}

static void test_locals(void **state)
{
	const char text[] =
		"void f(int x)\n{\n\tint only = x, other = 1;\n\tstruct s *p;\n\tg(only, other, p->only);\n\th(other);\n}\n";
	const char *call = strstr(text, "g(only");
	struct range r = {call - text, strstr(text, ";\n\th") + 1 - text};
	char *got = orphaned_locals(text, strlen(text), 0, strlen(text), &r, 1, 0, "; ");

	assert_string_equal(got, "(void)only; (void)p; ");
	free(got);
}

static void test_find(void **state)
{
	const char text[] =
		"/* f(void) { */\nint f(void);\nstatic int f(int a)\n{\n\tif (a) { return '}'; }\n\treturn 0;\n}\n"
		"#define f(x) {}\nstruct o v = {\n\t.f = f,\n};\nint w;\n";
	size_t beg, end, len = strlen(text);

	assert_int_equal(find_definition(text, len, "f", &beg, &end), 0);
	assert_int_equal(strncmp(text + beg, "static int f", 12), 0);
	assert_int_equal(strncmp(text + end, "\n#define", 8), 0);
	assert_int_equal(find_definition(text, len, "v", &beg, &end), 0);
	assert_int_equal(strncmp(text + end, "\nint w", 6), 0);
	assert_int_equal(find_definition(text, len, "w", &beg, &end), -1);
	assert_int_equal(find_definition(text, len, "nothing", &beg, &end), -1);
}

static char *put(const char *dir, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);

	if (text)
		assert_int_equal(write_file(path, text, strlen(text)), 0);
	return path;
}

static void expect(const char *dir, const char *name, const char *want)
{
	char *path = put(dir, name, NULL), *got = read_file(path, NULL);

	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
	free(path);
}

/* Twice over the same overlay: the edited file starts from the pristine text again, which keeps
 * every byte. */
static void test_replace(void **state)
{
	char dir[] = "/tmp/kslice-replace-XXXXXX", *tree, *over, *from, *to;
	const char *names[] = {"kernel/sched/core.c"};
	const char before[] = "int a;\nint f(int x)\n{\n\treturn x;\n}\nint b;\n";
	const char after[] =
		"int a;\n/* kslice: f is replaced by with.c */\nint f(int x) { return 2; }\nint b;\n";
	struct spec_cut cut = {.kind = CUT_REPLACE,
			       .symbol = "f",
			       .with = "with.c",
			       .in = {names, 1},
			       .at = {"spec", "/cuts/0", 1}};
	struct spec spec = {.cuts = &cut, .ncuts = 1};
	struct stat st;
	uint64_t key;

	assert_non_null(mkdtemp(dir));
	setenv("KSLICE_REPO", dir, 1);
	tree = put(dir, "tree", NULL);
	over = put(dir, "over", NULL);
	free(put(dir, "specs/schema.json", "{}"));
	free(put(
		dir, "with.c",
		"// SPDX-License-Identifier: GPL-2.0\n/* ours */\n\nint f(int x) { return 2; }\n"));
	free(put(tree, "kernel/sched/core.c", before));
	free(put(tree, "kernel/fork.c", "int fork;\n"));
	assert_int_equal(make_dirs(over), 0);
	from = put(tree, "kernel", NULL);
	to = put(over, "kernel", NULL);
	assert_int_equal(symlink(from, to), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(overlay_apply(&spec, tree, over), 0);
		expect(tree, "kernel/sched/core.c", before);
		expect(over, "kernel/sched/core.c", after);
		expect(over, "kernel/fork.c", "int fork;\n");
	}
	assert_int_equal(lstat(to, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	key = overlay_key(&spec);
	free(put(dir, "with.c", "int f(int x) { return 3; }\n"));
	assert_int_not_equal(overlay_key(&spec), key);
	cut.symbol = "nothing";
	assert_int_equal(overlay_apply(&spec, tree, over), -1);
	expect(tree, "kernel/sched/core.c", before);
	assert_int_equal(remove_tree(dir), 0);
	free(from);
	free(to);
	free(tree);
	free(over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edits),	cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_locals),	cmocka_unit_test(test_find),
		cmocka_unit_test(test_replace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

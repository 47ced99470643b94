// SPDX-License-Identifier: GPL-2.0
/* test_ir.c: the canonical form of IR: what only looks different is equal, and nothing else. */
#include "front.h"
#include "verify/ir.h"

#include <stdlib.h>

/* The form in which modules are cached. */
static char *canonical(const char *ir)
{
	char *text = xstrdup(ir), *why = NULL;
	struct strbuf out = {0};
	struct module m;

	if (ir_parse(text, true, &m, &why))
		fail_msg("not understood: %s", why);
	module_write(&m, &out);
	for (size_t i = 0; i < m.entities.n; i++)
		if (m.entities.a[i].text)
			sb_puts(&out, m.entities.a[i].text);
	module_free(&m);
	free(text);
	return out.s;
}

static void expect(const char *a, const char *b, bool equal)
{
	char *ca = canonical(a), *cb = canonical(b);

	if (!strcmp(ca, cb) != equal)
		fail_msg("%s:\n%s\n---- and\n%s", equal ? "differ" : "are equal", ca, cb);
	free(ca);
	free(cb);
}

#define SAME(a, b)   expect(a, b, true)
#define DIFFER(a, b) expect(a, b, false)

/* The same function in units that hold other things before it. */
static void numbers_stand_for_contents(void **state)
{
	SAME("%struct.a = type { i32 }\n@.str = private unnamed_addr constant [3 x i8] c\"ab\\00\"\n"
	     "define void @f() #0 {\n  call void @g(ptr @.str) #1, !srcloc !7\n  %1 = alloca %struct.a\n"
	     "  br label %2, !llvm.loop !8\n}\n\nattributes #0 = { nounwind }\nattributes #1 = { cold }\n"
	     "!7 = !{i64 5}\n!8 = distinct !{!8, !9}\n!9 = !{!\"x\"}\n",
	     "%struct.a.4 = type { i32 }\n@.str.9 = private unnamed_addr constant [3 x i8] c\"ab\\00\"\n"
	     "define void @f() #3 {\n  call void @g(ptr @.str.9) #2, !srcloc !1\n  %1 = alloca %struct.a.4\n"
	     "  br label %2, !llvm.loop !0      ; preds = %7\n}\n\nattributes #3 = { nounwind }\n"
	     "attributes #2 = { cold }\n!1 = !{i64 77}\n!0 = distinct !{!0, !2}\n!2 = !{!\"x\"}\n");
}

static void contents_count(void **state)
{
	static const char f[] = "define void @f() #0 {\n  store ptr @.str, ptr %1\n"
				"  %2 = getelementptr %struct.a, ptr %1, i32 0, i32 1\n}\n";
	static const char str[] = "@.str = private constant [2 x i8] c\"a\\00\"\n";
	char *base =
		xasprintf("%%struct.a = type { i8, i32 }\n%s%sattributes #0 = { cold }\n", str, f);
	char *packed = xasprintf("%%struct.a = type <{ i8, i32 }>\n%s%sattributes #0 = { cold }\n",
				 str, f);
	char *attr =
		xasprintf("%%struct.a = type { i8, i32 }\n%s%sattributes #0 = { hot }\n", str, f);
	char *text = xasprintf(
		"%%struct.a = type { i8, i32 }\n@.str = private constant [2 x i8] c\"b\\00\"\n"
		"%sattributes #0 = { cold }\n",
		f);

	SAME(base, base);
	DIFFER(base, packed);
	DIFFER(base, attr);
	DIFFER(base, text);
	free(base);
	free(packed);
	free(attr);
	free(text);
}

static void counters_of_macros(void **state)
{
	SAME("@__UNIQUE_ID_x7 = internal global i32 0\n",
	     "@__UNIQUE_ID_x123 = internal global i32 0\n");
	SAME("@__initcall__kmod_a__12_0_fn6 = internal global ptr @fn\n",
	     "@__initcall__kmod_a__9_0_fn6 = internal global ptr @fn\n");
	SAME("declare void @__compiletime_assert_4()\n",
	     "declare void @__compiletime_assert_55()\n");
	DIFFER("@__UNIQUE_ID_x7 = internal global i32 0\n",
	       "@__UNIQUE_ID_y7 = internal global i32 0\n");
	DIFFER("@x7 = internal global i32 0\n", "@x8 = internal global i32 0\n");
}

/* A function's own variables of one name are told apart by their order. */
static void ordinals(void **state)
{
	static const char vars[] =
		"@f.n.1 = internal global i32 0\n@f.n.2 = internal global i32 0\n";
	char *a = xasprintf("%sdefine void @f() {\n  store ptr @f.n.1, ptr @f.n.2\n}\n", vars);
	char *b = xasprintf("%sdefine void @f() {\n  store ptr @f.n.2, ptr @f.n.1\n}\n", vars);
	char *c = xasprintf("%sdefine void @f() {\n  store ptr @f.n.2, ptr @f.n.2\n}\n", vars);

	SAME(a, b);
	DIFFER(a, c);
	free(a);
	free(b);
	free(c);
}

/* An initialiser is what it puts at which byte, whatever types it is written with. */
static void slots(void **state)
{
	SAME("%union.u = type { ptr }\n%struct.s = type { i32, %union.u }\n"
	     "@v = global %struct.s { i32 1, %union.u { ptr @f } }\n",
	     "@v = global { i32, [4 x i8], { ptr } } { i32 1, [4 x i8] undef, { ptr } { ptr @f } }\n");
	SAME("@v = global [3 x ptr] [ptr null, ptr @f, ptr null]\n",
	     "@v = global <{ ptr, ptr, [1 x ptr] }> <{ ptr null, ptr @f, [1 x ptr] zeroinitializer }>\n");
	SAME("@v = global [8 x i8] c\"ab\\00\\00\\00\\00\\00\\00\"\n",
	     "@v = global <{ [2 x i8], [6 x i8] }> <{ [2 x i8] c\"ab\", [6 x i8] zeroinitializer }>\n");
	DIFFER("@v = global [2 x ptr] [ptr null, ptr @f]\n",
	       "@v = global [2 x ptr] [ptr @f, ptr null]\n");
	DIFFER("@v = global [2 x ptr] [ptr null, ptr @f]\n",
	       "@v = global [3 x ptr] [ptr null, ptr @f, ptr null]\n");
	DIFFER("@v = global { i8, i32 } { i8 0, i32 1 }\n",
	       "@v = global <{ i8, i32 }> <{ i8 0, i32 1 }>\n");
	DIFFER("@v = global i32 1, align 4\n", "@v = global i32 1, align 8\n");
	DIFFER("@v = global i32 1\n", "@v = weak global i32 1\n");
	DIFFER("@v = global ptr getelementptr (i8, ptr @a, i64 4)\n",
	       "@v = global ptr getelementptr (i8, ptr @a, i64 8)\n");
}

static void visibility_does_not_count(void **state)
{
	SAME("define hidden void @f() {\n}\n", "define dso_local void @f() {\n}\n");
	SAME("@v = hidden global i32 0\n", "@v = dso_local global i32 0\n");
	DIFFER("define internal void @f() {\n}\n", "define dso_local void @f() {\n}\n");
}

static void unknown_text_is_refused(void **state)
{
	static const char *const bad[] = {
		"something new\n", "@v = global %struct.unknown { i32 1 }\n",
		"@v = global { i32, ptr } { i32 1\n", "define void @f() {\n"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char *text = xstrdup(bad[i]), *why = NULL;
		struct module m;

		assert_int_equal(ir_parse(text, false, &m, &why), -1);
		assert_non_null(why);
		module_free(&m);
		free(text);
		free(why);
	}
}

static void cached_modules_are_the_same(void **state)
{
	char *text =
		xstrdup("module asm \".globl x\"\n@v = global { i32, ptr } { i32 1, ptr @f }\n"
			"@llvm.used = appending global [1 x ptr] [ptr @v]\n@a = alias i32, ptr @v\n"
			"define void @f() {\n  call void @g(ptr @v)\n}\ndeclare void @g(ptr)\n");
	struct strbuf once = {0}, twice = {0};
	struct module m, back;
	char *why;

	assert_int_equal(ir_parse(text, false, &m, &why), 0);
	module_write(&m, &once);
	free(text);
	text = xstrdup(once.s);
	assert_int_equal(module_read(&back, text), 0);
	module_write(&back, &twice);
	assert_string_equal(once.s, twice.s);
	assert_non_null(module_find(&back, IR_FUNCTION, "f"));
	assert_null(module_find(&back, IR_FUNCTION, "g"));
	module_free(&back);
	once.s[once.len / 2] = 0;
	free(text);
	text = xstrdup(once.s);
	assert_int_equal(module_read(&back, text), -1);
	module_free(&m);
	sb_free(&once);
	sb_free(&twice);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stand_for_contents),
		cmocka_unit_test(contents_count),
		cmocka_unit_test(counters_of_macros),
		cmocka_unit_test(ordinals),
		cmocka_unit_test(slots),
		cmocka_unit_test(visibility_does_not_count),
		cmocka_unit_test(unknown_text_is_refused),
		cmocka_unit_test(cached_modules_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

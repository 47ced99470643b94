// SPDX-License-Identifier: GPL-2.0
/* test_compare.c: what the edits of a slice explain, and what they don't. */
#include "front.h"
#include "verify/compare.h"

#include <stdlib.h>

struct seen {
	const char *excluded; /* a file that the unit doesn't include */
	struct strbuf found;
};

static bool includes(void *ctx, const char *file)
{
	const struct seen *s = ctx;

	return !s->excluded || strcmp(s->excluded, file);
}

static void note(void *ctx, const struct difference *d)
{
	struct seen *s = ctx;

	sb_printf(&s->found, "%s %s: %s | %s\n", d->name, d->what, d->whole ?: "-",
		  d->slice ?: "-");
}

static void parse(const char *ir, struct module *m)
{
	char *text = xstrdup(ir), *why;

	if (ir_parse(text, true, m, &why))
		fail_msg("not understood: %s", why);
	free(text);
}

/* The differences, a line each. */
static char *differences(const char *whole, const char *slice, const char *edits,
			 const char *excluded)
{
	char *path = xasprintf("%s/edits", scratch);
	struct declared_edits declared;
	struct module w, s;
	struct seen seen = {.excluded = excluded};
	struct compare c = {.edits = &declared,
			    .includes = includes,
			    .report = note,
			    .ctx = &seen,
			    .whole = &w,
			    .slice = &s};

	assert_int_equal(write_file(path, edits, strlen(edits)), 0);
	assert_int_equal(declared_load(&declared, path), 0);
	parse(whole, &w);
	parse(slice, &s);
	sb_puts(&seen.found, "");
	compare_modules(&c);
	module_free(&w);
	module_free(&s);
	declared_free(&declared);
	free(path);
	return seen.found.s;
}

static void expect_in(const char *whole, const char *slice, const char *edits, const char *excluded,
		      const char *found)
{
	char *d = differences(whole, slice, edits, excluded);

	if (*found ? !strstr(d, found) : *d)
		fail_msg("found \"%s\", expected \"%s\"", d, found);
	free(d);
}

static void expect(const char *whole, const char *slice, const char *edits, const char *found)
{
	expect_in(whole, slice, edits, NULL, found);
}

#define T(g) "@t = constant { ptr, ptr } { ptr @f, ptr " g " }\n"
#define DEAD(sym) \
	"{\"a.c\": [{\"kind\": \"put\", \"in\": [\"t\"], \"dead\": {\"t\": [\"" sym "\"]}}]}"
#define TRAP                                                                    \
	"define internal void @sd_dead_t_g() {\n  call void @sd_trap(ptr @s)\n" \
	"  unreachable\n}\n@s = private constant [1 x i8] c\"x\"\ndeclare void @sd_trap(ptr)\n"

static void slots_of_tables(void **state)
{
	(void)state;
	expect(T("@g"), T("@g"), "{}", "");
	expect(T("@g"), T("null"), DEAD("g"), "");
	expect(T("@g"), T("null"), "{}", "t differs at byte 8: ptr @g | -");
	expect(T("@g"), T("null"), DEAD("f"), "t differs at byte 8: ptr @g | -");
	expect(T("@g"), "@t = constant { ptr, ptr } { ptr @g, ptr null }\n", DEAD("g"),
	       "t differs at byte 0: ptr @f | ptr @g");
	expect_in(T("@g"), T("null"), DEAD("g"), "a.c", "t differs at byte 8");
	expect(T("null"), T("@g"), DEAD("g"), "t differs at byte 8: - | ptr @g");
}

#define N(g, n)                                                                                \
	"@g = internal constant [3 x i32] zeroinitializer\n@t = constant { ptr, i8 } { ptr " g \
	", i8 " n " }\n"

/* ARRAY_SIZE(g) and sizeof(g) go with g. */
static void sizes_of_what_goes(void **state)
{
	(void)state;
	expect(N("@g", "3"), N("null", "0"), DEAD("g"), "");
	expect(N("@g", "12"), N("null", "0"), DEAD("g"), "");
	expect(N("@g", "5"), N("null", "0"), DEAD("g"), "t differs at byte 8: i8 5 | -");
	expect(N("@g", "3"), N("@g", "0"), "{}", "t differs at byte 8: i8 3 | -");
	expect(N("@g", "3"), N("null", "2"), DEAD("g"), "t differs at byte 8: i8 3 | i8 2");
}

static void slots_with_traps(void **state)
{
	(void)state;
	expect(T("@g"), T("@sd_dead_t_g") TRAP, DEAD("g"), "");
	expect(T("@g"), T("@sd_dead_t_g") TRAP, "{}",
	       "t differs at byte 8: ptr @g | ptr @sd_dead_t_g");
	expect(T("null"), T("@sd_dead_t_g") TRAP, DEAD("g"),
	       "t differs at byte 8: - | ptr @sd_dead_t_g");
	expect(T("@g"), T("@other"), DEAD("g"), "t differs at byte 8: ptr @g | ptr @other");
	expect("", "define internal void @sd_dead_x() {\n  call void @g()\n}\n", "{}",
	       "sd_dead_x exists only in the slice");
	expect("", "define internal void @new() {\n  call void @sd_trap()\n}\n", "{}",
	       "new exists only in the slice");
}

#define F(body) "define void @f() {\n" body "}\n"
#define CALL_G	"  call void @g()\n"
#define CALL_H	"  call void @h()\n"
#define CUT	"{\"a.c\": [{\"kind\": \"statement\", \"in\": [\"f\"], \"cut\": \"g\"}]}"

static void functions_that_cuts_change(void **state)
{
	(void)state;
	expect(F(CALL_G CALL_H), F(CALL_H), CUT, "");
	expect(F(CALL_G CALL_H), F(CALL_H), "{}",
	       "f has other code:   call void @g() |   call void @h()");
	expect(F(CALL_G), F(CALL_H), CUT, "f names what neither the whole nor a cut names: - | h");
	expect(F(CALL_G), F(CALL_H),
	       "{\"a.c\": [{\"kind\": \"body\", \"in\": [\"f\"], \"cut\": \"f\", \"text\": \"{ h(); }\"}]}",
	       "");
	/* an edit in it that is no cut's, and one of another unit's function */
	expect(F(CALL_G), F(""), "{\"a.c\": [{\"kind\": \"put\", \"in\": [\"f\"]}]}",
	       "f has other code");
	expect_in(F(CALL_G), F(""), CUT, "a.c", "f has other code");
	expect(F(CALL_G), "define internal void @f() {\n}\n", CUT, "f is declared otherwise");
}

#define INITCALL                                                      \
	"@i = internal global ptr @fn, section \".initcall6.init\"\n" \
	"@llvm.compiler.used = appending global [1 x ptr] [ptr @i]\n"
#define EXPORT                                                             \
	"@e = internal global ptr @fn, section \".discard.addressable\"\n" \
	"@llvm.compiler.used = appending global [1 x ptr] [ptr @e]\n"
#define OWN                                                    \
	"@llvm.used = appending global [1 x ptr] [ptr @f.v]\n" \
	"@f.v = internal global i32 0\n"
#define FN "define void @fn() {\n}\n"

static void what_nothing_names(void **state)
{
	(void)state;
	expect(INITCALL FN, INITCALL FN, "{}", "");
	expect(INITCALL FN, "", "{}", "i is gone from llvm.compiler.used");
	expect(INITCALL FN, "", "{\"a.c\": [{\"kind\": \"definition\", \"names\": [\"i\"]}]}",
	       "i is gone from a section that the linker collects");
	expect(INITCALL FN, "",
	       "{\"a.c\": [{\"kind\": \"definition\", \"names\": [\"i\"], \"cut\": \"fn\"}]}", "");
	expect(EXPORT FN, "", "{}", "");
	expect(EXPORT FN, FN, "{}", "");
	expect(OWN F(""), "", "{}", "");
	expect(OWN F(""), F(""), "{}", "f.v is gone from llvm.used");
	expect("", INITCALL, "{}", "i is new in llvm.compiler.used");
}

static void asm_at_file_scope(void **state)
{
	static const char whole[] = "module asm \"\\09.weak a\"\nmodule asm \"\\09.weak b\"\n";
	static const char gone[] = "{\"a.c\": [{\"kind\": \"definition\", \"names\": [\"a\"]}]}";

	(void)state;
	expect(whole, whole, "{}", "");
	expect(whole, "module asm \"\\09.weak b\"\n", gone, "");
	expect(whole, "module asm \"\\09.weak b\"\n", "{}", "a is gone from file-scope asm");
	expect(whole, "module asm \"\\09.weak a\"\n", gone, "b is gone from file-scope asm");
	expect(whole, "module asm \"\\09.weak b\"\nmodule asm \"\\09.weak a\"\n", gone,
	       "another order");
}

static void named_but_not_defined(void **state)
{
	(void)state;
	expect(FN, "declare void @fn()\n", "{}", "fn is named, but no longer defined");
	expect("define weak void @fn() {\n}\n", "declare void @fn()\n", "{}", "");
	expect("declare void @fn() #0\nattributes #0 = { noreturn }\n", "declare void @fn()\n",
	       "{}", "fn is declared otherwise");
	expect(FN, "", "{}", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_of_tables),
		cmocka_unit_test(sizes_of_what_goes),
		cmocka_unit_test(slots_with_traps),
		cmocka_unit_test(functions_that_cuts_change),
		cmocka_unit_test(what_nothing_names),
		cmocka_unit_test(asm_at_file_scope),
		cmocka_unit_test(named_but_not_defined),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}

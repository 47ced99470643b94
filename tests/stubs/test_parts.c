// SPDX-License-Identifier: GPL-2.0
/* test_parts.c: a generated file that would become too long is continued in a second one,
 * completely; what the client compares by a route's key. */
#include "stubs/emit.h"

#include <sd/client.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void head(const struct pack *p, struct strbuf *b)
{
	sb_printf(b, "%s after %s\n", p->name, p->last ? p->last : "none");
}

static struct strbuf piece(unsigned lines)
{
	struct strbuf b = {0};

	for (unsigned i = 0; i < lines; i++)
		sb_puts(&b, "line\n");
	return b;
}

static size_t count(const char *s, const char *what)
{
	size_t n = 0;

	for (; (s = strstr(s, what)); s++)
		n++;
	return n;
}

static void test_long(void **state)
{
	struct outputs out = {0};
	struct pack p = {.out = &out, .base = "x", .ext = "h", .tail = "tail\n", .head = head};
	size_t lines = 0;
	char *last;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct strbuf b = piece(300);

		pack_add(&p, &b);
	}
	last = pack_end(&p);
	assert_string_equal(last, "x_3.h");
	assert_int_equal(out.n, 3);
	assert_string_equal(out.a[0].name, "x.h");
	assert_int_equal(strncmp(out.a[0].text.s, "x.h after none\n", 15), 0);
	assert_int_equal(strncmp(out.a[1].text.s, "x_2.h after x.h\n", 16), 0);
	for (size_t i = 0; i < out.n; i++) {
		assert_true(count(out.a[i].text.s, "\n") < 800);
		assert_true(ends_with(out.a[i].text.s, "\ntail\n"));
		lines += count(out.a[i].text.s, "line\n");
	}
	assert_int_equal(lines, 1500);
	free(last);
	outputs_free(&out);
}

static void test_none(void **state)
{
	struct outputs out = {0};
	struct pack p = {.out = &out, .base = "x", .ext = "h", .tail = "", .head = head};

	(void)state;
	assert_null(pack_end(&p));
	assert_int_equal(out.n, 0);
}

/* socket(AF_INET, SOCK_DGRAM with any flags): by two arguments, one of them under a mask. */
static void test_route_key(void **state)
{
	static const struct sd_route_key type = {.arg = 1, .n = 1, .mask = 15, .value = {2}};
	static const struct sd_route_key key = {
		.arg = 0, .n = 2, .mask = 0xffffffff, .value = {2, 10}, .and = &type};
	static const struct sd_route_key any = {0};
	static const u64 hit[][6] = {{2, 2}, {10, 2}, {2, 2 | 02000000}, {2 | 1ull << 32, 2}};
	static const u64 miss[][6] = {{1, 2}, {2, 1}, {2, 1 | 02000000}, {0, 0}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(sd_key_matches(&key, hit[i]));
		assert_false(sd_key_matches(&key, miss[i]));
		assert_true(sd_key_matches(&any, miss[i]));
		assert_true(sd_key_matches(NULL, miss[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_long), cmocka_unit_test(test_none),
					   cmocka_unit_test(test_route_key)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0
/* test_report.c: lengths of instructions, gadgets in code, what a unit of a slice alone holds. */
#include "front.h"

#include "report/model.h"

#define CODE(bytes) (const uint8_t *)(bytes), sizeof(bytes) - 1

static void lengths_are_those_of_the_manual(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		unsigned length;
		int branch;
	} cases[] = {
		{"\x90", 1, 1, 0},			       /* nop */
		{"\x48\x89\xe5", 3, 3, 0},		       /* mov %rsp,%rbp */
		{"\x48\x8b\x44\x24\x08", 5, 5, 0},	       /* mov 8(%rsp),%rax */
		{"\x8b\x05\1\2\3\4", 6, 6, 0},		       /* mov x(%rip),%eax */
		{"\x48\xb8\1\2\3\4\5\6\7\x08", 10, 10, 0},     /* movabs */
		{"\xb8\1\2\3\4", 5, 5, 0},		       /* mov $,%eax */
		{"\x66\xb8\1\2", 4, 4, 0},		       /* mov $,%ax */
		{"\x66\x48\x0f\x6e\xc0", 5, 5, 0},	       /* movq %rax,%xmm0 */
		{"\xf6\xc1\x01", 3, 3, 0},		       /* test $,%cl */
		{"\xf7\xd8", 2, 2, 0},			       /* neg %eax */
		{"\xf7\xc1\1\2\3\4", 6, 6, 0},		       /* test $,%ecx */
		{"\x0f\x1f\x84\0\0\0\0\0", 8, 8, 0},	       /* nopl 0(%rax,%rax,1) */
		{"\xc7\x04\x25\1\2\3\4\5\6\7\x08", 11, 11, 0}, /* movl $,abs */
		{"\xc5\xf8\x77", 3, 3, 0},		       /* vzeroupper */
		{"\xc4\xe3\x7d\x39\xc1\x01", 6, 6, 0},	       /* vextracti128 */
		{"\xe8\1\2\3\4", 5, 5, 1},		       /* call */
		{"\x74\x05", 2, 2, 1},			       /* je */
		{"\x0f\x84\1\2\3\4", 6, 6, 1},		       /* je, far */
		{"\xff\xd0", 2, 2, 1},			       /* call *%rax */
		{"\xff\xc0", 2, 2, 0},			       /* inc %eax */
		{"\xff\x75\x08", 3, 3, 0},		       /* push 8(%rbp) */
		{"\xc3", 1, 1, 1},			       /* ret */
		{"\x0f\x0b", 2, 2, 1},			       /* ud2 */
		{"\xcc", 1, 1, 1},			       /* int3 */
		{"\x06", 1, 0, 0},			       /* not in 64-bit mode */
		{"\x48\x8b\x44\x24", 4, 0, 0},		       /* cut off */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int branch = 0;
		unsigned n = decode_length((const uint8_t *)cases[i].bytes, cases[i].n, &branch);

		if (n != cases[i].length || (n && branch != cases[i].branch))
			fail_msg("case %zu: length %u, branch %d", i, n, branch);
	}
}

static uint64_t count_gadgets(const uint8_t *code, size_t n)
{
	struct gadgets g = {0};

	gadgets_add(&g, code, n);
	return gadgets_count(&g);
}

static void gadgets_end_with_a_return(void **state)
{
	(void)state;
	assert_int_equal(count_gadgets(CODE("\x90\x90")), 0);
	/* ret; pop %rax, ret */
	assert_int_equal(count_gadgets(CODE("\x58\xc3")), 2);
	/* the same bytes twice count once */
	assert_int_equal(count_gadgets(CODE("\x58\xc3\xcc\x58\xc3")), 2);
	/* ret $8; pop %rax, ret $8 */
	assert_int_equal(count_gadgets(CODE("\x58\xc2\x08\x00")), 2);
	/* pop %r12 and, from its second byte, pop %rsp */
	assert_int_equal(count_gadgets(CODE("\x41\x5c\xc3")), 3);
	/* nothing passes a call: only ret, and nop */
	assert_int_equal(count_gadgets(CODE("\x58\xff\xd0\x90\xc3")), 2);
	/* no more than nine bytes before it */
	assert_int_equal(
		count_gadgets(CODE("\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\xc3")), 10);
}

static struct munit *add_unit(struct model *m, const char *name, const char *edge, uint32_t from,
			      uint64_t bytes)
{
	struct munit *u = vec_add(&m->units);

	*u = (struct munit){.names = name,
			    .file = "a.h", /* in a header: no initcalls of the file */
			    .edge = edge,
			    .extra = "",
			    .from = from,
			    .bytes = bytes};
	if (from != NO_UNIT)
		*vec_add(&m->edges) = (struct unit_edge){from, m->units.n - 1};
	return u;
}

/*
 *      call(1) ---> left(10) ---> both(100)
 *           \-----> right(1000) ---^
 */
static void shared_code_is_held_by_what_all_ways_pass(void **state)
{
	struct model m = {.manifest = json_object()};
	uint32_t *list;

	(void)state;
	add_unit(&m, "sys_call", "exported call", NO_UNIT, 1);
	add_unit(&m, "left", "named by", 0, 10);
	add_unit(&m, "right", "named by", 0, 1000);
	add_unit(&m, "both", "named by", 1, 100);
	*vec_add(&m.edges) = (struct unit_edge){2, 3};
	model_weigh(&m);
	assert_int_equal(m.units.a[0].held, 1111);
	assert_int_equal(m.units.a[1].held, 10);
	assert_int_equal(m.units.a[2].held, 1000);
	assert_int_equal(m.units.a[3].held, 100);
	/* right is nearly all that the call holds: one line is enough for them */
	assert_int_equal(model_heaviest(&m, 9, &list), 3);
	assert_int_equal(list[0], 0);
	assert_int_equal(list[1], 3);
	free(list);
	model_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_are_those_of_the_manual),
		cmocka_unit_test(gadgets_end_with_a_return),
		cmocka_unit_test(shared_code_is_held_by_what_all_ways_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

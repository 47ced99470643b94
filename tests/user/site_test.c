// SPDX-License-Identifier: GPL-2.0
// site_test.c: tests of site.c: what may be rewritten, and above all what may not.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
enum sd_form { SD_FORM_NONE, SD_FORM_MOV32, SD_FORM_MOV64 };
enum sd_form sd_site_form(const u8 *before, u32 len, u64 nr, u32 *start);

#define FORM(nr, start, ...)                               \
	({                                                 \
		const u8 b[] = {__VA_ARGS__};              \
		sd_site_form(b, sizeof(b), (nr), (start)); \
	})

static void takes_mov_eax(void **state)
{
	u32 at = 99;

	assert_int_equal(FORM(39, &at, 0xb8, 39, 0, 0, 0, 0x0f, 0x05), SD_FORM_MOV32);
	assert_int_equal(at, 0);
	assert_int_equal(FORM(0x1bf, &at, 0x31, 0xd2, 0xc3, 0xb8, 0xbf, 1, 0, 0, 0x0f, 0x05),
			 SD_FORM_MOV32);
	assert_int_equal(at, 3);
}

static void takes_mov_rax(void **state)
{
	u32 at = 99;

	assert_int_equal(FORM(15, &at, 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05), SD_FORM_MOV64);
	assert_int_equal(at, 0);
	assert_int_equal(FORM(15, &at, 0x90, 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05),
			 SD_FORM_MOV64);
	assert_int_equal(at, 1);
}

static void refuses_another_number(void **state)
{
	u32 at;

	assert_int_equal(FORM(40, &at, 0xb8, 39, 0, 0, 0, 0x0f, 0x05), SD_FORM_NONE);
	assert_int_equal(FORM(1ull << 32 | 39, &at, 0xb8, 39, 0, 0, 0, 0x0f, 0x05), SD_FORM_NONE);
	assert_int_equal(FORM(0xffffffff, &at, 0xb8, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x05),
			 SD_FORM_NONE);
}

static void refuses_other_registers(void **state)
{
	u32 at;

	/* mov $39, %r8d; mov $39, %edi; mov $39, %rdi */
	assert_int_equal(FORM(39, &at, 0x41, 0xb8, 39, 0, 0, 0, 0x0f, 0x05), SD_FORM_NONE);
	assert_int_equal(FORM(39, &at, 0xbf, 39, 0, 0, 0, 0x0f, 0x05), SD_FORM_NONE);
	assert_int_equal(FORM(39, &at, 0x48, 0xc7, 0xc7, 39, 0, 0, 0, 0x0f, 0x05), SD_FORM_NONE);
}

static void refuses_what_is_no_syscall(void **state)
{
	u32 at;

	assert_int_equal(FORM(39, &at, 0xb8, 39, 0, 0, 0, 0x0f, 0x34), SD_FORM_NONE);
	assert_int_equal(FORM(39, &at, 0xb8, 39, 0, 0, 0, 0xcd, 0x80), SD_FORM_NONE);
	assert_int_equal(FORM(39, &at, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0x90), SD_FORM_NONE);
}

static void refuses_an_instruction_between(void **state)
{
	u32 at;

	/* mov $39, %eax; xor %edi, %edi; syscall: five bytes would reach into the xor's target */
	assert_int_equal(FORM(39, &at, 0xb8, 39, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05), SD_FORM_NONE);
}

/* At the edge of a mapping fewer bytes can be read. */
static void copes_with_few_bytes(void **state)
{
	static const u8 b[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05};
	u32 at;

	for (u32 n = 0; n < 7; n++)
		assert_int_equal(sd_site_form(b + 7 - n, n, 39, &at), SD_FORM_NONE);
	assert_int_equal(sd_site_form(b, 7, 39, &at), SD_FORM_MOV32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_mov_eax),
		cmocka_unit_test(takes_mov_rax),
		cmocka_unit_test(refuses_another_number),
		cmocka_unit_test(refuses_other_registers),
		cmocka_unit_test(refuses_what_is_no_syscall),
		cmocka_unit_test(refuses_an_instruction_between),
		cmocka_unit_test(copes_with_few_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

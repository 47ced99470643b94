/* SPDX-License-Identifier: MIT */
/*
 * site.c: decides from the bytes before a trapped `syscall`, and its number, whether the site may
 * be rewritten, and where it starts.
 *
 * Only a mov of the same number that rax held, directly before the syscall, is accepted: five of
 * its bytes become a jump, and the `0f 05` stays, so that a branch straight to it still traps.
 *	b8 imm32 0f 05			mov $nr, %eax
 *	48 c7 c0 imm32 0f 05		mov $nr, %rax (Go)
 * Code is never searched for patterns: the trap proves that `0f 05` is code and where it starts,
 * and the equal number shows that the mov was executed. Another instruction that merely ends in
 * those bytes would have to load the same number into rax.
 */
#include "hook/hook.h"

static u32 imm32(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

/* before[0..len) are the bytes up to and including the syscall instruction (0f 05). */
enum sd_form sd_site_form(const u8 *before, u32 len, u64 nr, u32 *start)
{
	if (len < 2 || before[len - 2] != 0x0f || before[len - 1] != 0x05 || nr > 0x7fffffff)
		return SD_FORM_NONE;
	if (len >= 9 && before[len - 9] == 0x48 && before[len - 8] == 0xc7 &&
	    before[len - 7] == 0xc0 && imm32(before + len - 6) == nr) {
		*start = len - 9;
		return SD_FORM_MOV64;
	}
	/* 41 b8 is mov $imm, %r8d: another register. */
	if (len >= 7 && before[len - 7] == 0xb8 && imm32(before + len - 6) == nr &&
	    !(len >= 8 && (before[len - 8] & 0xf0) == 0x40)) {
		*start = len - 7;
		return SD_FORM_MOV32;
	}
	return SD_FORM_NONE;
}

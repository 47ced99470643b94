/* SPDX-License-Identifier: MIT */
/*
 * site.c: bytes before a `syscall` that trapped, and the number it trapped with => may this site be
 * rewritten, and where does it start?
 *
 * Only a mov of the very number that rax held, directly before the syscall, is taken: five of its
 * bytes become a jump, and the `0f 05` stays, so that a branch straight to it is caught as before.
 *	b8 imm32 0f 05			mov $nr, %eax
 *	48 c7 c0 imm32 0f 05		mov $nr, %rax (Go)
 * Bytes are never searched for; the trap has proved that `0f 05` is code and where it starts, and
 *the equal number that the mov ran. An instruction that merely ends in those bytes would have to
 *load the same number into rax.
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
	/* 41 b8 is mov $imm, %r8d: not ours. */
	if (len >= 7 && before[len - 7] == 0xb8 && imm32(before + len - 6) == nr &&
	    !(len >= 8 && (before[len - 8] & 0xf0) == 0x40)) {
		*start = len - 7;
		return SD_FORM_MOV32;
	}
	return SD_FORM_NONE;
}

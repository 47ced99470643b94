/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ASM_SD_STACKPROTECTOR_H
#define ASM_SD_STACKPROTECTOR_H

/* One canary for the whole kernel: thread-local storage belongs to the machine. */
extern unsigned long __stack_chk_guard;

/* The caller, start_kernel(), never returns. */
static __always_inline void boot_init_stack_canary(void)
{
	__stack_chk_guard = get_random_canary();
}

#endif

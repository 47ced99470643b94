// SPDX-License-Identifier: GPL-2.0
/* confine.c: which addresses the current task may use as user pointers: see asm/uaccess.h. */
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>
#include <asm/sd.h>

#define NEVER_MAPPED 0x10000 /* vm.mmap_min_addr of the host */

bool (*sd_uptr_extra)(unsigned long addr, unsigned long size);

#ifdef CONFIG_SD_NOTE_COPIES
void (*sd_noted)(unsigned long addr, unsigned long size, bool write);
#endif

bool sd_uaccess_slow(unsigned long addr, unsigned long size)
{
	if (!current->thread.user_len)
		return sd_inside(addr, size, 0, TASK_SIZE);
	if (sd_inside(addr, size, (unsigned long)task_stack_page(current), THREAD_SIZE))
		return true;
	/* Null and sd_user()'s SD_FAULT_ADDRESS: nothing is ever mapped here, so they fault where
	 * Linux would. */
	if (addr < NEVER_MAPPED)
		return size <= TASK_SIZE - addr;
	return sd_uptr_extra && sd_uptr_extra(addr, size);
}

void sd_uaccess_confine(const void *start, unsigned long len)
{
	current->thread.user_start = (unsigned long)start;
	current->thread.user_len = len;
}

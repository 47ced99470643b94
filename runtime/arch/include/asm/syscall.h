/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_SYSCALL_H
#define _ASM_SD_SYSCALL_H

/* There is no trap: calls come by the gate. These are for generic code that expects traps. */
#include <linux/err.h>
#include <linux/sched.h>
#include <uapi/linux/audit.h>

static inline int syscall_get_nr(struct task_struct *task, struct pt_regs *regs)
{
	return -1;
}

static inline int syscall_get_arch(struct task_struct *task)
{
	return AUDIT_ARCH_X86_64;
}

#endif

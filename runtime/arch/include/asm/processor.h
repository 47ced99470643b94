/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_PROCESSOR_H
#define _ASM_SD_PROCESSOR_H

#include <linux/linkage.h>
#include <linux/irqflags.h>
#include <asm/page.h>
#include <asm/ptrace.h>

#define TASK_SIZE	   _AC(0x7ffffffff000, UL)
#define TASK_UNMAPPED_BASE 0
#define STACK_TOP	   TASK_SIZE
#define STACK_TOP_MAX	   TASK_SIZE

#ifndef __ASSEMBLY__
struct task_struct;

struct thread_struct {
	unsigned long sp; /* while switched out */
	/* What this task may use as user memory; user_len == 0: all below TASK_SIZE. See
	 * access_ok(). Not inherited. */
	unsigned long user_start, user_len;
};

#define INIT_THREAD \
	{           \
	}

#define task_pt_regs(tsk) ((struct pt_regs *)(task_stack_page(tsk) + THREAD_SIZE) - 1)
#define KSTK_EIP(tsk)	  (task_pt_regs(tsk)->ip)
#define KSTK_ESP(tsk)	  (task_pt_regs(tsk)->sp)

void start_thread(struct pt_regs *regs, unsigned long ip, unsigned long sp);
unsigned long __get_wchan(struct task_struct *p);

/* The caller may be waiting for an interrupt, so this is a safe point. */
static __always_inline void cpu_relax(void)
{
	asm volatile("pause" ::: "memory");
	if (sd_vcpu.irqs_on)
		sd_safe_point();
}
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_PTRACE_H
#define _ASM_SD_PTRACE_H

#include <uapi/asm/ptrace.h>

#ifndef __ASSEMBLY__
#define user_mode(regs)		   0
#define instruction_pointer(regs)  ((regs)->ip)
#define user_stack_pointer(regs)   ((regs)->sp)
#define kernel_stack_pointer(regs) ((regs)->sp)
#define frame_pointer(regs)	   ((regs)->bp)
#define profile_pc(regs)	   ((regs)->ip)
#define arch_has_single_step()	   0

static inline void instruction_pointer_set(struct pt_regs *regs, unsigned long val)
{
	regs->ip = val;
}

static inline long regs_return_value(struct pt_regs *regs)
{
	return regs->ax;
}
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* arch.h - interfaces private to the files of this folder. */
#ifndef ARCH_SD_ARCH_H
#define ARCH_SD_ARCH_H

#include <linux/types.h>

struct task_struct;

/* Is the one-shot clock event due? */
bool sd_clock_due(void);
/* Its handler; irqs off, in irq context. */
void sd_clock_event(void);
/* When it comes, in machine time; SD_NO_DEADLINE: never. */
u64 sd_clock_deadline(void);
/* Idle, irqs off: the vCPU slept long enough that the host's wall clock must be checked once irqs
 * are on. */
void sd_clock_slept(void);

/* Calls fn() with each return address on a task's stack, innermost first, until it returns
 * false. */
void sd_walk_stack(struct task_struct *tsk, bool (*fn)(void *arg, unsigned long ip), void *arg);

#endif

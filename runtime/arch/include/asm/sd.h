/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_SD_H
#define _ASM_SD_SD_H

/*
 * asm/sd.h: what arch/sd offers the kernel-side runtime (runtime/kernel, transports, generated
 * stubs).
 *
 * Call gate: a serving task calls sys_xxx() directly, then sd_exit_work() before it answers. What
 * Linux does on the way back to user mode (rescheduling, task work such as the last fput) happens
 * there. It is also a safe point.
 *
 * Hooks. runtime/kernel/serve_pool.c and serve_memory.c set them; all run on the vCPU:
 *
 *   sd_idle_poll       when the vCPU is idle, irqs off: before it sleeps, and once more after
 *                      *boot->sleeping = 1 and a full fence. True if there is work, which
 *                      the hook has given to a task (it may call wake_up_process())
 *   sd_task_sleeping   when a task with PF_IO_WORKER goes to sleep in schedule(): before the run
 *                      queue is locked, with the task's state already set, so that the hook may
 *                      wake another task. See kernel/hooks.c
 *   sd_clock_tick      in interrupt context, after each clock event: HZ times a second or more
 *                      while a task runs, also in a call that doesn't end; now and then when idle
 *   sd_out_of_memory   when the current task needs memory and reclaim found none. May sleep. True:
 *                      retry; false: the allocation fails, but __GFP_NOFAIL is retried in any case
 */
#include <linux/types.h>
#include <sd/machine.h>

struct task_struct;

extern const struct sd_boot *sd_boot;
extern const struct sd_machine_ops *sd_machine; /* sd_boot->machine, set first of all */
extern u64 sd_boot_start;			/* machine time when sd_start() was called */

/* Doorbell lines: fn(arg) in interrupt context when bit `line` of sd_pending was set. Never
 * unregistered. */
void sd_irq_register(unsigned int line, void (*fn)(void *arg), void *arg);
/* Raises a line from the vCPU itself. */
void sd_irq_raise(unsigned int line);

void sd_exit_work(void);

extern bool (*sd_idle_poll)(void);
extern void (*sd_task_sleeping)(struct task_struct *tsk);
extern void (*sd_clock_tick)(void);
extern bool (*sd_out_of_memory)(gfp_t gfp, int order);

/* Below this number of free pages the kernel reclaims, or soon will. */
extern unsigned long sd_memory_mark;

/* Gives the current task an empty address space, so that users of one (zero-copy, vmsplice) return
 * -EFAULT. */
int sd_own_mm(void);

/*
 * Confines the current task's user pointers to [start, start + len), its stack and what
 * sd_uptr_extra() accepts; len 0: not confined. See asm/uaccess.h.
 */
void sd_uaccess_confine(const void *start, unsigned long len);
extern bool (*sd_uptr_extra)(unsigned long addr, unsigned long size);

/* Called by a `trap` cut, or where a table has a dead slot: prints what was removed, and dies. */
void sd_trap(const char *text) __noreturn;

/* Calls fn() on a stack that ends at top, in the current task. */
int sd_call_on(void *top, int (*fn)(void));

/* Times the vCPU slept on the host. */
extern u64 sd_sleeps;

/* The body of pid 1, called when all initcalls have run. Defined by runtime/kernel/main.c. Doesn't
 * return. */
void sd_main(void) __noreturn;

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_SWITCH_TO_H
#define _ASM_SD_SWITCH_TO_H

#include <linux/sched.h>

/* kernel/switch.S: saves the callee-saved registers on the stack, switches to sp, returns prev
 * there. */
struct task_struct *sd_switch(unsigned long *save_sp, unsigned long sp, struct task_struct *prev);

#define switch_to(prev, next, last)                                                \
	do {                                                                       \
		sd_current = (next);                                               \
		(last) = sd_switch(&(prev)->thread.sp, (next)->thread.sp, (prev)); \
	} while (0)

#endif

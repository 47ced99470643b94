/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_CURRENT_H
#define _ASM_SD_CURRENT_H

#ifndef __ASSEMBLY__
struct task_struct;
extern struct task_struct *sd_current; /* set by switch_to() */
#define get_current() sd_current
#define current	      get_current()
#endif

#endif

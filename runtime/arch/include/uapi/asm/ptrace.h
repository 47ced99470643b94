/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* No program runs on this port, so this has only the registers that generic code names. */
#ifndef _UAPI_ASM_SD_PTRACE_H
#define _UAPI_ASM_SD_PTRACE_H

#ifndef __ASSEMBLY__
struct pt_regs {
	unsigned long ip;
	unsigned long sp;
	unsigned long bp;
	unsigned long ax;
};
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* This port never builds a signal frame: the host delivers programs' signals. */
#ifndef _UAPI_ASM_SD_SIGCONTEXT_H
#define _UAPI_ASM_SD_SIGCONTEXT_H

#include <asm/ptrace.h>

struct sigcontext {
	struct pt_regs regs;
};

#endif

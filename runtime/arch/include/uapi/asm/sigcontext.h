/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* No signal frame is ever built by this port: signals of a program are its host's. */
#ifndef _UAPI_ASM_SD_SIGCONTEXT_H
#define _UAPI_ASM_SD_SIGCONTEXT_H

#include <asm/ptrace.h>

struct sigcontext {
	struct pt_regs regs;
};

#endif

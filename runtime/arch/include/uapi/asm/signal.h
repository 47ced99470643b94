/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* asm-generic's layout equals x86-64's if there is a restorer. */
#ifndef _UAPI_ASM_SD_SIGNAL_H
#define _UAPI_ASM_SD_SIGNAL_H

#define SA_RESTORER 0x04000000
#include <asm-generic/signal.h>

#endif

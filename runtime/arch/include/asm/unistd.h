/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_UNISTD_H
#define _ASM_SD_UNISTD_H

#include <uapi/asm/unistd.h>

/* Calls of x86-64's table that generic code leaves to the architecture. */
#define __ARCH_WANT_NEW_STAT
#define __ARCH_WANT_SYS_FADVISE64
#define __ARCH_WANT_SYS_UTIME

#define NR_syscalls (__NR_syscalls)

#endif

/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* x86-64's call numbers, generated from the tree's x86 table by kernel/syscalls/Makefile. */
#ifndef _UAPI_ASM_SD_UNISTD_H
#define _UAPI_ASM_SD_UNISTD_H

#include <asm/unistd_64.h>

#endif

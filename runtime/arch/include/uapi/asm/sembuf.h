/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Crosses to x86-64 programs: the tree's own x86 layout. */
#include <x86/include/uapi/asm/sembuf.h>

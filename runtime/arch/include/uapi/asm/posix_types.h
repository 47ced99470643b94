/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Shared with x86-64 programs: the tree's x86 layout. */
#include <x86/include/uapi/asm/posix_types_64.h>

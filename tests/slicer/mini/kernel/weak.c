// SPDX-License-Identifier: GPL-2.0
/* Weak definitions: the one that is needed stays, the twin of a strong one goes. */
#include <linux/lib.h>
#include <linux/syscalls.h>

long sys_ni_syscall(void) /* expect: gone */
{
	return -38;
}

COND_SYSCALL(bind) /* expect: gone */

int __weak lib_weak_only(void) /* expect: kept */
{
	return 10;
}

int __weak lib_overridden(void) /* expect: gone */
{
	return 11;
}

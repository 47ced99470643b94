// SPDX-License-Identifier: GPL-2.0
#include <linux/compiler.h>
#include <linux/lib.h>

int lib_overridden(void) /* expect: kept */
{
	return 20;
}

int lib_real(int a);
int lib_real(int a) /* expect: kept */
{
	return a + 30;
}
int lib_alias(int a) __alias(lib_real); /* expect: kept */

// SPDX-License-Identifier: GPL-2.0
#include <linux/lib.h>

int called_from_asm(int a) /* expect: kept */
{
	return a + 50;
}

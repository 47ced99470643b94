// SPDX-License-Identifier: GPL-2.0
/* A path that ends another's: arch/mini/kernel/main.c. */
#include <linux/lib.h>

int same_tail(int a) /* expect: kept */
{
	return a + 1;
}

int same_tail_dead(int a) /* expect: gone */
{
	return a + 2;
}

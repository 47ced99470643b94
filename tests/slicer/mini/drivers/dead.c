// SPDX-License-Identifier: GPL-2.0
/* Nobody needs this file, so its initcall doesn't count. expect: gone */
#include <linux/init.h>
#include <linux/lib.h>

static int dead_driver_init(void) /* expect: gone */
{
	return 0;
}
module_init(dead_driver_init); /* expect: gone */

int lib_unused(int a) /* expect: gone */
{
	return a;
}

int only_from_unused_inline(int arg);
int only_from_unused_inline(int arg) /* expect: gone */
{
	return arg;
}

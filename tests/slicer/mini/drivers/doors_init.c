// SPDX-License-Identifier: GPL-2.0
/* The initcall of another file's door. */
#include <linux/door.h>
#include <linux/init.h>

static int doors_init(void) /* expect: kept */
{
	return front_door_setup();
}
module_init(doors_init); /* expect: kept */

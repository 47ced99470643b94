// SPDX-License-Identifier: GPL-2.0
/* A whole array, registered by a pointer that walks over it: one of it is asked for. */
#include <linux/door.h>
#include <linux/init.h>

static int open_side(int x) /* expect: kept */
{
	return x + 2;
}

static const struct door side_doors[] = {
	{.number = 4, .open = open_side},	  /* expect: kept */
	{.number = DOOR_SIDE, .open = open_side}, /* expect: kept */
};

static int side_doors_init(void) /* expect: kept */
{
	const struct door *d;

	for (d = side_doors; d < side_doors + 2; d++)
		register_door(d);
	return 0;
}
module_init(side_doors_init); /* expect: kept */

// SPDX-License-Identifier: GPL-2.0
/* A route's value asks for it; the initcall that registers it is another file's. */
#include <linux/door.h>

static int open_front(int x) /* expect: kept */
{
	return x + 1;
}

static const struct door front = {
	.number = DOOR_FRONT, /* expect: kept */
	.open = open_front,   /* expect: kept */
};

int front_door_setup(void) /* expect: kept */
{
	return register_door(&front);
}

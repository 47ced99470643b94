// SPDX-License-Identifier: GPL-2.0
/* Nobody asks for it. */
#include <linux/door.h>
#include <linux/init.h>

static int open_back(int x) /* expect: gone */
{
	return x + 3;
}

static const struct door back = {.number = DOOR_BACK, .open = open_back}; /* expect: gone */

static int back_door_init(void) /* expect: gone */
{
	return register_door(&back);
}
module_init(back_door_init); /* expect: gone */

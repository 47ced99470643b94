// SPDX-License-Identifier: GPL-2.0
/* A notifier: whoever registers is told. */
#include <linux/door.h>
#include <linux/init.h>

static int hear(int what) /* expect: kept */
{
	return what + 7;
}

static int listener_init(void) /* expect: kept */
{
	return register_listener(hear);
}
module_init(listener_init); /* expect: kept */

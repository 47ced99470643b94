// SPDX-License-Identifier: GPL-2.0
/* A notifier that the registry doesn't keep: the check says that nobody is told. */
#include <linux/door.h>
#include <linux/init.h>

static int watch(int what) /* expect: gone */
{
	return what + 8;
}

static int watcher_init(void) /* expect: gone */
{
	return register_watcher(watch);
}
module_init(watcher_init); /* expect: gone */

// SPDX-License-Identifier: GPL-2.0
/* A device of the spec says "fs": "minifs". */
#include <linux/init.h>
#include <linux/named.h>

static int minifs_mount(void) /* expect: kept */
{
	return 77;
}

static struct file_system_type minifs = {
	/* expect: kept */
	.name = /* not "otherfs" */ "minifs",
	.mount = minifs_mount, /* expect: kept */
};

static int __init minifs_init(void) /* expect: kept */
{
	return register_filesystem(&minifs);
}
module_init(minifs_init); /* expect: kept */

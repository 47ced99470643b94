// SPDX-License-Identifier: GPL-2.0
/* Named like the other in a comment only, and nobody asks for it. */
#include <linux/init.h>
#include <linux/named.h>

static int otherfs_mount(void) /* expect: gone */
{
	return 78;
}

static struct file_system_type otherfs = {
	/* expect: gone */
	.name = /* not "minifs" */ "otherfs",
	.mount = otherfs_mount, /* expect: gone */
};

static int __init otherfs_init(void) /* expect: gone */
{
	return register_filesystem(&otherfs);
}
module_init(otherfs_init); /* expect: gone */

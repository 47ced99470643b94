// SPDX-License-Identifier: GPL-2.0
/* An ops table: `bind` is read by kept code, `ioctl` and `poll` aren't. The initcall makes all of
 * it live. */
#include <linux/init.h>
#include <linux/net.h>

static int inet_bind(int arg) /* expect: kept */
{
	return arg + 1;
}

static int inet_ioctl(int arg) /* expect: gone */
{
	return arg + 2;
}

static int inet_poll(int arg) /* expect: gone */
{
	return arg + 3;
}

static int inet_create(int arg) /* expect: kept */
{
	return arg - 1;
}

static int inet_destroy(int arg) /* expect: gone */
{
	return arg;
}

static const struct proto_ops inet_ops = {
	.family = 1,	     /* expect: kept */
	.bind = inet_bind,   /* expect: kept */
	.ioctl = inet_ioctl, /* expect: gone */
	.poll = inet_poll,   /* expect: gone */
};

static const struct family inet_family = {
	.ops = &inet_ops,
	.life =
		{
			.create = inet_create,	 /* expect: kept */
			.destroy = inet_destroy, /* expect: gone */
		},
};

static int show_inet(int x) /* expect: gone */
{
	return x - 7;
}

int inet_init(void) /* expect: kept */
{
	if (register_table("inet", show_inet)) /* expect: gone */
		return -1;
	return register_family(&inet_family);
}

static int inet_extra(void) /* expect: gone */
{
	return 0;
}
module_init(inet_extra) /* expect: gone */

/* SPDX-License-Identifier: GPL-2.0 */
/* caps.h: capget and capset of this thread, without a library. */
#ifndef TESTS_USER_CAPS_H
#define TESTS_USER_CAPS_H

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

static long caps_get(struct __user_cap_data_struct d[2])
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};

	return syscall(SYS_capget, &h, d);
}

static long caps_set(const struct __user_cap_data_struct d[2])
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};

	return syscall(SYS_capset, &h, d);
}

#endif

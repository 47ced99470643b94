// SPDX-License-Identifier: GPL-2.0
/* copy.c: the fault-tolerant copies of rpc.h for tests, made by the kernel; mutation damages
 * data here. */
#include "stub_test.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

void (*st_copied)(unsigned long addr, unsigned long size, bool write);

static int copy(void *to, void *from, u64 len, bool read)
{
	struct iovec mine = {read ? to : from, len}, prog = {read ? from : to, len};
	ssize_t n = read ? process_vm_readv(getpid(), &mine, 1, &prog, 1, 0)
			 : process_vm_writev(getpid(), &mine, 1, &prog, 1, 0);

	return n == (ssize_t)len ? 0 : -EFAULT;
}

int sd_copy_from_prog(void *dst, const void *prog, u64 len)
{
	int r = copy(dst, (void *)prog, len, true);

	if (!r && st_copied)
		st_copied((unsigned long)prog, len, false);
	if (!r && len && st_mutating && st_mutate == 1)
		*(u8 *)dst ^=
			len == 16 ? 1 : 0x40; /* a timeout may become a second, not a minute */
	return r;
}

u64 sd_writable(void *prog, u64 len)
{
	u64 at = (u64)(uintptr_t)prog, end = at + len;
	u8 byte;

	for (; at < end; at = (at | 4095) + 1)
		if (copy(&byte, (void *)(uintptr_t)at, 1, true) ||
		    copy((void *)(uintptr_t)at, &byte, 1, false))
			return at - (u64)(uintptr_t)prog;
	return len;
}

int sd_copy_to_prog(void *prog, const void *src, u64 len)
{
	u8 wrong;

	if (!len)
		return 0;
	if (copy(prog, (void *)src, len, false))
		return -EFAULT;
	if (st_copied)
		st_copied((unsigned long)prog, len, true);
	if (!st_mutating || st_mutate != 2)
		return 0;
	for (u64 at = 0; at < len;
	     at +=
	     16) { /* the first byte may be one that differs anyway, such as a device's number */
		wrong = ((const u8 *)src)[at] ^ 0x40;
		if (copy((u8 *)prog + at, &wrong, 1, false))
			return -EFAULT;
	}
	return 0;
}

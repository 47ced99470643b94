// SPDX-License-Identifier: GPL-2.0
/* plain_copy.c: the copy functions that rpc.h needs, for test programs whose own pointers are
 * always valid. */
#include <string.h>
#include <sd/rpc.h>

int sd_copy_from_prog(void *dst, const void *prog, u64 len)
{
	memcpy(dst, prog, len);
	return 0;
}

int sd_copy_to_prog(void *prog, const void *src, u64 len)
{
	memcpy(prog, src, len);
	return 0;
}

u64 sd_writable(void *prog, u64 len)
{
	(void)prog;
	return len;
}

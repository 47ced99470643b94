// SPDX-License-Identifier: GPL-2.0
/* stub.c: a program that is linked with the installed stub library, as pkg-config says. Nothing
 * attaches it to a domain: what it looks for is in the library. */
#include <pipe/client.h>
#include <sd/batch.h>
#include <sd/client.h>
#include <sd/abi.h>
#include <sd/control.h>
#include <sd/qp.h>
#include <stdio.h>
#include <string.h>

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

extern const struct sd_domain_stubs sd_pipe_stubs;

int main(void)
{
	void *const volatile linked[] = {sd_pipe_stub_pipe2, sd_batch_begin};

	printf("%s %08x\n", sd_pipe_stubs.name, SD_ABI);
	return !linked[0] || !linked[1];
}

// SPDX-License-Identifier: GPL-2.0
/*
 * backend_loop.c: the stubs over the loop transport: this program is linked with a whole domain
 * (kernel and machine layer), and runs as its payload, in pid 1's context. The other side is the
 * host kernel, by raw system calls.
 */
#include "stub_test.h"
#include "../../runtime/transport/loop/loop.h"

#include <sd/qp.h>
#include <sd/payload.h>
#include <string.h>
#include <sys/mman.h>

const char *backend_name = "loop";
bool backend_is_kernel = true;

struct side backend_domain = {.name = "domain", .call = backend_call};

static void *region;

/* Of an image that is built with CONFIG_SD_NOTE_COPIES. */
extern void (*sd_noted)(unsigned long addr, unsigned long size, bool write) __attribute__((weak));

static long direct_call(const struct sd_stub *st, const u64 arg[6])
{
	for (u32 i = 0; i < st_suite.ncalls; i++)
		if (!strcmp(st_suite.call[i]->name, st->name) && st_suite.call[i]->direct)
			return sd_loop_direct(st_suite.call[i]->direct, arg);
	st_die("%s: the kernel's function isn't in this program", st->name);
}

struct side *backend_direct(void)
{
	static struct side direct = {.name = "kernel", .call = direct_call};

	if (!st_copies)
		return &direct;
	if (!&sd_noted)
		st_die("this image doesn't note its copies: build it with --debug=poison or --debug");
	sd_noted = copies_note;
	return &direct;
}

void backend_fresh(void)
{
	void *old = region;

	region = mmap(NULL, SD_REGION_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region == MAP_FAILED || sd_loop_attach(region))
		st_die("no client of the domain");
	if (old)
		munmap(old, SD_REGION_SIZE);
	sd_qp_init(&backend_qp, region, 0, NULL, sd_transport_client("loop"));
}

void backend_start(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	backend_fresh();
}

int sd_payload(void)
{
	return stub_tests(sd_payload_argc, sd_payload_argv);
}

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
#include <sys/mman.h>

const char *backend_name = "loop";
bool backend_is_kernel = true;

struct side backend_domain = {.name = "domain", .call = backend_call};

static void *region;

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

// SPDX-License-Identifier: GPL-2.0
/*
 * backend_host.c: the generated client and server stubs over the real rings, with the host kernel
 * behind them in place of a domain's: server.c is built with sys_xxx() = the host's system calls.
 * Whatever differs from a direct call is the marshalling's fault.
 */
#include "stub_test.h"
#include "../../runtime/transport/loop/loop.h"

#include <errno.h>
#include <sd/qp.h>
#include <sd/serve_path.h>
#include <stdlib.h>
#include <sys/mman.h>

long sd_host_call(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

const char *backend_name = "the host backend";
bool backend_is_kernel = false;

static struct sd_sregion region;
static struct sd_table table;

long sd_host_call(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	register u64 r10 __asm__("r10") = d;
	register u64 r8 __asm__("r8") = e;
	register u64 r9 __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}

static void *plain_mem_get(void *owner, u64 len)
{
	(void)owner;
	return calloc(1, len);
}

static void plain_mem_put(void *p)
{
	free(p);
}

u8 sd_file_credit(unsigned int fd)
{
	(void)fd;
	return 0;
}

void sd_file_error(unsigned int fd, int err)
{
	(void)fd, (void)err;
}

static void no_wake(u32 *word)
{
	(void)word;
}

static const struct sd_server_ops ops = {
	.wake = no_wake, .mem_get = plain_mem_get, .mem_put = plain_mem_put};

int sd_loop_attach(void *base)
{
	table = (struct sd_table){sd_served, sd_nserved};
	sd_sregion_init(&region, base, NULL, &ops);
	return 0;
}

int sd_loop_serve(u32 index)
{
	struct sd_sqp *l = &region.qp[index];
	struct sd_req q;
	int r;

	while ((r = sd_srv_take(l, &table, &q)) > 0) {
		bool bad = false;
		long ret = sd_srv_call(&table, &q, &bad);

		if (bad) {
			sd_srv_end(&region, SD_ENDED_PROTO);
			return -EPROTO;
		}
		sd_srv_reply(&q, ret, SD_R_OK);
	}
	return r;
}

int main(int argc, char **argv)
{
	return stub_tests(argc, argv);
}

struct side backend_domain = {.name = "host backend", .call = backend_call};

void backend_start(int argc, char **argv)
{
	void *base = mmap(NULL, SD_REGION_SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)argc;
	(void)argv;
	if (base == MAP_FAILED || sd_loop_attach(base))
		st_die("no region");
	sd_qp_init(&backend_qp, base, 0, NULL, sd_transport_client("loop"));
}

void backend_fresh(void)
{
}

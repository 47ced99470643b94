// SPDX-License-Identifier: GPL-2.0
/* sockets.c: sockets of the domain that take what comes, in the same process as the harness: none
 * of them may block. */
#include "../../stubs/stub_test.h"
#include "../../stubs/world.h"
#include "../../../runtime/transport/loop/loop.h"
#include "frames.h"

#include <sd/qp.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define CONNS 8

static struct sd_qp qp;
static long listener, udp, conn[CONNS];
static int next;

int st_mutate;
bool st_mutating;

void st_die(const char *fmt, ...)
{
	fprintf(stderr, "frames: %s\n", fmt);
	abort();
}

static long call(unsigned int nr, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	const u64 arg[6] = {a, b, c, d, e};
	long ret = -ENOSYS;

	for (u32 i = 0; i < st_suite.stubs->n; i++)
		if (st_suite.stubs->stub[i].nr == nr &&
		    st_suite.stubs->stub[i].stub(&qp, &ret, arg) != SD_OK)
			st_die("a call's transport failed");
	return ret;
}

static long bound(int type)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	long fd = call(SYS_socket, AF_INET, (u64)type | SOCK_NONBLOCK, 0, 0, 0);

	if (fd < 0 || call(SYS_bind, (u64)fd, P(&sa), sizeof(sa), 0, 0))
		st_die("no sockets in the domain");
	return fd;
}

void sockets_begin(void)
{
	void *region = mmap(NULL, SD_REGION_SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (region == MAP_FAILED || sd_loop_attach(region))
		st_die("no client of the domain");
	sd_qp_init(&qp, region, 0, NULL, sd_transport_client(NULL));
	listener = bound(SOCK_STREAM);
	udp = bound(SOCK_DGRAM);
	if (call(SYS_listen, (u64)listener, 16, 0, 0, 0))
		st_die("listen");
	for (int i = 0; i < CONNS; i++)
		conn[i] = -1;
}

void sockets_wait(int ms)
{
	struct pollfd none = {.fd = -1};

	call(SYS_poll, P(&none), 1, (u64)ms, 0, 0);
}

static void end(long fd)
{
	struct linger now = {.l_onoff = 1};

	call(SYS_setsockopt, (u64)fd, SOL_SOCKET, SO_LINGER, P(&now), sizeof(now));
	call(SYS_close, (u64)fd, 0, 0, 0, 0);
}

void sockets_use(void)
{
	static char buf[70000];
	long fd;

	while (call(SYS_read, (u64)udp, P(buf), sizeof(buf), 0, 0) > 0)
		;
	while ((fd = call(SYS_accept4, (u64)listener, 0, 0, SOCK_NONBLOCK, 0)) >= 0) {
		if (conn[next] >= 0)
			end(conn[next]);
		conn[next] = fd;
		next = (next + 1) % CONNS;
	}
	for (int i = 0; i < CONNS; i++) {
		if (conn[i] < 0)
			continue;
		fd = call(SYS_read, (u64)conn[i], P(buf), sizeof(buf), 0, 0);
		if (fd > 0)
			call(SYS_write, (u64)conn[i], P(buf), (u64)fd, 0, 0);
		if (fd == 0 || (fd < 0 && fd != -EAGAIN))
			end(conn[i]), conn[i] = -1;
	}
}

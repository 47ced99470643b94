// SPDX-License-Identifier: GPL-2.0
/* world_wait.c: an epoll set that watches a socket, and a pipe with data in it. */
#include "world.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>

static void make_epoll(struct side *s, u16 ports[FX_COUNT])
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 0x1122334455667788ull};

	(void)ports;
	settle(s, FX_epoll,
	       need(s, "epoll_create1", side_call(s, SYS_epoll_create1, 0, 0, 0, 0, 0, 0)));
	need(s, "epoll_ctl",
	     side_call(s, SYS_epoll_ctl, FX_FD(FX_epoll), EPOLL_CTL_ADD, FX_FD(FX_udp_b), P(&ev), 0,
		       0));
}

static void events(struct side *s, char *buf, size_t size)
{
	struct epoll_event ev[8];
	long n = side_call(s, SYS_epoll_wait, FX_FD(FX_epoll), P(ev), 8, 0, 0, 0);

	add(buf, size, "epoll: %ld", n);
	for (long i = 0; i < n; i++)
		add(buf, size, " %x:%llx", ev[i].events, (unsigned long long)ev[i].data.u64);
	add(buf, size, "\n");
}

static void make_pipe(struct side *s, u16 ports[FX_COUNT])
{
	char data[64];
	int fds[2];

	(void)ports;
	need(s, "pipe2", side_call(s, SYS_pipe2, P(fds), O_NONBLOCK, 0, 0, 0, 0));
	settle(s, FX_pipe_r, fds[0]);
	settle(s, FX_pipe_w, fds[1]);
	memset(data, 'p', sizeof(data));
	need(s, "pipe", side_call(s, SYS_write, FX_FD(FX_pipe_w), P(data), sizeof(data), 0, 0, 0));
}

static void state_pipe(struct side *s, char *buf, size_t size)
{
	drain(s, FX_pipe_r, false, buf, size);
}

/* It watches one of the network's. */
static bool can_epoll(struct side *s)
{
	(void)s;
	return world_has(FX_udp_b);
}

static const u16 epoll_needs[] = {SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_wait, 0xffff},
		 pipe_needs[] = {SYS_pipe2, SYS_read, SYS_write, 0xffff};

const struct maker maker_epoll = {
	.name = "epoll",
	.first = FX_epoll,
	.last = FX_epoll,
	.needs = epoll_needs,
	.can = can_epoll,
	.make = make_epoll,
	.state = events,
};
const struct maker maker_pipe = {
	.name = "pipe",
	.first = FX_pipe_r,
	.last = FX_pipe_w,
	.needs = pipe_needs,
	.make = make_pipe,
	.state = state_pipe,
};

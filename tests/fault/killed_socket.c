// SPDX-License-Identifier: GPL-2.0
/* killed_socket.c: ways of being in a call on a socket; see killed.h. */
#include "check.h"
#include "killed.h"
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static int in_recv(struct way *w)
{
	char c;

	return again(recv(w->fd[0], &c, 1, 0));
}

static int in_accept(struct way *w)
{
	return again(accept(w->fd[0], NULL, NULL));
}

static int in_select(struct way *w)
{
	fd_set r;
	char c;

	FD_ZERO(&r);
	FD_SET(w->fd[0], &r);
	FD_SET(w->host[0], &r);
	if (select(1024, &r, NULL, NULL, NULL) < 0)
		return errno;
	return again(read(w->fd[0], &c, 1));
}

static int in_epoll(struct way *w)
{
	struct epoll_event e;
	int n = epoll_wait(w->ep, &e, 1, -1);

	return killed_named(w, n, n > 0 ? (short)e.events : 0);
}

static int in_udp(struct way *w)
{
	char buf[64];

	for (;;)
		if (send(w->fd[0], buf, sizeof(buf), 0) < 0 ||
		    recv(w->fd[1], buf, sizeof(buf), 0) <= 0)
			return errno;
}

/* The peer never reads, so writes block. */
static int in_send(struct way *w)
{
	static char big[1 << 20];

	for (;;)
		if (send(w->fd[0], big, sizeof(big), MSG_NOSIGNAL) < 0)
			return errno;
}

static struct way ways[] = {
	{.name = "recv", .call = in_recv},	   {.name = "accept", .call = in_accept},
	{.name = "poll", .call = in_poll},	   {.name = "poll_one", .call = in_poll_one},
	{.name = "select", .call = in_select},	   {.name = "epoll", .call = in_epoll},
	{.name = "tcp_echo", .call = in_echo},	   {.name = "udp", .call = in_udp},
	{.name = "send_blocked", .call = in_send},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static int prepare(struct way *w)
{
	uint16_t port = 0;
	struct epoll_event e = {.events = EPOLLIN}, h = {.events = EPOLLIN};

	if (w->call == in_udp)
		CHECK(!udp_pair(w->fd));
	else
		CHECK(!tcp_pair(w->fd));
	if (w->call == in_accept) {
		close(w->fd[0]);
		CHECK((w->fd[0] = tcp_listener(&port)) >= 0);
	}
	CHECK((w->ep = epoll_create1(0)) >= 0);
	CHECK(!epoll_ctl(w->ep, EPOLL_CTL_ADD, w->fd[0], &e));
	CHECK(!epoll_ctl(w->ep, EPOLL_CTL_ADD, w->host[0], &h));
	return 0;
}

static void after(void)
{
	int t = ways[0].fd[1], v;
	socklen_t len = sizeof(v);
	struct sockaddr_in a;
	socklen_t alen = sizeof(a);
	char c;

	AFTER("read", read(t, &c, 1));
	AFTER("write", write(t, "x", 1));
	AFTER("send", send(t, "x", 1, MSG_NOSIGNAL));
	AFTER("getsockopt", getsockopt(t, SOL_SOCKET, SO_TYPE, &v, &len));
	AFTER("getsockname", getsockname(t, (struct sockaddr *)&a, &alen));
	AFTER("accept", accept(ways[1].fd[0], NULL, NULL));
	AFTER("shutdown", shutdown(t, SHUT_RDWR));
	int64_t t0 = now_ns();
	int s = socket(AF_INET, SOCK_STREAM, 0);

	said("socket", s, t0);
	if (s >= 0)
		close(s);
}

static int works_again(void)
{
	static char out[70000], in[70000];
	int t[2], u[2], ep = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN};

	CHECK(!tcp_pair(t));
	CHECK(!udp_pair(u));
	for (int i = 0; i < 200; i++) {
		fill_pattern(out, sizeof(out), i);
		CHECK(!write_all(t[0], out, sizeof(out)));
		CHECK(!read_all(t[1], in, sizeof(in)));
		CHECK(!check_pattern(in, sizeof(in), i));
		CHECK_EQ(send(u[0], out, 64, 0), 64);
		CHECK_EQ(recv(u[1], in, 64, 0), 64);
	}
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, t[1], &e));
	CHECK(!write_all(t[0], "x", 1));
	CHECK_EQ(epoll_wait(ep, &e, 1, 5000), 1);
	close(ep), close(t[0]), close(t[1]), close(u[0]), close(u[1]);
	return 0;
}

static void end_waits(void)
{
	for (size_t i = 0; i < WAYS; i++) {
		shutdown(ways[i].fd[0], SHUT_RDWR);
		shutdown(ways[i].fd[1], SHUT_RDWR);
	}
}

static ssize_t use(struct way *w)
{
	char c;

	return recv(w->fd[0], &c, 1, MSG_DONTWAIT);
}

const struct killed killed_socket = {"socket",	ways,  WAYS,	    prepare,
				     end_waits, after, works_again, use};

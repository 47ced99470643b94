// SPDX-License-Identifier: GPL-2.0
/*
 * observer PORT: accepts connections of victims and watches them end. When stdin ends it waits up
 * to 20 s for every connection to have ended and prints "accepted N open N wait MICROSECONDS".
 */
#include "check.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static long accepted, open_now;

static void serve(int ep, int l, int fd)
{
	struct epoll_event e = {.events = EPOLLIN};
	char buf[64];

	if (fd != l) {
		if (read(fd, buf, sizeof(buf)) <= 0)
			open_now--, close(fd);
		return;
	}
	e.data.fd = accept(l, NULL, NULL);
	if (e.data.fd < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, e.data.fd, &e)) {
		perror("observer: accept");
		exit(1);
	}
	accepted++, open_now++;
}

int main(int argc, char **argv)
{
	uint16_t port = argc > 1 ? atoi(argv[1]) : 0;
	int l = tcp_listener(&port), ep = epoll_create1(0), ending = 0;
	struct epoll_event e = {.events = EPOLLIN, .data.fd = l},
			   in = {.events = EPOLLIN, .data.fd = 0};
	int64_t t0 = 0;
	char c;

	if (l < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, l, &e) || epoll_ctl(ep, EPOLL_CTL_ADD, 0, &in)) {
		perror("observer");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	while (!ending || (open_now && now_ns() - t0 < 20000000000LL)) {
		if (epoll_wait(ep, &e, 1, ending ? 10 : -1) <= 0)
			continue;
		if (e.data.fd) {
			serve(ep, l, e.data.fd);
		} else if (read(0, &c, 1) <= 0) {
			epoll_ctl(ep, EPOLL_CTL_DEL, 0, NULL);
			ending = 1, t0 = now_ns();
		}
	}
	printf("accepted %ld open %ld wait %lld\n", accepted, open_now,
	       (long long)(now_ns() - t0) / 1000);
	return open_now != 0;
}

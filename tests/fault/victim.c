// SPDX-License-Identifier: GPL-2.0
/*
 * victim PORT KIND OBSERVER: a client that will be killed. Takes PORT (waiting up to 20 s for its
 * predecessor's socket to go, and says on stdout how long that took), connects to OBSERVER's port
 * if that isn't 0, then keeps busy in its KIND of way for ever.
 */
#include "check.h"
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int connected[2];

static void take_port(uint16_t port)
{
	int64_t t0 = now_ns();
	int l;

	while ((l = tcp_listener(&port)) < 0) {
		if (errno != EADDRINUSE || now_ns() - t0 > 20000000000LL) {
			perror("victim: listen");
			exit(1);
		}
		sleep_ms(1);
	}
	printf("%lld\n", (long long)(now_ns() - t0) / 1000);
	fflush(stdout);
	connected[0] = tcp_connect(port);
	connected[1] = accept(l, NULL, NULL);
	if (connected[0] < 0 || connected[1] < 0) {
		perror("victim: connect");
		exit(1);
	}
}

static void echo(void)
{
	char c = 'x';

	for (;;)
		if (write_all(connected[0], &c, 1) || read_all(connected[1], &c, 1))
			exit(1);
}

static void stream(void)
{
	static char big[1 << 17];

	if (!fork())
		for (;;)
			if (read(connected[1], big, sizeof(big)) <= 0)
				_exit(1);
	for (;;)
		if (write(connected[0], big, sizeof(big)) <= 0)
			exit(1);
}

static void blocked(void)
{
	char c;

	exit(recv(connected[0], &c, 1, 0) != 1);
}

static void forks(void)
{
	for (int depth = 0; depth < 6 && !fork(); depth++)
		connected[0] = dup(connected[0]);
	blocked();
}

static void *one_echo(void *arg)
{
	int t[2];
	char c = 'x';

	(void)arg;
	while (!tcp_pair(t) && !write_all(t[0], &c, 1) && !read_all(t[1], &c, 1))
		close(t[0]), close(t[1]);
	exit(1);
}

static void threads(void)
{
	pthread_t th;

	for (int i = 0; i < 3; i++)
		pthread_create(&th, NULL, one_echo, NULL);
	one_echo(NULL);
}

static void waits(void)
{
	int p[2], ep = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN}, h = {.events = EPOLLIN};

	if (pipe(p) || epoll_ctl(ep, EPOLL_CTL_ADD, connected[0], &e) ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &h))
		exit(1);
	exit(epoll_wait(ep, &e, 1, -1));
}

static void leaves(void)
{
	exit(0);
}

int main(int argc, char **argv)
{
	static void (*const kinds[])(void) = {echo, stream, blocked, threads, waits, leaves, forks};
	unsigned int kind = argc > 2 ? atoi(argv[2]) : 0;
	int observer = argc > 3 ? atoi(argv[3]) : 0;

	if (argc < 3)
		return 2;
	if (observer && tcp_connect(observer) < 0) {
		perror("victim: observer");
		return 1;
	}
	take_port(atoi(argv[1]));
	kinds[kind % (sizeof(kinds) / sizeof(kinds[0]))]();
}

// SPDX-License-Identifier: GPL-2.0
/* victim_socket.c: a victim with sockets: the one its predecessor listened on, a connection to
 * itself; see victim.h. */
#include "check.h"
#include "victim.h"
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int connected[2];

static void take_port(int slot, int observer)
{
	uint16_t port = slot;
	int64_t t0 = now_ns();
	int l;

	if (observer && tcp_connect(observer) < 0) {
		perror("victim: observer");
		exit(1);
	}
	while ((l = tcp_listener(&port)) < 0) {
		if (errno != EADDRINUSE || now_ns() - t0 > VICTIM_PATIENCE) {
			perror("victim: listen");
			exit(1);
		}
		sleep_ms(1);
	}
	victim_took(t0);
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

const struct victim victim_socket = {
	"socket", take_port, {echo, stream, blocked, threads, waits, victim_leaves, forks}};

// SPDX-License-Identifier: GPL-2.0
/*
 * Verified traffic: a TCP stream, a TCP echo and a UDP echo, every byte checked, until stdin ends.
 * The bystander that must notice nothing. Prints "ready", then at the end "rounds N"; exit status 0
 * only if all went well and every kind made progress.
 */
#include "check.h"
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile int stop;
static long rounds[3];

static void *stream_out(void *arg)
{
	static char buf[100000];
	int fd = *(int *)arg;

	for (long i = 0;; i++) {
		fill_pattern(buf, sizeof(buf), i);
		if (write_all(fd, buf, sizeof(buf)))
			return "stream: write";
		if (stop)
			break;
	}
	return shutdown(fd, SHUT_WR) ? "stream: shutdown" : NULL;
}

static void *stream_in(void *arg)
{
	static char buf[100000];
	int fd = *(int *)arg;

	for (long i = 0;; i++) {
		if (read_all(fd, buf, 1))
			return errno ? "stream: read" : NULL;
		if (read_all(fd, buf + 1, sizeof(buf) - 1))
			return "stream: torn";
		if (check_pattern(buf, sizeof(buf), i))
			return "stream: data differs";
		rounds[0]++;
	}
}

static void *echo(void *arg)
{
	int *fd = arg, kind = fd[2];
	char out[512], in[512];

	for (long i = 0; !stop; i++) {
		size_t n = 1 + i % sizeof(out);

		fill_pattern(out, n, i);
		if (write_all(fd[0], out, n))
			return "echo: write";
		if (kind == 1 ? read_all(fd[1], in, n)
			      : recv(fd[1], in, sizeof(in), 0) != (ssize_t)n)
			return "echo: read";
		if (check_pattern(in, n, i))
			return "echo: data differs";
		rounds[kind]++;
	}
	return NULL;
}

int main(void)
{
	int t[2], e[3] = {0, 0, 1}, u[3] = {0, 0, 2}, bad = 0;
	pthread_t th[4];
	char c;

	if (tcp_pair(t) || tcp_pair(e) || udp_pair(u)) {
		perror("traffic: sockets");
		return 1;
	}
	if (pthread_create(&th[0], NULL, stream_out, &t[0]) ||
	    pthread_create(&th[1], NULL, stream_in, &t[1]) ||
	    pthread_create(&th[2], NULL, echo, e) || pthread_create(&th[3], NULL, echo, u))
		return 1;
	printf("ready\n");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	stop = 1;
	for (int i = 0; i < 4; i++) {
		void *why;

		pthread_join(th[i], &why);
		if (why)
			fprintf(stderr, "traffic: %s\n", (char *)why), bad = 1;
	}
	for (int i = 0; i < 3; i++)
		if (!rounds[i])
			fprintf(stderr, "traffic: kind %d made no progress\n", i), bad = 1;
	printf("rounds %ld\n", rounds[0] + rounds[1] + rounds[2]);
	return bad;
}

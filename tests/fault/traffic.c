// SPDX-License-Identifier: GPL-2.0
/*
 * traffic socket|pipe|file: verified traffic, every byte checked, until stdin ends. It is the
 * bystander that must not be affected. socket: a TCP stream, a TCP echo and a UDP echo. pipe: a
 * stream and an echo through pipes. file: in $FAULT_DIR, files written, renamed and read back, a
 * log appended to and truncated, names created and removed. Prints "ready", then at the end "rounds
 * N"; exit status 0 only if all went well and every thread made progress.
 */
#include "check.h"
#include "traffic.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

volatile int traffic_stop;

static void *stream_out(struct traffic *t)
{
	static char buf[100000];

	for (long i = 0;; i++) {
		fill_pattern(buf, sizeof(buf), i);
		if (write_all(t->fd[0], buf, sizeof(buf)))
			return "stream: write";
		t->rounds++;
		if (traffic_stop)
			break;
	}
	return close(t->fd[0]) ? "stream: close" : NULL;
}

static void *stream_in(struct traffic *t)
{
	static char buf[100000];

	for (long i = 0;; i++) {
		if (read_all(t->fd[1], buf, 1))
			return errno ? "stream: read" : NULL;
		if (read_all(t->fd[1], buf + 1, sizeof(buf) - 1))
			return "stream: torn";
		if (check_pattern(buf, sizeof(buf), i))
			return "stream: data differs";
		t->rounds++;
	}
}

static void *echo(struct traffic *t)
{
	char out[512], in[512];

	for (long i = 0; !traffic_stop; i++) {
		size_t n = 1 + i % sizeof(out);

		fill_pattern(out, n, i);
		if (write_all(t->fd[0], out, n))
			return "echo: write";
		if (t->packets ? recv(t->fd[1], in, sizeof(in), 0) != (ssize_t)n
			       : read_all(t->fd[1], in, n))
			return "echo: read";
		if (check_pattern(in, n, i))
			return "echo: data differs";
		t->rounds++;
	}
	return NULL;
}

static struct traffic traffic[4];

static int two_pipes(void)
{
	int s[2], e[2];

	if (pipe(s) || pipe(e))
		return -1;
	traffic[0] = (struct traffic){.run = stream_out, .fd = {s[1], -1}};
	traffic[1] = (struct traffic){.run = stream_in, .fd = {-1, s[0]}};
	traffic[2] = (struct traffic){.run = echo, .fd = {e[1], e[0]}};
	return 3;
}

static int sockets(void)
{
	int t[2], e[2], u[2];

	if (tcp_pair(t) || tcp_pair(e) || udp_pair(u))
		return -1;
	traffic[0] = (struct traffic){.run = stream_out, .fd = {t[0], -1}};
	traffic[1] = (struct traffic){.run = stream_in, .fd = {-1, t[1]}};
	traffic[2] = (struct traffic){.run = echo, .fd = {e[0], e[1]}};
	traffic[3] = (struct traffic){.run = echo, .fd = {u[0], u[1]}, .packets = 1};
	return 4;
}

static int files(void)
{
	if (traffic_dir())
		return -1;
	traffic[0] = (struct traffic){.run = traffic_written};
	traffic[1] = (struct traffic){.run = traffic_log};
	traffic[2] = (struct traffic){.run = traffic_names};
	return 3;
}

static void *run(void *arg)
{
	struct traffic *t = arg;

	return t->run(t);
}

int main(int argc, char **argv)
{
	const char *kind = argc == 2 ? argv[1] : "";
	int n = !strcmp(kind, "socket") ? sockets()
		: !strcmp(kind, "pipe") ? two_pipes()
		: !strcmp(kind, "file") ? files()
					: -2;
	long rounds = 0;
	int bad = 0;
	char c;

	if (n < 0) {
		if (n == -1)
			perror("traffic");
		return n == -1 ? 1 : 2;
	}
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < n; i++)
		if (pthread_create(&traffic[i].th, NULL, run, &traffic[i]))
			return 1;
	printf("ready\n");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	traffic_stop = 1;
	for (int i = 0; i < n; i++) {
		void *why;

		pthread_join(traffic[i].th, &why);
		if (why)
			fprintf(stderr, "traffic: %s\n", (char *)why), bad = 1;
		else if (!traffic[i].rounds)
			fprintf(stderr, "traffic: thread %d made no progress\n", i), bad = 1;
		rounds += traffic[i].rounds;
	}
	printf("rounds %ld\n", rounds);
	return bad;
}

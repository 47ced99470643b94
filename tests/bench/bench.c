// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "bench.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCHES_MAX 4096
#define WARM_MS	    60
#define BATCH_NS    2000000

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double batch(void (*op)(void *), void *arg, long n)
{
	int64_t t0 = now_ns();

	for (long i = 0; i < n; i++)
		op(arg);
	return (double)(now_ns() - t0) / n;
}

/* How many make a batch of about BATCH_NS; warms up meanwhile. */
static long calibrate(void (*op)(void *), void *arg)
{
	int64_t end = now_ns() + WARM_MS * 1000000LL;
	double best = BATCH_NS;
	long n = 1;

	while (now_ns() < end) {
		double ns = batch(op, arg, n);

		best = ns < best ? ns : best;
		n = BATCH_NS / (best > 1 ? best : 1);
		n = n < 1 ? 1 : n > 1000000 ? 1000000 : n;
	}
	return n;
}

void print_samples(double *ns, long n, double mean, long ops)
{
	qsort(ns, n, sizeof(ns[0]), by_value);
	printf("{\"ns\": %.3f, \"mean\": %.3f, \"min\": %.3f, \"ops\": %ld}\n", ns[n / 2], mean,
	       ns[0], ops);
}

void measure(void (*op)(void *), void *arg, int per_op, int ms)
{
	static double v[BATCHES_MAX];
	long n = calibrate(op, arg), k = 0;
	int64_t t0 = now_ns(), end = t0 + ms * 1000000LL;

	while (now_ns() < end && k < BATCHES_MAX)
		v[k++] = batch(op, arg, n) / per_op;
	double mean = (double)(now_ns() - t0) / ((double)k * n * per_op);

	print_samples(v, k, mean, k * n * per_op);
}

static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

int udp_socket(uint16_t port)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		die("udp socket");
	return fd;
}

uint16_t port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &len))
		die("getsockname");
	return ntohs(a.sin_port);
}

void udp_peer(int fd, uint16_t port)
{
	struct sockaddr_in a = loopback(port);

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)))
		die("udp connect");
}

int tcp_listen(uint16_t port)
{
	struct sockaddr_in a = loopback(port);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 8))
		die("tcp listen");
	return fd;
}

int tcp_to(uint16_t port)
{
	struct sockaddr_in a = loopback(port);
	int one = 1;

	for (int tries = 0; tries < 500; tries++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0)
			die("tcp socket");
		if (!connect(fd, (struct sockaddr *)&a, sizeof(a))) {
			if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
				die("TCP_NODELAY");
			return fd;
		}
		if (errno != ECONNREFUSED)
			die("connect");
		close(fd);
		usleep(10000);
	}
	die("connect");
}

void send_all(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n) {
		ssize_t w = send(fd, p, n, 0);

		if (w <= 0)
			die("send");
		p += w, n -= w;
	}
}

int recv_all(int fd, void *buf, size_t n)
{
	char *p = buf;

	while (n) {
		ssize_t r = recv(fd, p, n, 0);

		if (r < 0)
			die("recv");
		if (!r)
			return 1;
		p += r, n -= r;
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* net.c: socket helpers of the fault programs; see check.h. They return -1 with errno set. */
#include "check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static int fail_close(int fd)
{
	int e = errno;

	close(fd);
	errno = e;
	return -1;
}

static int bound_port(int fd, uint16_t *port)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &len))
		return -1;
	*port = ntohs(a.sin_port);
	return 0;
}

int tcp_listener(uint16_t *port)
{
	struct sockaddr_in a = loopback(*port);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 64) || bound_port(fd, port))
		return fail_close(fd);
	return fd;
}

int tcp_connect(uint16_t port)
{
	struct sockaddr_in a = loopback(port);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		return fail_close(fd);
	return fd;
}

int tcp_pair(int fd[2])
{
	uint16_t port = 0;
	int l = tcp_listener(&port);

	if (l < 0)
		return -1;
	fd[0] = tcp_connect(port);
	if (fd[0] < 0)
		return fail_close(l);
	fd[1] = accept(l, NULL, NULL);
	if (fd[1] < 0) {
		fail_close(fd[0]);
		return fail_close(l);
	}
	return close(l);
}

int udp_pair(int fd[2])
{
	uint16_t port[2];

	for (int i = 0; i < 2; i++) {
		struct sockaddr_in a = loopback(0);

		fd[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (fd[i] < 0)
			return -1;
		if (bind(fd[i], (struct sockaddr *)&a, sizeof(a)) || bound_port(fd[i], &port[i]))
			return -1;
	}
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in a = loopback(port[!i]);

		if (connect(fd[i], (struct sockaddr *)&a, sizeof(a)))
			return -1;
	}
	return 0;
}

int write_all(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0)
			return -1;
		p += w;
		n -= w;
	}
	return 0;
}

int read_all(int fd, void *buf, size_t n)
{
	char *p = buf;

	while (n) {
		ssize_t r = read(fd, p, n);

		if (r < 0)
			return -1;
		if (!r) {
			errno = 0;
			return -1;
		}
		p += r;
		n -= r;
	}
	return 0;
}

static uint64_t step(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

void fill_pattern(void *buf, size_t n, uint64_t seed)
{
	unsigned char *p = buf;
	uint64_t s = seed * 2 + 1;

	for (size_t i = 0; i < n; i++)
		p[i] = step(&s) >> 24;
}

int check_pattern(const void *buf, size_t n, uint64_t seed)
{
	const unsigned char *p = buf;
	uint64_t s = seed * 2 + 1;

	for (size_t i = 0; i < n; i++)
		if (p[i] != (unsigned char)(step(&s) >> 24))
			return -1;
	return 0;
}

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

void sleep_ms(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

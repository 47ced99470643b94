/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sides.h: two processes with a connected pair of sockets. Nothing is completed early (see
 * sd/ring.h) on a socket that two processes have, so they connect after the fork. Include it once
 * per program, after _GNU_SOURCE.
 */
#ifndef TESTS_USER_SIDES_H
#define TESTS_USER_SIDES_H

#include "cases.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

struct side {
	int fd;	     /* the socket */
	int in, out; /* host pipes from and to the other process */
	pid_t pid;   /* of the child */
	int type, rcvbuf;
};

static void say(const struct side *s)
{
	CHECK(write(s->out, "!", 1) == 1);
}

static void hear(const struct side *s)
{
	char c;

	CHECK(read(s->in, &c, 1) == 1);
}

static int bound(int type, int rcvbuf, uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	CHECK(fd >= 0);
	if (rcvbuf)
		CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf)) == 0);
	CHECK(bind(fd, (void *)&a, sizeof(a)) == 0);
	CHECK(type == SOCK_DGRAM || listen(fd, 8) == 0);
	CHECK(getsockname(fd, (void *)&a, &len) == 0);
	*port = a.sin_port;
	return fd;
}

static void connect_to(int fd, uint16_t port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	CHECK(connect(fd, (void *)&a, sizeof(a)) == 0);
}

/* A hang becomes EAGAIN after these seconds; and no byte waits for another's acknowledgement. */
static void tune(int fd, int type)
{
	struct timeval tv = {10, 0};

	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) == 0);
	if (type == SOCK_STREAM)
		CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) == 0);
}

/* Takes a byte: an early completion needs the credit of an earlier successful call. */
static void earn(int fd)
{
	char c;

	CHECK(recv(fd, &c, 1, 0) == 1 && c == 'e');
}

/* The child's side: it listens, so that neither has the other's socket. */
static void meet(struct side *s)
{
	uint16_t port;
	int l = bound(s->type, s->rcvbuf, &port);

	CHECK(write(s->out, &port, sizeof(port)) == sizeof(port));
	if (s->type == SOCK_STREAM) {
		s->fd = accept4(l, NULL, NULL, SOCK_CLOEXEC);
		CHECK(s->fd >= 0 && close(l) == 0);
	} else {
		CHECK(read(s->in, &port, sizeof(port)) == sizeof(port));
		s->fd = l;
		connect_to(l, port);
	}
	tune(s->fd, s->type);
	CHECK(send(s->fd, "e", 1, 0) == 1);
}

/* A process that runs peer(); the caller's own socket is in s->fd, and has earned. s->type and
 * rcvbuf are given. */
static void begin(struct side *s, void (*peer)(struct side *s))
{
	int there[2], back[2];
	uint16_t port, mine;

	CHECK(pipe2(there, O_CLOEXEC) == 0 && pipe2(back, O_CLOEXEC) == 0);
	s->pid = fork();
	s->in = s->pid ? back[0] : there[0];
	s->out = s->pid ? there[1] : back[1];
	close(s->pid ? back[1] : there[1]);
	close(s->pid ? there[0] : back[0]);
	if (!s->pid) {
		alarm(60);
		check_failed = 0; /* earlier failures are reported by the parent */
		meet(s);
		peer(s);
		_exit(check_failed);
	}
	CHECK(read(s->in, &port, sizeof(port)) == sizeof(port));
	if (s->type == SOCK_STREAM) {
		s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	} else {
		s->fd = bound(SOCK_DGRAM, 0, &mine);
		CHECK(write(s->out, &mine, sizeof(mine)) == sizeof(mine));
	}
	connect_to(s->fd, port);
	tune(s->fd, s->type);
	earn(s->fd);
}

static void end(struct side *s)
{
	int status = -1;

	if (s->fd >= 0)
		CHECK(close(s->fd) == 0);
	CHECK(close(s->out) == 0);
	CHECK(waitpid(s->pid, &status, 0) == s->pid && status == 0);
	CHECK(close(s->in) == 0);
}

static ssize_t give(int fd, const void *p, size_t len, int how)
{
	return how % 3 == 0 ? write(fd, p, len)
			    : send(fd, p, len, how % 3 == 1 ? 0 : MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- cases ---- */
/* Every case is a process of its own, since no call of one with threads is completed early any
 * more. */
static int run_cases(const char *what, const struct check_case *c, int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0); /* children print their results and _exit() */
	for (; c->name; c++) {
		int status = -1;
		pid_t pid;

		if (!case_begins(c, argc > 1 ? argv[1] : NULL))
			continue;
		pid = fork();
		if (!pid) {
			alarm(60);
			check_failed = 0;
			c->run();
			_exit(check_failed);
		}
		if (waitpid(pid, &status, 0) != pid || status) {
			printf("%s: wait status %#x\n", c->name, (unsigned)status);
			check_failed = 1;
		}
	}
	printf("%s: %s\n", what, check_failed ? "FAILED" : "ok");
	return check_failed;
}

#endif

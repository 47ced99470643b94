// SPDX-License-Identifier: GPL-2.0
/*
 * greedy WHAT: takes of a domain what it can get and holds it. Prints "held N errno E" when it was refused REFUSALS times in a row
 * (or ALL times, or has LIMIT of them), then waits for a line, tries again for each, and ends with stdin. Any error is fine with it.
 *	tcp udp connections	sockets with data nobody reads; without
 *	pipes			full ones
 *	files locks		open files, record locks, in $FAULT_DIR
 *	unix OPS SOCKET		full socketpairs made by calls that are exported, not routed (OPS: of socketpair, setsockopt, sendto)
 *	attaches SOCKET		clients
 * greedy pressed N: fills N connections like tcp. Each send ends; what fails is that connection's and nobody else's: exit status.
 * greedy honest socket|pipe|file: somebody else beside it, who makes a file, sends a little through it and closes it, until stdin ends. No error is fine
 * with that one. Prints "ready" after its first round, "rounds N" at the end.
 */
#define _GNU_SOURCE
#include "attach.h"
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <netinet/in.h>

#define REFUSALS 50  /* in a row */
#define ALL	 100 /* and altogether: somebody who was ended begins again */
#define LIMIT	 2000000
#define OTHER	 65533 /* a user's clients are limited: root's is somebody else */

static char data[65536];

static void nonblock(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void fill(int fd, size_t size)
{
	while (write(fd, data, size) > 0)
		;
}

/* ---- one more: 0, or -1 and errno ---- */
static int one_connection(void)
{
	int fd[2];

	return tcp_pair(fd);
}

static int one_tcp(void)
{
	int fd[2];

	if (tcp_pair(fd))
		return -1;
	for (int i = 0; i < 2; i++) {
		nonblock(fd[i]);
		fill(fd[i], sizeof(data));
	}
	return 0;
}

static int one_udp(void)
{
	int fd[2];

	if (udp_pair(fd))
		return -1;
	nonblock(fd[0]);
	for (int i = 0; i < 50; i++)
		if (write(fd[0], data, 4000) < 0)
			return -1;
	return 0;
}

static int one_pipe(void)
{
	int fd[2];

	if (pipe2(fd, O_NONBLOCK))
		return -1;
	fcntl(fd[1], F_SETPIPE_SZ, 1 << 20);
	fill(fd[1], 4096);
	return 0;
}

static int in_dir(const char *name, int n)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s%d", getenv("FAULT_DIR"), name, n);
	return open(path, O_RDWR | O_CREAT, 0600);
}

static int one_file(void)
{
	static int n;

	return in_dir("greedy-file", n++) < 0 ? -1 : 0;
}

/* Not too many of one file: the kernel looks at all of them. */
static int one_lock(void)
{
	static int files, left, fd;
	struct flock l = {.l_type = F_WRLCK, .l_len = 1};

	if (!left) {
		fd = in_dir("greedy-lock", files++);
		if (fd < 0)
			return -1;
		left = 300;
	}
	l.l_start = 2 * left--;
	return fcntl(fd, F_SETLK, &l);
}

/* ---- from outside ---- */
static const char *socket_path;
static u16 op[3]; /* socketpair, setsockopt, sendto */

static struct outsider o;
static u32 n; /* calls it made */

static s64 outside(u16 what, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	struct sd_entry entry = {.op = what, .arg = {a, b, c, d, e}};
	s64 ret = 0;

	outsider_post(&o, 0, n, &entry);
	return outsider_answer(&o, 0, n++, &ret, 20000) > 0 ? ret : -ENOMEM;
}

static s64 unix_pair(void)
{
	u8 *arena;
	s64 ret;

	if (!o.head || o.head->ended) {
		n = 0;
		ret = outsider_attach(&o, socket_path);
		if (ret)
			return ret;
	}
	arena = outsider_lane(&o, 0)->arena;
	ret = outside(op[0], AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, 64, 0);
	for (int i = 0; !ret && i < 2; i++) {
		u64 fd = ((u32 *)(arena + 64))[i];

		*(int *)(arena + 128) = 1 << 20;
		outside(op[1], fd, SOL_SOCKET, SO_SNDBUF, 128, 4);
		while ((ret = outside(op[2], fd, 4096, sizeof(data), MSG_DONTWAIT, 0)) > 0)
			;
		ret = ret == -EAGAIN ? 0 : ret;
	}
	return ret;
}

static int one_unix(void)
{
	s64 ret = unix_pair();

	errno = (int)-ret;
	return ret ? -1 : 0;
}

static int one_attach(void)
{
	struct outsider one;
	int ret;

	if (!getuid() && (setgid(OTHER) || setuid(OTHER)))
		return -1;
	ret = outsider_attach(&one, socket_path);

	if (!ret) {
		munmap(one.head, SD_REGION_SIZE);
		munmap((void *)one.bell, 4096);
		close(one.region_fd), close(one.bell_fd), close(one.page_fd);
	}
	errno = -ret;
	return ret ? -1 : 0;
}

static const struct {
	const char *name;
	int (*one)(void);
} kinds[] = {
	{"tcp", one_tcp}, {"udp", one_udp}, {"connections", one_connection}, {"pipes", one_pipe}, {"files", one_file},
	{"locks", one_lock}, {"unix", one_unix}, {"attaches", one_attach},
};

static void take(int (*one)(void), long *held)
{
	int refused = 0, all = 0, err = 0;

	while (refused < REFUSALS && all < ALL && *held < LIMIT) {
		if (!one()) {
			++*held, refused = 0;
			continue;
		}
		err = errno;
		refused++, all++;
	}
	printf("held %ld errno %d\n", *held, err);
	fflush(stdout);
}

/* ---- the honest one ---- */
static int make(const char *kind, int fd[2])
{
	if (!strcmp(kind, "socket"))
		return tcp_pair(fd);
	if (!strcmp(kind, "pipe"))
		return pipe(fd) || (fd[0] ^= fd[1], fd[1] ^= fd[0], fd[0] ^= fd[1], 0);
	fd[0] = in_dir("honest", getpid());
	fd[1] = in_dir("honest", getpid());
	return fd[0] < 0 || fd[1] < 0;
}

static int round_trip(const char *kind)
{
	char in[3000];
	int fd[2];

	if (make(kind, fd))
		return perror("honest: make"), 1;
	if (write_all(fd[0], data, sizeof(in)))
		return perror("honest: write"), 1;
	if (read_all(fd[1], in, sizeof(in)) || memcmp(in, data, sizeof(in)))
		return perror("honest: read"), 1;
	if (close(fd[0]) || close(fd[1]))
		return perror("honest: close"), 1;
	return 0;
}

static int honest(const char *kind)
{
	struct pollfd in = {.fd = 0, .events = POLLIN};
	long rounds = 0;

	while (poll(&in, 1, 2) <= 0) {
		if (round_trip(kind))
			return 1;
		if (!rounds++)
			printf("ready\n"), fflush(stdout);
	}
	printf("rounds %ld\n", rounds);
	return 0;
}

/* ---- the one whose sends are promised, until there is no memory for them ---- */
static int still_works(int fd)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	return getsockname(fd, (void *)&a, &len);
}

static int pressed(int n)
{
	int first[2], fd[2], failed = 0;
	long sent = 0, got;

	if (tcp_pair(first))
		return perror("pressed: connect"), 1;
	for (int i = 0; i < n; i++) {
		if (tcp_pair(fd))
			return perror("pressed: connect"), 1;
		for (int k = 0; k < 2; k++) {
			nonblock(fd[k]);
			while ((got = write(fd[k], data, sizeof(data))) > 0)
				sent += got;
			failed += errno != EAGAIN;
			if (still_works(first[0]) || still_works(first[1]))
				return perror("pressed: another socket of it"), 1;
		}
	}
	printf("sent %ld failed %d\n", sent, failed);
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit r;
	long held = 0;
	char line[64];

	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	fill_pattern(data, sizeof(data), 1);
	if (argc == 3 && !strcmp(argv[1], "honest"))
		return honest(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "pressed"))
		return pressed(atoi(argv[2]));
	socket_path = argc > 2 ? argv[argc - 1] : NULL;
	for (int i = 0; argc > 5 && i < 3; i++)
		op[i] = (u16)atoi(argv[2 + i]);
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, argv[1]))
			continue;
		do
			take(kinds[i].one, &held);
		while (fgets(line, sizeof(line), stdin));
		return 0;
	}
	fprintf(stderr, "usage: greedy WHAT ..., see greedy.c\n");
	return 2;
}

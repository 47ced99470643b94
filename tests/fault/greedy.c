// SPDX-License-Identifier: GPL-2.0
/*
 * greedy WHAT: takes as much of a domain's resources as it can get and holds it. Prints "held N
 * errno E" when it was refused REFUSALS times in a row (or altogether some times more, or has LIMIT
 * of them), then waits for a line, tries again for each, and ends with stdin. Any error is
 * accepted.
 *      tcp udp connections     sockets with unread data; without data
 *      pipes                   full ones
 *      files locks             open files, record locks, in $FAULT_DIR
 *      deep fifos              directories above an open one, full FIFOs, in $FAULT_DIR
 *      dirty                   there, too: pages written here and there, attributes, names that
 *                              come and go; so much of it that all memory is dirty many times
 *      memberships             multicast groups
 *      attaches SOCKET         clients
 * By calls that are exported, not routed (OPS: their numbers, greedy_raw.c):
 *      groups OPS SOCKET       open files, each with 65,536 groups of whoever opened it
 *      embryos OPS SOCKET      full connections, closed by their client and never accepted
 *      polled OPS SOCKET       full connections, each with a call that waits for it and names it
 *                              many times
 *      tickets OPS SOCKET      full connections that only tickets hold
 * greedy pressed N: fills N connections like tcp. Exit status 0: each send ends, and a failure
 * affects only its connection.
 * greedy honest socket|pipe|file [N]: another client, which makes a file, sends a little through it
 * and closes it, until stdin ends, and holds N files all the time. It accepts no error. Prints
 * "ready" after its first round, "rounds N" at the end.
 */
#define _GNU_SOURCE
#include "attach.h"
#include "check.h"
#include "greedy.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <netinet/in.h>

#define REFUSALS 20 /* in a row */
#define ALL	 30 /* and in total: a client that was ended begins again, */
#define FEW	 3  /* ... which takes long */
#define LIMIT	 2000000
#define DIRTY	 480   /* 256 KiB each */
#define OTHER	 65533 /* a user's clients are limited, so root's runs as another user */

char data[65536];

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

/* Not too many per file: the kernel walks the list of all. */
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

/* One more level; only the last is open. */
static int one_level(void)
{
	static int at = -1;
	int fd;

	if (at < 0)
		at = open(getenv("FAULT_DIR"), O_RDONLY | O_DIRECTORY);
	if (mkdirat(at, "greedy-deep", 0700) && errno != EEXIST)
		return -1;
	fd = openat(at, "greedy-deep", O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return -1;
	close(at);
	at = fd;
	return 0;
}

/* Distant pages, so that each is an extent of its own. */
static int scattered(int fd, int n)
{
	for (int i = 0; i < 64; i++)
		if (pwrite(fd, data, 4096, (64l * n + i) << 16) != 4096)
			return -1;
	return 0;
}

static int one_dirty(void)
{
	static int n, fd = -1;
	char path[4096];
	int ret;

	if (n == DIRTY)
		return errno = EDQUOT, -1;
	snprintf(path, sizeof(path), "%s/greedy-dirty%d", getenv("FAULT_DIR"), n / 8);
	if (n++ % 8 == 0) {
		if (fd >= 0)
			close(fd);
		fd = open(path, O_RDWR | O_CREAT, 0600);
	}
	ret = fd < 0 ? -1 : scattered(fd, n % 8) || fsetxattr(fd, "user.greedy", data, 2000, 0);
	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "%s/greedy-name%d", getenv("FAULT_DIR"), i);
		if (mkdir(path, 0700) && errno != EEXIST)
			ret = -1;
	}
	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "%s/greedy-name%d", getenv("FAULT_DIR"), i);
		rmdir(path);
	}
	return ret;
}

static int one_fifo(void)
{
	static int n;
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/greedy-fifo%d", getenv("FAULT_DIR"), n++);
	if (mkfifo(path, 0600))
		return -1;
	fd = open(path, O_RDWR | O_NONBLOCK);
	if (fd < 0)
		return -1;
	fcntl(fd, F_SETPIPE_SZ, 1 << 20);
	fill(fd, 4096);
	return 0;
}

static int one_member(void)
{
	static u32 group = 0xe1000000;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	for (int i = 0; fd >= 0 && i < 20; i++) {
		struct ip_mreq m = {{htonl(group++)}, {htonl(INADDR_LOOPBACK)}};

		if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)))
			return -1;
	}
	return fd < 0 ? -1 : 0;
}

/* ---- from outside ---- */
const char *socket_path;
u16 op[9];

static int one_attach(void)
{
	struct outsider one;
	int ret;

	if (!getuid() && (setgid(OTHER) || setuid(OTHER)))
		return -1;
	ret = outsider_attach(&one, socket_path);

	if (!ret) {
		munmap(one.head, SD_REGION_SIZE);
		munmap((void *)one.wake_page, 4096);
		close(one.region_fd), close(one.notify_fd), close(one.page_fd);
	}
	errno = -ret;
	return ret ? -1 : 0;
}

static const struct {
	const char *name;
	int (*one)(void);
	int all;
} kinds[] = {
	{"tcp", one_tcp, ALL},
	{"udp", one_udp, ALL},
	{"connections", one_connection, ALL},
	{"memberships", one_member, ALL},
	{"pipes", one_pipe, ALL},
	{"files", one_file, ALL},
	{"locks", one_lock, ALL},
	{"deep", one_level, ALL},
	{"fifos", one_fifo, FEW},
	{"dirty", one_dirty, REFUSALS},
	{"embryos", one_embryo, ALL},
	{"tickets", one_ticketed, ALL},
	{"polled", one_polled, ALL},
	{"groups", one_of_groups, ALL},
	{"attaches", one_attach, ALL},
};

static void take(int (*one)(void), int most, long *held)
{
	int refused = 0, all = 0, err = 0;

	while (refused < REFUSALS && all < most && *held < LIMIT) {
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

static int round_trip(const char *kind, long n)
{
	char in[3000];
	int fd[2];

	if (make(kind, fd))
		return perror("honest: make"), 1;
	if (write_all(fd[0], data, sizeof(in)))
		return perror("honest: write"), 1;
	if (read_all(fd[1], in, sizeof(in)) || memcmp(in, data, sizeof(in)))
		return perror("honest: read"), 1;
	if (!strcmp(kind, "file") && n % 16 == 0 && fsync(fd[0]))
		return perror("honest: fsync"), 1;
	if (close(fd[0]) || close(fd[1]))
		return perror("honest: close"), 1;
	return 0;
}

static int hold(const char *kind, int n)
{
	int fd[2];

	for (int i = 0; i < n; i++) {
		if (!strcmp(kind, "file") ? in_dir("part", i) < 0 : make(kind, fd))
			return -1;
		if (strcmp(kind, "pipe"))
			continue;
		nonblock(fd[0]);
		fill(fd[0], 4096);
	}
	return 0;
}

static int honest(const char *kind, int n)
{
	struct pollfd in = {.fd = 0, .events = POLLIN};
	long rounds = 0;

	if (hold(kind, n))
		return perror("honest: hold"), 1;

	while (poll(&in, 1, 2) <= 0) {
		if (round_trip(kind, rounds))
			return 1;
		if (!rounds++)
			printf("ready\n"), fflush(stdout);
	}
	printf("rounds %ld\n", rounds);
	return 0;
}

/* ---- the one whose sends are completed early, until there is no memory for them ---- */
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
	if (argc >= 3 && !strcmp(argv[1], "honest"))
		return honest(argv[2], argc > 3 ? atoi(argv[3]) : 0);
	if (argc == 3 && !strcmp(argv[1], "pressed"))
		return pressed(atoi(argv[2]));
	socket_path = argc > 2 ? argv[argc - 1] : NULL;
	for (int i = 0; i < argc - 3 && i < 9; i++)
		op[i] = (u16)atoi(argv[2 + i]);
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, argv[1]))
			continue;
		do
			take(kinds[i].one, kinds[i].all, &held);
		while (fgets(line, sizeof(line), stdin));
		return 0;
	}
	fprintf(stderr, "usage: greedy WHAT ..., see greedy.c\n");
	return 2;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What fork, exec and descriptor passing mean for sockets: a child shares its parent's open files,
 * exec keeps the fds that are not close-on-exec and closes (FIN and all) those that are.
 */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char self[4096];

/* Child and parent write through the same socket; the child's exit closes nothing for the parent.
 */
static int fork_shares(void)
{
	int t[2];
	char buf[8];

	CHECK(!tcp_pair(t));
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		_exit(write_all(t[0], "child", 5) || read_all(t[0], buf, 3) ||
		      memcmp(buf, "abc", 3));
	CHECK(!read_all(t[1], buf, 5));
	CHECK(!memcmp(buf, "child", 5));
	CHECK(!write_all(t[1], "abc", 3));
	CHECK(!wait_ok(pid));
	CHECK(!write_all(t[0], "more", 4));
	CHECK(!read_all(t[1], buf, 4));
	close(t[0]);
	CHECK_EQ(read(t[1], buf, 1), 0);
	close(t[1]);
	return 0;
}

/* The file is shared: the last of the two to close it sends FIN; file status flags are common. */
static int fork_last_close(void)
{
	int t[2], go[2];
	char c;

	CHECK(!tcp_pair(t));
	CHECK(!pipe(go));
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		close(t[1]);
		if (fcntl(t[0], F_SETFL, O_NONBLOCK) || read(go[0], &c, 1) != 1)
			_exit(1);
		_exit(close(t[0]) != 0);
	}
	struct pollfd f = {t[1], POLLIN, 0};

	for (int i = 0; i < 1000 && !(fcntl(t[0], F_GETFL) & O_NONBLOCK); i++)
		sleep_ms(5);
	CHECK(fcntl(t[0], F_GETFL) & O_NONBLOCK);
	CHECK_ERR(read(t[0], &c, 1), EAGAIN);
	CHECK(!close(t[0]));
	CHECK_EQ(poll(&f, 1, 50), 0);
	CHECK_EQ(write(go[1], "g", 1), 1);
	CHECK(!wait_ok(pid));
	CHECK_EQ(read(t[1], &c, 1), 0);
	close(t[1]), close(go[0]), close(go[1]);
	return 0;
}

/* fd tables are separate after fork: what one opens, dups or closes isn't seen by the other. */
static int fork_own_table(void)
{
	int t[2], st;
	char buf[4];

	CHECK(!tcp_pair(t));
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		int d = dup(t[0]), u[2];

		close(t[0]);
		if (d < 0 || tcp_pair(u) || write_all(d, "dup", 3) || write_all(u[0], "own", 3))
			_exit(1);
		_exit(read_all(u[1], buf, 3) || dup2(d, 200) != 200 || write_all(200, "two", 3));
	}
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK_EQ(st, 0);
	CHECK(!read_all(t[1], buf, 3));
	CHECK(!memcmp(buf, "dup", 3));
	CHECK(!read_all(t[1], buf, 3));
	CHECK(!memcmp(buf, "two", 3));
	CHECK_ERR(fcntl(200, F_GETFD), EBADF);
	CHECK(!write_all(t[0], "yes", 3));
	CHECK(!read_all(t[1], buf, 3));
	close(t[0]), close(t[1]);
	return 0;
}

/* accept in several forked children on one listener, as prefork servers do. */
static int fork_prefork(void)
{
	enum { KIDS = 3, CONNS = 24 };
	uint16_t port = 0;
	int l = tcp_listener(&port);
	pid_t pid[KIDS];
	char c;

	CHECK(l >= 0);
	for (int i = 0; i < KIDS; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		for (int fd; !pid[i];) {
			fd = accept(l, NULL, NULL);
			if (fd < 0 || read_all(fd, &c, 1) || c == 'Q')
				_exit(fd < 0 || c != 'Q');
			if (write_all(fd, &c, 1) || close(fd))
				_exit(1);
		}
	}
	for (int i = 0; i < CONNS + KIDS; i++) {
		int fd = tcp_connect(port);

		c = i < CONNS ? 'a' + i : 'Q';
		char sent = c;

		CHECK(fd >= 0);
		CHECK(!write_all(fd, &c, 1));
		if (i < CONNS)
			CHECK(!read_all(fd, &c, 1) && c == sent);
		close(fd);
	}
	for (int i = 0; i < KIDS; i++)
		CHECK(!wait_ok(pid[i]));
	close(l);
	return 0;
}

static int fork_deep(void)
{
	int t[2];
	char c;

	CHECK(!tcp_pair(t));
	pid_t pid = fork();

	CHECK(pid >= 0);
	for (int depth = 0; !pid && depth < 8; depth++) {
		c = 'a' + depth;
		if (write_all(t[0], &c, 1))
			_exit(1);
		pid_t kid = fork();

		if (kid < 0)
			_exit(2);
		if (kid || depth == 7) {
			int st = 0;

			if (kid && (waitpid(kid, &st, 0) != kid || st))
				_exit(3);
			_exit(0);
		}
	}
	CHECK(!wait_ok(pid));
	for (int depth = 0; depth < 8; depth++) {
		CHECK(!read_all(t[1], &c, 1));
		CHECK_EQ(c, 'a' + depth);
	}
	close(t[0]), close(t[1]);
	return 0;
}

/* exec: a child of ours, started as `self @echo FD CLOSED`, echoes 4 bytes on FD; CLOSED must be no
 * fd there. */
static int echo_child(char **argv)
{
	char buf[4];
	int fd = atoi(argv[2]), closed = atoi(argv[3]);

	if (read_all(fd, buf, 4))
		return 11;
	if (fcntl(closed, F_GETFD) != -1 || errno != EBADF)
		return 12;
	if (fcntl(fd, F_GETFD) != 0)
		return 13;
	return write_all(fd, buf, 4) ? 14 : 0;
}

static int exec_with(int (*start)(pid_t *, char **))
{
	int t[2], u[2];
	char a[16], b[16], buf[4];
	char *argv[] = {self, "@echo", a, b, NULL};
	pid_t pid;

	CHECK(!tcp_pair(t));
	CHECK(!tcp_pair(u));
	CHECK(!fcntl(u[0], F_SETFD, FD_CLOEXEC));
	CHECK(!fcntl(t[1], F_SETFD, FD_CLOEXEC));
	CHECK(!fcntl(u[1], F_SETFD, FD_CLOEXEC));
	CHECK_EQ(fcntl(u[0], F_GETFD), FD_CLOEXEC);
	snprintf(a, sizeof(a), "%d", t[0]);
	snprintf(b, sizeof(b), "%d", u[0]);
	CHECK(!start(&pid, argv));
	close(u[0]);
	/* The child has lost u[0] by exec, and we have closed ours: FIN. */
	CHECK_EQ(read(u[1], buf, 1), 0);
	CHECK(!write_all(t[1], "ping", 4));
	CHECK(!read_all(t[1], buf, 4));
	CHECK(!memcmp(buf, "ping", 4));
	CHECK(!wait_ok(pid));
	close(t[0]), close(t[1]), close(u[1]);
	return 0;
}

static int by_fork(pid_t *pid, char **argv)
{
	*pid = fork();
	if (!*pid) {
		execv(argv[0], argv);
		_exit(99);
	}
	return *pid < 0;
}

static int by_vfork(pid_t *pid, char **argv)
{
	*pid = vfork();
	if (!*pid) {
		execve(argv[0], argv, environ);
		_exit(99);
	}
	return *pid < 0;
}

static int by_spawn(pid_t *pid, char **argv)
{
	return posix_spawn(pid, argv[0], NULL, NULL, argv, environ);
}

static int exec_fork(void)
{
	return exec_with(by_fork);
}

static int exec_vfork(void)
{
	return exec_with(by_vfork);
}

static int exec_spawn(void)
{
	return exec_with(by_spawn);
}

/* A socket as stdin and stdout of a program that knows nothing of sockets (inetd's trick). */
static int exec_stdio(void)
{
	int t[2];
	char buf[32];

	CHECK(!tcp_pair(t));
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		if (dup2(t[0], 0) != 0 || dup2(t[0], 1) != 1)
			_exit(1);
		close(t[0]), close(t[1]);
		execl("/bin/sh", "sh", "-c", "read x; echo got $x", NULL);
		_exit(99);
	}
	close(t[0]);
	CHECK(!write_all(t[1], "line\n", 5));
	CHECK(!read_all(t[1], buf, 9));
	CHECK(!memcmp(buf, "got line\n", 9));
	CHECK(!wait_ok(pid));
	CHECK_EQ(read(t[1], buf, 1), 0);
	close(t[1]);
	return 0;
}

/* A child killed in a blocked call: the peer sees EOF once no other process has the file. */
static int fork_killed(void)
{
	int t[2], st;
	char c;

	CHECK(!tcp_pair(t));
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		close(t[1]);
		_exit(read(t[0], &c, 1) == 1);
	}
	close(t[0]);
	sleep_ms(50);
	CHECK(!kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, &st, 0), pid);
	CHECK(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
	CHECK_EQ(read(t[1], &c, 1), 0);
	close(t[1]);
	return 0;
}

static int dup_over_host(void)
{
	int t[2], p[2];
	char buf[4];
	struct stat sb;

	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	CHECK_EQ(dup2(t[0], p[1]), p[1]); /* the pipe's writer is gone: its reader sees EOF */
	CHECK_EQ(read(p[0], buf, 1), 0);
	CHECK(!write_all(p[1], "sock", 4));
	CHECK(!read_all(t[1], buf, 4));
	CHECK_EQ(dup2(p[0], t[0]),
		 t[0]); /* a pipe over a socket's number; the socket lives on in p[1] */
	CHECK(!fstat(t[0], &sb));
	CHECK(S_ISFIFO(sb.st_mode));
	CHECK(!write_all(t[1], "back", 4));
	CHECK(!read_all(p[1], buf, 4));
	CHECK(!fstat(p[1], &sb));
	CHECK(S_ISSOCK(sb.st_mode));
	CHECK(!close(p[1]));
	CHECK_EQ(read(t[1], buf, 1), 0);
	CHECK_ERR(write(p[1], "x", 1), EBADF);
	close(t[0]), close(t[1]), close(p[0]);
	return 0;
}

static int dup_flags(void)
{
	int t[2], d;

	CHECK(!tcp_pair(t));
	CHECK_EQ(d = fcntl(t[0], F_DUPFD, 100), 100);
	CHECK_EQ(fcntl(d, F_GETFD), 0);
	CHECK_EQ(fcntl(t[0], F_DUPFD_CLOEXEC, 100), 101);
	CHECK_EQ(fcntl(101, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(dup3(t[0], 102, O_CLOEXEC), 102);
	CHECK_EQ(fcntl(102, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(dup3(t[0], t[0], 0), EINVAL);
	CHECK_EQ(dup2(t[0], t[0]), t[0]);
	CHECK_ERR(dup2(t[0], -1), EBADF);
	CHECK(!fcntl(d, F_SETFL, O_NONBLOCK));
	CHECK(fcntl(102, F_GETFL) & O_NONBLOCK);
	CHECK(!close(100) && !close(101) && !close(102));
	CHECK(!close(t[0]) && !close(t[1]));
	CHECK_ERR(close(t[0]), EBADF);
	return 0;
}

/* The lowest free number is the next one, whichever side it belongs to. */
static int fd_numbers(void)
{
	int a = open("/dev/null", O_RDWR), s = socket(AF_INET, SOCK_STREAM, 0);
	int b = open("/dev/null", O_RDWR);

	CHECK_EQ(s, a + 1);
	CHECK_EQ(b, a + 2);
	CHECK(!close(s));
	CHECK_EQ(open("/dev/null", O_RDWR), s);
	CHECK(!close(a));
	CHECK_EQ(socket(AF_INET, SOCK_DGRAM, 0), a);
	CHECK(!close(a) && !close(s) && !close(b));
	return 0;
}

/* A socket sent over a host AF_UNIX socket arrives as the same open socket
 * (tests/user/scm_rights_test.py has more). */
static int scm_rights(void)
{
	int u[2], t[2];
	char c = 'x';
	struct iovec iov = {&c, 1};
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} ctl = {0};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl};

	m.msg_controllen = sizeof(ctl);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, u));
	CHECK(!tcp_pair(t));
	ctl.h.cmsg_len = CMSG_LEN(sizeof(int));
	ctl.h.cmsg_level = SOL_SOCKET;
	ctl.h.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&ctl.h), &t[0], sizeof(int));
	CHECK_EQ(sendmsg(u[0], &m, 0), 1);
	m.msg_controllen = sizeof(ctl);
	CHECK_EQ(recvmsg(u[1], &m, 0), 1);
	int got;
	char text[4] = "";

	memcpy(&got, CMSG_DATA(&ctl.h), sizeof(int));
	CHECK(got != t[0]);
	CHECK(!write_all(got, "hi", 2));
	CHECK(!close(got));
	CHECK(!write_all(t[0], &c, 1));
	CHECK_EQ(recv(t[1], text, 3, MSG_WAITALL), 3);
	CHECK(!strcmp(text, "hix"));
	close(u[0]), close(u[1]), close(t[0]), close(t[1]);
	return 0;
}

static const struct test_case cases[] = {
	{"fork_shares", fork_shares},	    {"fork_last_close", fork_last_close},
	{"fork_own_table", fork_own_table}, {"fork_prefork", fork_prefork},
	{"fork_deep", fork_deep},	    {"fork_killed", fork_killed},
	{"exec_fork", exec_fork},	    {"exec_vfork", exec_vfork},
	{"exec_spawn", exec_spawn},	    {"exec_stdio", exec_stdio},
	{"dup_over_host", dup_over_host},   {"dup_flags", dup_flags},
	{"fd_numbers", fd_numbers},	    {"scm_rights", scm_rights},
};

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "@echo"))
		return echo_child(argv);
	if (!realpath("/proc/self/exe", self))
		return 2;
	return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

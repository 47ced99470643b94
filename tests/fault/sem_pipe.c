// SPDX-License-Identifier: GPL-2.0
/*
 * What pipes mean to processes, threads, signals and poll: ends are shared over fork, kept or
 * closed by exec, the last writer's end is the reader's end, small writes are never torn, waits end
 * by data, signals and timeouts.
 */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[4096];

static int fork_shares(void)
{
	int p[2], q[2];
	char buf[8];

	CHECK(!pipe(p) && !pipe(q));
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		_exit(read_all(p[0], buf, 5) || memcmp(buf, "hello", 5) ||
		      write_all(q[1], "child", 5));
	CHECK(!write_all(p[1], "hello", 5));
	CHECK(!read_all(q[0], buf, 5));
	CHECK(!memcmp(buf, "child", 5));
	CHECK(!wait_ok(pid));
	close(p[0]), close(p[1]), close(q[0]), close(q[1]);
	return 0;
}

/* The reader sees the end only when the last of all writers is gone; the writer EPIPE when the last
 * reader is. */
static int last_close(void)
{
	int p[2], go[2];
	char c;

	CHECK(!pipe(p) && !socketpair(AF_UNIX, SOCK_STREAM, 0, go));
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		close(p[0]);
		_exit(read(go[0], &c, 1) != 1 || close(p[1]));
	}
	struct pollfd f = {p[0], POLLIN, 0};

	CHECK(!close(p[1]));
	CHECK_EQ(poll(&f, 1, 50), 0);
	CHECK_EQ(write(go[1], "g", 1), 1);
	CHECK_EQ(poll(&f, 1, 10000), 1);
	CHECK_EQ(read(p[0], &c, 1), 0);
	CHECK(!wait_ok(pid));
	close(p[0]);
	CHECK(!pipe(p));
	close(p[0]);
	CHECK_ERR(write(p[1], "x", 1), EPIPE);
	close(p[1]), close(go[0]), close(go[1]);
	return 0;
}

/* Run again as `sem_pipe --exec KEPT CLOSED`. */
static int after_exec(int kept, int closed)
{
	char c;

	if (read(kept, &c, 1) != 1 || c != 'k')
		return 3;
	return fcntl(closed, F_GETFD) >= 0 ? 4 : 0;
}

static int exec_keeps(void)
{
	char kept[16], closed[16];
	int k[2], c[2];

	CHECK(!pipe(k) && !pipe2(c, O_CLOEXEC));
	snprintf(kept, sizeof(kept), "%d", k[0]);
	snprintf(closed, sizeof(closed), "%d", c[0]);
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		execl(self, self, "--exec", kept, closed, (char *)NULL);
		_exit(127);
	}
	CHECK_EQ(write(k[1], "k", 1), 1);
	CHECK(!wait_ok(pid));
	close(k[0]), close(k[1]), close(c[0]), close(c[1]);
	return 0;
}

/* As a shell does. */
static int pipeline(void)
{
	char text[16] = "";
	FILE *f = popen("printf 'a\\nb\\nc\\n' | tac | tr a-c A-C | tr -d '\\n'", "r");

	CHECK(f);
	CHECK_EQ(fread(text, 1, sizeof(text), f), 3);
	CHECK(!strcmp(text, "CBA"));
	CHECK_EQ(pclose(f), 0);
	return 0;
}

static int nonblocking(void)
{
	static char page[4096];
	int p[2], n = 0;
	char c;

	CHECK(!pipe2(p, O_NONBLOCK));
	CHECK_ERR(read(p[0], &c, 1), EAGAIN);
	while (write(p[1], page, sizeof(page)) == sizeof(page))
		n++;
	CHECK_ERR(write(p[1], page, sizeof(page)), EAGAIN);
	CHECK_EQ(n, 16);
	CHECK(!fcntl(p[0], F_SETFL, 0));
	for (; n; n--)
		CHECK(!read_all(p[0], page, sizeof(page)));
	CHECK_EQ(fcntl(p[1], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	close(p[0]), close(p[1]);
	return 0;
}

/* dup and dup2: other numbers of the same end. */
static int dups(void)
{
	int p[2], d;
	char c;

	CHECK(!pipe(p));
	CHECK((d = dup(p[1])) >= 0);
	CHECK_EQ(dup2(p[0], 150), 150);
	close(p[0]), close(p[1]);
	CHECK_EQ(write(d, "x", 1), 1);
	CHECK_EQ(read(150, &c, 1), 1);
	close(d);
	CHECK_EQ(read(150, &c, 1), 0);
	close(150);
	CHECK_ERR(read(150, &c, 1), EBADF);
	return 0;
}

/* Writers of their own process each: no line is torn. */
static int atomic_writes(void)
{
	enum { WRITERS = 4, LINES = 300, SIZE = 512 };
	char line[SIZE];
	int p[2], got[WRITERS] = {0};
	pid_t pid[WRITERS];

	CHECK(!pipe(p));
	for (int w = 0; w < WRITERS; w++) {
		pid[w] = fork();
		CHECK(pid[w] >= 0);
		if (pid[w])
			continue;
		memset(line, 'a' + w, sizeof(line));
		for (int i = 0; i < LINES; i++)
			if (write(p[1], line, sizeof(line)) != sizeof(line))
				_exit(1);
		_exit(0);
	}
	close(p[1]);
	for (int i = 0; i < WRITERS * LINES; i++) {
		CHECK(!read_all(p[0], line, sizeof(line)));
		for (size_t j = 1; j < sizeof(line); j++)
			CHECK_EQ(line[j], line[0]);
		got[line[0] - 'a']++;
	}
	CHECK_EQ(read(p[0], line, 1), 0);
	for (int w = 0; w < WRITERS; w++) {
		CHECK_EQ(got[w], LINES);
		CHECK(!wait_ok(pid[w]));
	}
	close(p[0]);
	return 0;
}

/* A blocked read and a blocked write end in EINTR. */
static int interrupted(void)
{
	static char big[1 << 17];
	struct sigaction sa = {.sa_handler = count_signal};
	pthread_t me = pthread_self(), th;
	int p[2];
	char c;

	CHECK(!sigaction(SIGUSR1, &sa, NULL));
	CHECK(!pipe(p));
	signalled = 0;
	CHECK(!pthread_create(&th, NULL, interrupt_thread, &me));
	CHECK_ERR(read(p[0], &c, 1), EINTR);
	pthread_join(th, NULL);
	signalled = 0;
	CHECK(!pthread_create(&th, NULL, interrupt_thread, &me));
	CHECK_EQ(write(p[1], big, sizeof(big)), 65536); /* what was written so far */
	pthread_join(th, NULL);
	close(p[0]), close(p[1]);
	return 0;
}

static int sigpipe(void)
{
	int p[2];
	struct sigaction sa = {.sa_handler = count_signal}, old;

	CHECK(!sigaction(SIGPIPE, &sa, &old));
	CHECK(!pipe(p));
	close(p[0]);
	signalled = 0;
	CHECK_ERR(write(p[1], "x", 1), EPIPE);
	CHECK_EQ(signalled, 1);
	close(p[1]);
	CHECK(!sigaction(SIGPIPE, &old, NULL));
	return 0;
}

/* poll and select over pipes and host files. */
static int mixed_waits(void)
{
	int p[2], h[2];
	fd_set r;
	char c;

	CHECK(!pipe(p) && !socketpair(AF_UNIX, SOCK_STREAM, 0, h));
	struct pollfd f[3] = {{p[0], POLLIN, 0}, {h[0], POLLIN, 0}, {p[1], 0, 0}};

	CHECK_EQ(poll(f, 3, 20), 0);
	CHECK_EQ(write(h[1], "h", 1), 1);
	CHECK_EQ(poll(f, 3, 10000), 1);
	CHECK_EQ(f[1].revents, POLLIN);
	CHECK_EQ(write(p[1], "p", 1), 1);
	CHECK_EQ(poll(f, 3, 10000), 2);
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	FD_SET(h[0], &r);
	CHECK_EQ(select(1024, &r, NULL, NULL, NULL), 2);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(read(h[0], &c, 1), 1);
	close(p[0]);
	CHECK_EQ(poll(f + 2, 1, 10000), 1);
	CHECK_EQ(f[2].revents, POLLERR);
	close(p[1]), close(h[0]), close(h[1]);
	return 0;
}

struct ring {
	int from, to;
};

static void *pass_on(void *arg)
{
	struct ring *r = arg;
	int n;

	while (!read_all(r->from, &n, sizeof(n)) && n)
		if (n--, write_all(r->to, &n, sizeof(n)))
			return "write";
	return n ? "read" : NULL;
}

/* A token goes round many threads, each blocked in its read. */
static int threads_ring(void)
{
	enum { N = 40, ROUNDS = 50 };
	struct ring r[N];
	pthread_t th[N];
	int p[N][2], token = N * ROUNDS, zero = 0;

	for (int i = 0; i < N; i++)
		CHECK(!pipe(p[i]));
	for (int i = 0; i < N; i++) {
		r[i] = (struct ring){p[i][0], p[(i + 1) % N][1]};
		CHECK(!pthread_create(&th[i], NULL, pass_on, &r[i]));
	}
	CHECK(!write_all(p[0][1], &token, sizeof(token)));
	CHECK(!pthread_join(th[0], NULL)); /* it got the zero: token is a multiple of N */
	for (int i = 1; i < N; i++) {
		void *why;

		CHECK(!write_all(p[i][1], &zero, sizeof(zero)));
		CHECK(!pthread_join(th[i], &why));
		CHECK(!why);
	}
	for (int i = 0; i < N; i++)
		close(p[i][0]), close(p[i][1]);
	return 0;
}

static const struct test_case cases[] = {
	{"fork_shares", fork_shares},
	{"last_close", last_close},
	{"exec_keeps", exec_keeps},
	{"pipeline", pipeline},
	{"nonblocking", nonblocking},
	{"dups", dups},
	{"atomic_writes", atomic_writes},
	{"interrupted", interrupted},
	{"sigpipe", sigpipe},
	{"mixed_waits", mixed_waits},
	{"threads_ring", threads_ring},
};

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--exec"))
		return after_exec(atoi(argv[2]), atoi(argv[3]));
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || argv[0][0] == '/')
		snprintf(self, sizeof(self), "%s", argv[0]);
	signal(SIGPIPE, SIG_IGN);
	return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

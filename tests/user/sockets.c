// SPDX-License-Identifier: GPL-2.0
// What a program may do with sockets and their numbers, natively and with the sockets in a domain:
// dup, close-on-exec, fork, vfork, exec, poll, select and epoll over host and domain fds, signals,
// SIGPIPE, sendfile, threads. Run natively it must pass too.
#define _GNU_SOURCE
#include "cases.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *self;
static volatile sig_atomic_t got[65];

static void count(int sig)
{
	got[sig]++;
}

static void on(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = {.sa_handler = fn, .sa_flags = flags};

	CHECK(sigaction(sig, &sa, NULL) == 0);
}

/* A connected TCP pair over loopback; every fd close-on-exec as requested. */
static void pair(int fd[2], int flags)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(l >= 0 && bind(l, (void *)&a, sizeof(a)) == 0 && listen(l, 1) == 0);
	CHECK(getsockname(l, (void *)&a, &len) == 0);
	fd[0] = socket(AF_INET, SOCK_STREAM | flags, 0);
	CHECK(connect(fd[0], (void *)&a, sizeof(a)) == 0);
	fd[1] = accept4(l, NULL, NULL, flags);
	CHECK(fd[1] >= 0);
	close(l);
}

static void close2(int fd[2])
{
	CHECK(close(fd[0]) == 0);
	CHECK(close(fd[1]) == 0);
}

static int says(int from, int to, const char *what)
{
	char buf[64] = {0};

	return write(from, what, strlen(what)) == (ssize_t)strlen(what) &&
	       read(to, buf, sizeof(buf)) == (ssize_t)strlen(what) && !strcmp(buf, what);
}

static void numbers(void)
{
	int fd[2], d, low = dup(0), e;
	char c;

	close(low);
	pair(fd, 0);
	CHECK(fd[0] == low + 1 && fd[1] == low + 2);
	d = dup(fd[0]);
	CHECK(d == low);
	CHECK(says(d, fd[1], "dup"));
	CHECK(close(fd[0]) == 0);
	CHECK(says(d, fd[1], "still open"));
	CHECK(write(fd[0], "x", 1) == -1 && errno == EBADF);
	e = fcntl(d, F_DUPFD_CLOEXEC, 50);
	CHECK(e == 50 && fcntl(e, F_GETFD) == FD_CLOEXEC && fcntl(d, F_GETFD) == 0);
	CHECK(fcntl(d, F_SETFD, FD_CLOEXEC) == 0 && fcntl(d, F_GETFD) == FD_CLOEXEC);
	CHECK(dup2(d, 60) == 60 && fcntl(60, F_GETFD) == 0 && says(60, fd[1], "dup2"));
	CHECK(dup2(d, d) == d && dup3(d, d, 0) == -1 && errno == EINVAL);
	CHECK(dup2(999, 60) == -1 && errno == EBADF && says(60, fd[1], "untouched"));
	CHECK(dup2(0, 60) == 60 && dup3(e, 0 + 61, O_CLOEXEC) == 61 &&
	      fcntl(61, F_GETFD) == FD_CLOEXEC);
	close(60);
	CHECK(fcntl(d, F_SETFL, O_NONBLOCK) == 0 && (fcntl(e, F_GETFL) & O_NONBLOCK));
	CHECK(read(d, &c, 1) == -1 && errno == EAGAIN);
	CHECK(fcntl(d, F_SETFL, 0) == 0);
	CHECK(ioctl(fd[1], FIONBIO, &(int){1}) == 0 && read(fd[1], &c, 1) == -1 && errno == EAGAIN);
	/* the last name's close is what the peer sees */
	CHECK(close(d) == 0 && close(e) == 0);
	CHECK(read(fd[1], &c, 1) == -1 && errno == EAGAIN);
	CHECK(syscall(SYS_close_range, 61, 61, 0) == 0);
	struct pollfd p = {fd[1], POLLIN, 0};
	CHECK(poll(&p, 1, 2000) == 1 && read(fd[1], &c, 1) == 0);
	CHECK(close(fd[1]) == 0 && close(fd[1]) == -1 && errno == EBADF);
	CHECK(socket(AF_INET, SOCK_STREAM, 12345) == -1 && errno != EBADF);
	struct stat st;
	pair(fd, 0);
	CHECK(fstat(fd[0], &st) == 0 && S_ISSOCK(st.st_mode));
	close2(fd);
}

/* A program that closes every number, and one that wants a number that is taken. */
static void hostile_numbers(void)
{
	int fd[2], status;
	struct rlimit files;
	pid_t pid;

	CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
	pair(fd, 0);
	pid = fork();
	if (!pid) {
		for (int i = 3; i < 2000; i++)
			if (i != fd[0] && i != fd[1])
				close(i);
		if (!says(fd[0], fd[1], "alive"))
			_exit(1);
		for (int i = 900; i < 1020 && (rlim_t)i < files.rlim_cur - 16;
		     i++) /* the hook uses a few numbers */
			if (dup2(0, i) != i)
				_exit(2);
		if (!says(fd[0], fd[1], "alive"))
			_exit(3);
		syscall(SYS_close_range, 3, ~0u, 0);
		if (write(fd[0], "x", 1) != -1 || errno != EBADF)
			_exit(4);
		pair(fd, 0);
		_exit(says(fd[0], fd[1], "anew") ? 0 : 5);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(says(fd[0], fd[1], "parent"));
	close2(fd);
}

static void forks(void)
{
	int fd[2], status;
	char buf[16] = {0};
	pid_t pid;

	for (int i = 0; i < 10; i++) {
		pair(fd, SOCK_CLOEXEC);
		pid = fork();
		if (!pid) {
			close(fd[0]);
			_exit(write(fd[1], "child", 5) == 5 ? 7 : 1);
		}
		close(fd[1]);
		CHECK(read(fd[0], buf, sizeof(buf)) == 5 && !memcmp(buf, "child", 5));
		CHECK(read(fd[0], buf, sizeof(buf)) == 0); /* the child ended, and had the last */
		CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
		close(fd[0]);
		/* killed: its fds are closed nevertheless */
		pair(fd, SOCK_CLOEXEC);
		pid = fork();
		if (!pid) {
			close(fd[0]);
			for (;;)
				pause();
		}
		close(fd[1]);
		kill(pid, SIGKILL);
		CHECK(read(fd[0], buf, sizeof(buf)) == 0);
		CHECK(waitpid(pid, &status, 0) == pid);
		close(fd[0]);
	}
}

static void execs(void)
{
	int fd[2], other[2], status;
	char n[12], m[12], buf[64] = {0};
	char *argv[] = {self, "exec", n, m, NULL}, *none[] = {NULL};
	posix_spawn_file_actions_t fa;
	pid_t pid;

	for (volatile int i = 0; i < 3; i++) {
		pair(fd, 0);
		pair(other, SOCK_CLOEXEC);
		snprintf(n, sizeof(n), "%d", fd[1]);
		snprintf(m, sizeof(m), "%d", other[1]);
		pid = i == 1 ? vfork() : fork();
		if (!pid) {
			execve(self, argv, none);
			_exit(99);
		}
		close(fd[1]);
		CHECK(read(fd[0], buf, 8) == 8 && !memcmp(buf, "executed", 8));
		CHECK(read(fd[0], buf, 8) == 0);
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
		CHECK(says(other[0], other[1],
			   "mine still")); /* close-on-exec closed the child's only */
		close(fd[0]);
		close2(other);
	}
	/* a socket as standard output of a program that doesn't expect one */
	pair(fd, SOCK_CLOEXEC);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, fd[1], 1);
	char *echo[] = {"echo", "hello", NULL};
	CHECK(posix_spawn(&pid, "/bin/echo", &fa, NULL, echo, none) == 0);
	close(fd[1]);
	CHECK(read(fd[0], buf, sizeof(buf)) == 6 && !memcmp(buf, "hello\n", 6));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(read(fd[0], buf, sizeof(buf)) == 0);
	close(fd[0]);
}

static int executed(const char *n, const char *m)
{
	int fd = atoi(n), other = atoi(m);

	if (fcntl(other, F_GETFD) != -1)
		return 1;
	return write(fd, "executed", 8) == 8 ? 0 : 2;
}

/* ---- waiting for both kinds ---- */
static void *late(void *arg)
{
	usleep(30000);
	CHECK(write(*(int *)arg, "!", 1) == 1);
	return NULL;
}

static void polls(void)
{
	int fd[2], p[2];
	char c;
	pthread_t t;
	struct timespec ts = {5, 0};

	pair(fd, 0);
	CHECK(pipe(p) == 0);
	struct pollfd pf[4] = {
		{fd[0], POLLIN, 0}, {p[0], POLLIN, 0}, {-1, POLLIN, 0}, {999, POLLIN, 0}};
	CHECK(poll(pf, 3, 0) == 0);
	CHECK(poll(pf, 3, 20) == 0);
	CHECK(poll(pf, 4, -1) == 1 && pf[3].revents == POLLNVAL && !pf[0].revents);
	for (int i = 0; i < 2; i++) {
		int *w = i ? &p[1] : &fd[1], r = i ? p[0] : fd[0];

		pthread_create(&t, NULL, late, w);
		CHECK(poll(pf, 3, 5000) == 1 && pf[i].revents == POLLIN && !pf[1 - i].revents);
		CHECK(read(r, &c, 1) == 1);
		pthread_join(t, NULL);
		pthread_create(&t, NULL, late, w);
		CHECK(ppoll(pf, 3, &ts, NULL) == 1 && pf[i].revents == POLLIN);
		CHECK(read(r, &c, 1) == 1);
		pthread_join(t, NULL);
		fd_set in, out;
		FD_ZERO(&in);
		FD_ZERO(&out);
		FD_SET(fd[0], &in);
		FD_SET(p[0], &in);
		pthread_create(&t, NULL, late, w);
		CHECK(select(64, &in, &out, NULL, &(struct timeval){5, 0}) == 1 &&
		      FD_ISSET(r, &in));
		CHECK(read(r, &c, 1) == 1);
		pthread_join(t, NULL);
	}
	pthread_create(&t, NULL, late, &fd[1]);
	CHECK(poll(pf, 1, 5000) == 1 && pf[0].revents == POLLIN); /* domain fds only */
	pthread_join(t, NULL);
	pf[0].events |= POLLOUT;
	CHECK(poll(pf, 2, -1) == 1 && pf[0].revents == (POLLIN | POLLOUT));
	fd_set in, out;
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(fd[0], &in);
	FD_SET(fd[0], &out);
	FD_SET(p[1], &out);
	struct timeval tv = {1, 0};
	CHECK(select(64, &in, &out, NULL, &tv) == 3);
	/* Linux looks at no fd beyond the table's size: grow it past 200, whatever was inherited */
	CHECK(dup2(p[0], 200) == 200 && close(200) == 0);
	FD_SET(200, &in);
	CHECK(select(201, &in, NULL, NULL, &tv) == -1 && errno == EBADF);
	close(fd[1]);
	pf[0].events = POLLIN | POLLRDHUP;
	CHECK(poll(pf, 2, 1000) == 1 && (pf[0].revents & POLLRDHUP));
	close(fd[0]);
	close(p[0]);
	close(p[1]);
}

static void epolls(void)
{
	int fd[2], p[2], ep = epoll_create1(EPOLL_CLOEXEC), ep2;
	struct epoll_event ev = {EPOLLIN, {.u64 = 0x1122334455667788ull}}, out[8];
	char c;
	pthread_t t;

	pair(fd, 0);
	CHECK(pipe(p) == 0);
	CHECK(epoll_wait(ep, out, 8, 0) == 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &ev) == -1 && errno == ENOENT);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev) == 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &ev) == -1 && errno == EEXIST);
	CHECK(epoll_wait(ep, out, 8, 10) == 0);
	pthread_create(&t, NULL, late, &fd[1]);
	CHECK(epoll_wait(ep, out, 8, 5000) == 1 && out[0].data.u64 == ev.data.u64 &&
	      out[0].events == EPOLLIN);
	pthread_join(t, NULL);
	CHECK(read(fd[0], &c, 1) == 1);
	ev.data.u64 = 42;
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev) == 0);
	CHECK(epoll_wait(ep, out, 8, 10) == 0);
	for (int i = 0; i < 4; i++) {
		int *w = i & 1 ? &p[1] : &fd[1], r = i & 1 ? p[0] : fd[0];

		pthread_create(&t, NULL, late, w);
		CHECK(epoll_pwait(ep, out, 8, 5000, NULL) == 1);
		CHECK((out[0].data.u64 == 42) == (i & 1));
		pthread_join(t, NULL);
		CHECK(read(r, &c, 1) == 1);
	}
	CHECK(write(fd[1], "a", 1) == 1 && write(p[1], "b", 1) == 1);
	usleep(1000);
	CHECK(epoll_wait(ep, out, 8, -1) == 2);
	CHECK(epoll_wait(ep, out, 1, -1) == 1);
	struct pollfd pf = {ep, POLLIN, 0}; /* an epoll fd is pollable */
	CHECK(poll(&pf, 1, 1000) == 1);
	CHECK(read(p[0], &c, 1) == 1);
	CHECK(poll(&pf, 1, 1000) == 1 && pf.revents == POLLIN);
	ep2 = dup(ep);
	CHECK(close(ep) == 0 && epoll_wait(ep2, out, 8, 0) == 1);
	ev.events = EPOLLIN | EPOLLONESHOT;
	CHECK(epoll_ctl(ep2, EPOLL_CTL_MOD, fd[0], &ev) == 0);
	CHECK(epoll_wait(ep2, out, 8, 1000) == 1 && epoll_wait(ep2, out, 8, 20) == 0);
	CHECK(epoll_ctl(ep2, EPOLL_CTL_DEL, fd[0], NULL) == 0);
	CHECK(epoll_ctl(ep2, EPOLL_CTL_DEL, fd[0], NULL) == -1 && errno == ENOENT);
	CHECK(epoll_ctl(p[0], EPOLL_CTL_ADD, fd[0], &ev) == -1 && errno == EINVAL);
	CHECK(epoll_wait(ep2, out, 0, 0) == -1 && errno == EINVAL);
	close(ep2);
	close2(fd);
	close2(p);
}

struct many {
	int fd[2], ep;
};

static void *echo_loop(void *arg)
{
	struct many *m = arg;
	struct epoll_event ev;
	char c;

	for (int i = 0; i < 300; i++) {
		if (epoll_wait(m->ep, &ev, 1, 5000) != 1 || read(m->fd[0], &c, 1) != 1 ||
		    write(m->fd[0], &c, 1) != 1) {
			CHECK(!"echo");
			break;
		}
	}
	return NULL;
}

/* Many threads in mixed waits of one process: none may lose a wake. */
static void mixed_threads(void)
{
	enum { N = 6 };
	struct many m[N];
	pthread_t t[N];
	struct epoll_event ev = {EPOLLIN, {.u32 = 1}};
	int p[2];
	char c;

	CHECK(pipe(p) == 0);
	for (int i = 0; i < N; i++) {
		pair(m[i].fd, 0);
		m[i].ep = epoll_create1(0);
		CHECK(epoll_ctl(m[i].ep, EPOLL_CTL_ADD, p[0], &ev) == 0);
		CHECK(epoll_ctl(m[i].ep, EPOLL_CTL_ADD, m[i].fd[0], &ev) == 0);
		pthread_create(&t[i], NULL, echo_loop, &m[i]);
	}
	for (int i = 0; i < 300; i++) {
		for (int k = 0; k < N; k++)
			CHECK(write(m[k].fd[1], "e", 1) == 1);
		for (int k = 0; k < N; k++)
			CHECK(read(m[k].fd[1], &c, 1) == 1);
	}
	for (int i = 0; i < N; i++) {
		pthread_join(t[i], NULL);
		close2(m[i].fd);
		close(m[i].ep);
	}
	close2(p);
}

static void *wait_for_ever(void *ep)
{
	struct epoll_event ev;

	for (;;)
		epoll_wait(*(int *)ep, &ev, 1, -1);
	return NULL;
}

/* A child has none of its parent's waiting threads; its first socket in that set must not wait for
 * them. */
static void fork_while_waiting(void)
{
	int p[2], ep = epoll_create1(0), status;
	struct epoll_event ev = {EPOLLIN, {0}}, out[2];
	pthread_t t;
	pid_t pid;

	CHECK(pipe(p) == 0 && epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev) == 0);
	pid = fork();
	if (!pid) {
		for (int i = 0; i < 3; i++)
			pthread_create(&t, NULL, wait_for_ever, &ep);
		usleep(50000);
		pid = fork();
		if (pid) {
			waitpid(pid, &status, 0);
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
		}
		alarm(20);
		int s = socket(AF_INET, SOCK_DGRAM, 0);
		ev.events = EPOLLOUT;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, s, &ev) || epoll_wait(ep, out, 2, 10000) != 1)
			_exit(1);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	close(ep);
	close2(p);
}

/* ---- signals ---- */
static void alarm_in(int us)
{
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, us}}, NULL);
}

static void *late_alarm_then_data(void *arg)
{
	usleep(80000);
	CHECK(write(*(int *)arg, "r", 1) == 1);
	return NULL;
}

static void interrupted(void)
{
	int fd[2], p[2];
	char c;
	sigset_t alrm, old;
	pthread_t t;

	pair(fd, 0);
	CHECK(pipe(p) == 0);
	on(SIGALRM, count, 0);
	got[SIGALRM] = 0;
	alarm_in(20000);
	CHECK(read(fd[0], &c, 1) == -1 && errno == EINTR && got[SIGALRM] == 1);
	alarm_in(20000);
	CHECK(recv(fd[0], &c, 1, 0) == -1 && errno == EINTR && got[SIGALRM] == 2);
	struct pollfd pf[2] = {{fd[0], POLLIN, 0}, {p[0], POLLIN, 0}};
	for (int n = 1; n <= 2; n++) {
		alarm_in(20000);
		CHECK(poll(pf, n, -1) == -1 && errno == EINTR && got[SIGALRM] == 1 + 2 * n);
		int ep = epoll_create1(0);
		struct epoll_event ev = {EPOLLIN, {0}};
		for (int i = 0; i < n; i++)
			epoll_ctl(ep, EPOLL_CTL_ADD, pf[i].fd, &ev);
		alarm_in(20000);
		CHECK(epoll_wait(ep, &ev, 1, -1) == -1 && errno == EINTR &&
		      got[SIGALRM] == 2 + 2 * n);
		close(ep);
	}
	on(SIGALRM, count, SA_RESTART);
	sigemptyset(&alrm);
	sigaddset(&alrm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alrm, &old);
	pthread_create(&t, NULL, late_alarm_then_data, &fd[1]);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	got[SIGALRM] = 0;
	alarm_in(20000);
	CHECK(read(fd[0], &c, 1) == 1 && c == 'r' && got[SIGALRM] == 1);
	pthread_join(t, NULL);
	/* ppoll's mask */
	pthread_sigmask(SIG_BLOCK, &alrm, NULL);
	got[SIGALRM] = 0;
	for (int n = 1; n <= 2; n++) {
		struct timespec ts = {5, 0};

		raise(SIGALRM);
		CHECK(got[SIGALRM] == n - 1);
		CHECK(ppoll(pf, n, &ts, &old) == -1 && errno == EINTR && got[SIGALRM] == n);
		alarm_in(20000);
		usleep(40000);
		CHECK(got[SIGALRM] == n); /* blocked again */
		ts.tv_sec = 0;
		ts.tv_nsec = 1000000;
		got[SIGALRM] = n;
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		CHECK(got[SIGALRM] == n + 1);
		pthread_sigmask(SIG_BLOCK, &alrm, NULL);
		got[SIGALRM] = n;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	close2(fd);
	close2(p);
}

static void sigpipe(void)
{
	int fd[2];

	on(SIGPIPE, count, 0);
	got[SIGPIPE] = 0;
	pair(fd, 0);
	CHECK(shutdown(fd[0], SHUT_WR) == 0);
	CHECK(write(fd[0], "x", 1) == -1 && errno == EPIPE && got[SIGPIPE] == 1);
	CHECK(send(fd[0], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE && got[SIGPIPE] == 1);
	CHECK(send(fd[0], "x", 1, 0) == -1 && errno == EPIPE && got[SIGPIPE] == 2);
	signal(SIGPIPE, SIG_IGN);
	CHECK(write(fd[0], "x", 1) == -1 && errno == EPIPE);
	signal(SIGPIPE, SIG_DFL);
	pid_t pid = fork();
	int status;
	if (!pid) {
		write(fd[0], "x", 1);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	      WTERMSIG(status) == SIGPIPE);
	close2(fd);
}

/* ---- data ---- */
static void *drain(void *arg)
{
	static char buf[65536];
	long sum = 0, n;

	while ((n = read(*(int *)arg, buf, sizeof(buf))) > 0)
		for (long i = 0; i < n; i++)
			sum += (unsigned char)buf[i];
	return (void *)sum;
}

static void files(void)
{
	char name[] = "/tmp/sd-sockets-XXXXXX", block[4096];
	int file = mkstemp(name), fd[2];
	long sum = 0, sent = 0, n;
	void *got_sum;
	pthread_t t;

	unlink(name);
	for (int i = 0; i < 200; i++) {
		memset(block, i, sizeof(block));
		CHECK(write(file, block, sizeof(block)) == sizeof(block));
		sum += (long)i * sizeof(block);
	}
	pair(fd, 0);
	pthread_create(&t, NULL, drain, &fd[1]);
	lseek(file, 0, SEEK_SET);
	while ((n = sendfile(fd[0], file, NULL, 300000)) > 0)
		sent += n;
	CHECK(n == 0 && sent == 200 * 4096);
	CHECK(lseek(file, 0, SEEK_CUR) == sent);
	off_t off = 4096;
	CHECK(sendfile(fd[0], file, &off, 4096) == 4096 && off == 8192);
	CHECK(sendfile(file, fd[0], NULL, 10) == -1 && errno == EINVAL);
	close(fd[0]);
	pthread_join(t, &got_sum);
	CHECK((long)got_sum == sum + 4096);
	close(fd[1]);
	close(file);
	pair(fd, 0);
	struct iovec v[2] = {{"one", 3}, {"two", 3}};
	CHECK(writev(fd[0], v, 2) == 6);
	char a[2], b[8] = {0};
	struct iovec r[2] = {{a, 2}, {b, 8}};
	CHECK(readv(fd[1], r, 2) == 6 && !memcmp(a, "on", 2) && !memcmp(b, "etwo", 4));
	CHECK(syscall(SYS_write, fd[0], 16, 5) == -1 && errno == EFAULT);
	CHECK(write(fd[0], "x", 1) == 1 && syscall(SYS_read, fd[1], 16, 5) == -1 &&
	      errno == EFAULT);
	close2(fd);
}

static void *many_calls(void *arg)
{
	int fd[2];

	pair(fd, SOCK_CLOEXEC);
	for (int i = 0; i < 100; i++)
		CHECK(says(fd[i & 1], fd[!(i & 1)], "ping"));
	close2(fd);
	return NULL;
}

static void threads(void)
{
	pthread_t t[20];

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 20; i++)
			CHECK(pthread_create(&t[i], NULL, many_calls, NULL) == 0);
		for (int i = 0; i < 20; i++)
			pthread_join(t[i], NULL);
	}
}

/* Unix sockets still pass host fds. */
static void host_rights(void)
{
	int u[2], p[2];
	char c, control[CMSG_SPACE(sizeof(int))];
	struct iovec v = {&c, 1};
	struct msghdr m = {.msg_iov = &v,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, u) == 0 && pipe(p) == 0);
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &p[1], sizeof(int));
	c = 'm';
	CHECK(sendmsg(u[0], &m, 0) == 1);
	memset(control, 0, sizeof(control));
	CHECK(recvmsg(u[1], &m, 0) == 1);
	int f;
	memcpy(&f, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(f));
	CHECK(write(f, "p", 1) == 1 && read(p[0], &c, 1) == 1 && c == 'p');
	close(f);
	close2(u);
	close2(p);
}

int main(int argc, char **argv)
{
	self = "/proc/self/exe";
	if (argc > 3)
		return executed(argv[2], argv[3]);
	static const struct check_case all[] = {{"numbers", numbers},
						{"hostile_numbers", hostile_numbers},
						{"forks", forks},
						{"execs", execs},
						{"polls", polls},
						{"epolls", epolls},
						{"mixed_threads", mixed_threads},
						{"fork_while_waiting", fork_while_waiting},
						{"interrupted", interrupted},
						{"sigpipe", sigpipe},
						{"files", files},
						{"threads", threads},
						{"host_rights", host_rights},
						{0}};

	setvbuf(stdout, NULL, _IOLBF, 0);
	run_cases_here(all, argc > 1 ? argv[1] : NULL, 60);
	puts(check_failed ? "sockets: FAILED" : "sockets: ok");
	return check_failed;
}

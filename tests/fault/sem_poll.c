// SPDX-License-Identifier: GPL-2.0
/*
 * poll, select and epoll over sockets (the domain's) and pipes, eventfds, timerfds (the host's) in
 * one call: readiness of either wakes it, in every mode epoll has, with timeouts and signals as
 * Linux has them.
 */
#include "check.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct later {
	int fd, ms;
	char byte;
};

/* Writes one byte to fd after ms. */
static void *write_later(void *arg)
{
	struct later *l = arg;

	sleep_ms(l->ms);
	return (void *)(intptr_t)write(l->fd, &l->byte, 1);
}

static int drain(int fd)
{
	char c;

	return read(fd, &c, 1) == 1 ? 0 : -1;
}

static int poll_both(void)
{
	int t[2], p[2];

	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	struct pollfd f[2] = {{t[1], POLLIN, 0}, {p[0], POLLIN, 0}};

	CHECK_EQ(poll(f, 2, 0), 0);
	CHECK_EQ(write(t[0], "a", 1), 1);
	CHECK_EQ(poll(f, 2, 1000), 1);
	CHECK_EQ(f[0].revents, POLLIN);
	CHECK_EQ(f[1].revents, 0);
	CHECK_EQ(write(p[1], "b", 1), 1);
	CHECK_EQ(poll(f, 2, 1000), 2);
	CHECK(!drain(t[1]));
	CHECK_EQ(poll(f, 2, 1000), 1);
	CHECK_EQ(f[1].revents, POLLIN);
	CHECK(!drain(p[0]));
	f[0].events = POLLOUT;
	CHECK_EQ(poll(f, 2, 1000), 1);
	CHECK_EQ(f[0].revents, POLLOUT);
	f[0].fd = -1;
	CHECK_EQ(poll(f, 2, 0), 0);
	close(t[0]), close(t[1]), close(p[0]), close(p[1]);
	return 0;
}

static int wake_by(int which)
{
	int t[2], p[2];
	pthread_t th;
	void *ret;

	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	struct later l = {which ? p[1] : t[0], 30, 'x'};
	struct pollfd f[2] = {{t[1], POLLIN, 0}, {p[0], POLLIN, 0}};

	CHECK(!pthread_create(&th, NULL, write_later, &l));
	CHECK_EQ(poll(f, 2, -1), 1);
	CHECK_EQ(f[which].revents, POLLIN);
	CHECK_EQ(f[!which].revents, 0);
	CHECK(!pthread_join(th, &ret));
	CHECK_EQ((intptr_t)ret, 1);
	close(t[0]), close(t[1]), close(p[0]), close(p[1]);
	return 0;
}

static int poll_wake_socket(void)
{
	return wake_by(0);
}

static int poll_wake_pipe(void)
{
	return wake_by(1);
}

static int poll_timeout(void)
{
	int t[2], p[2];
	int64_t t0 = now_ns();

	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	struct pollfd f[2] = {{t[1], POLLIN, 0}, {p[0], POLLIN, 0}};

	CHECK_EQ(poll(f, 2, 50), 0);
	CHECK(now_ns() - t0 >= 50 * 1000000LL);
	t0 = now_ns();
	CHECK_EQ(poll(f, 1, 50), 0);
	CHECK(now_ns() - t0 >= 50 * 1000000LL);
	close(t[0]), close(t[1]), close(p[0]), close(p[1]);
	return 0;
}

static int poll_closed(void)
{
	int t[2], p[2];

	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	struct pollfd f[2] = {{t[1], POLLIN, 0}, {p[0], POLLIN, 0}};

	close(t[0]);
	CHECK_EQ(poll(f, 2, 1000), 1);
	CHECK_EQ(f[0].revents, POLLIN);
	CHECK_EQ(read(t[1], p, 1), 0);
	close(t[1]);
	CHECK_EQ(poll(f, 2, 0), 1);
	CHECK_EQ(f[0].revents, POLLNVAL);
	close(p[0]), close(p[1]);
	return 0;
}

static int select_both(void)
{
	int t[2], p[2];
	fd_set r, w;
	struct timeval tv = {1, 0};

	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	int n = (t[1] > p[0] ? t[1] : p[0]) + 1;

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(t[1], &r), FD_SET(p[0], &r), FD_SET(t[1], &w);
	CHECK_EQ(select(n, &r, &w, NULL, &tv), 1);
	CHECK(!FD_ISSET(t[1], &r) && !FD_ISSET(p[0], &r) && FD_ISSET(t[1], &w));
	CHECK_EQ(write(t[0], "a", 1), 1);
	CHECK_EQ(write(p[1], "a", 1), 1);
	struct pollfd f = {t[1], POLLIN, 0};

	CHECK_EQ(poll(&f, 1, 1000), 1);
	FD_ZERO(&r);
	FD_SET(t[1], &r), FD_SET(p[0], &r);
	struct timespec ts = {1, 0};

	CHECK_EQ(pselect(n, &r, NULL, NULL, &ts, NULL), 2);
	CHECK(FD_ISSET(t[1], &r) && FD_ISSET(p[0], &r));
	CHECK(!drain(t[1]));
	CHECK(!drain(p[0]));
	FD_ZERO(&r);
	FD_SET(t[1], &r), FD_SET(p[0], &r);
	tv = (struct timeval){0, 20000};
	CHECK_EQ(select(n, &r, NULL, NULL, &tv), 0);
	CHECK(!FD_ISSET(t[1], &r) && !FD_ISSET(p[0], &r));
	close(t[0]), close(t[1]), close(p[0]), close(p[1]);
	return 0;
}

static int ep_add(int ep, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = {.events = events, .data.u64 = data};

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static int ep_mod(int ep, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = {.events = events, .data.u64 = data};

	return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}

static uint64_t ep_seen(const struct epoll_event *e, int n)
{
	uint64_t all = 0;

	for (int i = 0; i < n; i++)
		all |= e[i].data.u64;
	return all;
}

static int epoll_level(void)
{
	int t[2], p[2], ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(0, EFD_NONBLOCK);
	struct epoll_event e[8];

	CHECK(ep >= 0 && ev >= 0);
	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	CHECK(!ep_add(ep, t[1], EPOLLIN, 1));
	CHECK(!ep_add(ep, p[0], EPOLLIN, 2));
	CHECK(!ep_add(ep, ev, EPOLLIN, 4));
	CHECK_ERR(ep_add(ep, t[1], EPOLLIN, 1), EEXIST);
	CHECK_ERR(ep_add(ep, p[0], EPOLLIN, 1), EEXIST);
	CHECK_EQ(epoll_wait(ep, e, 8, 0), 0);
	CHECK_EQ(write(t[0], "a", 1), 1);
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 1);
	CHECK_EQ(e[0].data.u64, 1);
	CHECK_EQ(e[0].events, EPOLLIN);
	CHECK_EQ(write(p[1], "a", 1), 1);
	CHECK_EQ(write(ev, "12345678", 8), 8);
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 3);
	CHECK_EQ(ep_seen(e, 3), 7);
	CHECK_EQ(epoll_wait(ep, e, 1, 1000), 1);
	CHECK(!drain(t[1]));
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 2);
	CHECK_EQ(ep_seen(e, 2), 6);
	CHECK(!epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), ENOENT);
	CHECK(!ep_mod(ep, t[1], EPOLLOUT, 8));
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 2);
	CHECK_EQ(ep_seen(e, 2), 12);
	CHECK(!epoll_ctl(ep, EPOLL_CTL_DEL, t[1], NULL));
	CHECK_ERR(ep_mod(ep, t[1], EPOLLIN, 1), ENOENT);
	CHECK_ERR(epoll_wait(ep, e, 0, 0), EINVAL);
	close(ep), close(ev), close(t[0]), close(t[1]), close(p[0]), close(p[1]);
	return 0;
}

static int epoll_edge(void)
{
	int t[2], p[2], ep = epoll_create1(0);
	struct epoll_event e[8];

	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	CHECK(!ep_add(ep, t[1], EPOLLIN | EPOLLET, 1));
	CHECK(!ep_add(ep, p[0], EPOLLIN | EPOLLET, 2));
	CHECK_EQ(write(t[0], "ab", 2), 2);
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 1);
	CHECK_EQ(e[0].data.u64, 1);
	CHECK_EQ(epoll_wait(ep, e, 8, 20), 0);
	CHECK_EQ(write(p[1], "ab", 2), 2);
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 1);
	CHECK_EQ(e[0].data.u64, 2);
	CHECK_EQ(epoll_wait(ep, e, 8, 20), 0);
	CHECK_EQ(write(t[0], "c", 1), 1);
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 1);
	CHECK_EQ(e[0].data.u64, 1);
	close(ep), close(t[0]), close(t[1]), close(p[0]), close(p[1]);
	return 0;
}

static int epoll_oneshot(void)
{
	int t[2], p[2], ep = epoll_create1(0);
	struct epoll_event e[8];

	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	CHECK(!ep_add(ep, t[1], EPOLLIN | EPOLLONESHOT, 1));
	CHECK(!ep_add(ep, p[0], EPOLLIN | EPOLLONESHOT, 2));
	CHECK_EQ(write(t[0], "ab", 2), 2);
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 1);
	CHECK_EQ(epoll_wait(ep, e, 8, 20), 0);
	CHECK(!ep_mod(ep, t[1], EPOLLIN | EPOLLONESHOT, 1));
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 1);
	CHECK_EQ(e[0].data.u64, 1);
	CHECK_EQ(write(p[1], "ab", 2), 2);
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 1);
	CHECK_EQ(epoll_wait(ep, e, 8, 20), 0);
	close(ep), close(t[0]), close(t[1]), close(p[0]), close(p[1]);
	return 0;
}

static int epoll_hangup(void)
{
	int t[2], ep = epoll_create1(0), ev = eventfd(0, 0);
	struct epoll_event e[8];

	CHECK(!tcp_pair(t));
	CHECK(!ep_add(ep, t[1], EPOLLIN | EPOLLRDHUP, 1));
	CHECK(!ep_add(ep, ev, EPOLLIN, 2));
	CHECK(!shutdown(t[0], SHUT_WR));
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 1);
	CHECK_EQ(e[0].events, EPOLLIN | EPOLLRDHUP);
	CHECK(!shutdown(t[1], SHUT_WR));
	CHECK_EQ(epoll_wait(ep, e, 8, 1000), 1);
	CHECK_EQ(e[0].events, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
	close(t[1]);
	CHECK_EQ(epoll_wait(ep, e, 8, 20), 0);
	close(ep), close(ev), close(t[0]);
	return 0;
}

static int epoll_wake(int which)
{
	int t[2], p[2], ep = epoll_create1(0);
	struct epoll_event e[8];
	pthread_t th;

	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	CHECK(!ep_add(ep, t[1], EPOLLIN, 1));
	CHECK(!ep_add(ep, p[0], EPOLLIN, 2));
	struct later l = {which == 2 ? p[1] : t[0], 30, 'x'};

	CHECK(!pthread_create(&th, NULL, write_later, &l));
	CHECK_EQ(epoll_wait(ep, e, 8, -1), 1);
	CHECK_EQ(e[0].data.u64, which);
	CHECK(!pthread_join(th, NULL));
	int64_t t0 = now_ns();

	CHECK(!drain(which == 2 ? p[0] : t[1]));
	CHECK_EQ(epoll_wait(ep, e, 8, 40), 0);
	CHECK(now_ns() - t0 >= 40 * 1000000LL);
	close(ep), close(t[0]), close(t[1]), close(p[0]), close(p[1]);
	return 0;
}

static int epoll_wake_socket(void)
{
	return epoll_wake(1);
}

static int epoll_wake_pipe(void)
{
	return epoll_wake(2);
}

/* A second thread adds a socket to an epoll set that another waits on. */
struct adder {
	int ep, fd;
};

static void *add_later(void *arg)
{
	struct adder *a = arg;

	sleep_ms(30);
	return (void *)(intptr_t)ep_add(a->ep, a->fd, EPOLLIN, 7);
}

static int epoll_add_while_waiting(void)
{
	int t[2], p[2], ep = epoll_create1(0);
	struct epoll_event e[8];
	pthread_t th;
	void *ret;

	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	CHECK(!ep_add(ep, p[0], EPOLLIN, 2));
	CHECK_EQ(write(t[0], "x", 1), 1);
	struct adder a = {ep, t[1]};

	CHECK(!pthread_create(&th, NULL, add_later, &a));
	CHECK_EQ(epoll_wait(ep, e, 8, -1), 1);
	CHECK_EQ(e[0].data.u64, 7);
	CHECK(!pthread_join(th, &ret));
	CHECK_EQ((intptr_t)ret, 0);
	close(ep), close(t[0]), close(t[1]), close(p[0]), close(p[1]);
	return 0;
}

static int epoll_timerfd(void)
{
	int t[2], ep = epoll_create1(0), tf = timerfd_create(CLOCK_MONOTONIC, 0);
	struct itimerspec it = {.it_value = {0, 30000000}};
	struct epoll_event e[8];

	CHECK(!tcp_pair(t));
	CHECK(!ep_add(ep, t[1], EPOLLIN, 1));
	CHECK(!ep_add(ep, tf, EPOLLIN, 2));
	CHECK(!timerfd_settime(tf, 0, &it, NULL));
	CHECK_EQ(epoll_wait(ep, e, 8, -1), 1);
	CHECK_EQ(e[0].data.u64, 2);
	close(ep), close(tf), close(t[0]), close(t[1]);
	return 0;
}

/* A closed member is removed: its number is reused with other event data. */
static int epoll_reused_number(void)
{
	int ep = epoll_create1(0), num = -1;
	struct epoll_event e[2];

	for (uint64_t i = 0; i < 20; i++) {
		int t[2];

		CHECK(!tcp_pair(t));
		CHECK(num < 0 || t[1] == num);
		num = t[1];
		CHECK(!ep_add(ep, t[1], EPOLLIN, i));
		CHECK_ERR(ep_add(ep, t[1], EPOLLIN, 99), EEXIST);
		CHECK_EQ(write(t[0], "x", 1), 1);
		CHECK_EQ(epoll_wait(ep, e, 2, 1000), 1);
		CHECK_EQ(e[0].data.u64, i);
		close(t[0]), close(t[1]);
	}
	CHECK_EQ(epoll_wait(ep, e, 2, 20), 0);
	close(ep);
	return 0;
}

/* A poll(2) on an epoll fd that watches a socket: readiness passes through. */
static int epoll_nested(void)
{
	int t[2], ep = epoll_create1(0);

	CHECK(!tcp_pair(t));
	CHECK(!ep_add(ep, t[1], EPOLLIN, 1));
	struct pollfd f = {ep, POLLIN, 0};

	CHECK_EQ(poll(&f, 1, 0), 0);
	CHECK_EQ(write(t[0], "x", 1), 1);
	CHECK_EQ(poll(&f, 1, 1000), 1);
	CHECK_EQ(f.revents, POLLIN);
	close(ep), close(t[0]), close(t[1]);
	return 0;
}

static volatile sig_atomic_t got;

static void on_sig(int sig)
{
	got = sig;
}

static int poll_signal(void)
{
	int t[2], p[2], ep = epoll_create1(0);
	struct sigaction sa = {.sa_handler = on_sig, .sa_flags = SA_RESTART}, old;
	struct epoll_event e[2];
	sigset_t block, none;

	CHECK(!tcp_pair(t));
	CHECK(!pipe(p));
	CHECK(!sigaction(SIGALRM, &sa, &old));
	struct pollfd f[2] = {{t[1], POLLIN, 0}, {p[0], POLLIN, 0}};

	got = 0;
	ualarm(30000, 0);
	CHECK_ERR(poll(f, 2, -1), EINTR); /* never restarted, SA_RESTART or not */
	CHECK_EQ(got, SIGALRM);
	CHECK(!ep_add(ep, t[1], EPOLLIN, 1));
	got = 0;
	ualarm(30000, 0);
	CHECK_ERR(epoll_wait(ep, e, 2, -1), EINTR);
	CHECK_EQ(got, SIGALRM);
	sigemptyset(&none), sigemptyset(&block), sigaddset(&block, SIGALRM);
	CHECK(!sigprocmask(SIG_BLOCK, &block, NULL));
	got = 0;
	CHECK(!raise(SIGALRM));
	CHECK_EQ(got, 0);
	CHECK_ERR(ppoll(f, 2, NULL, &none), EINTR);
	CHECK_EQ(got, SIGALRM);
	got = 0;
	CHECK(!raise(SIGALRM));
	CHECK_ERR(epoll_pwait(ep, e, 2, -1, &none), EINTR);
	CHECK_EQ(got, SIGALRM);
	CHECK(!sigprocmask(SIG_UNBLOCK, &block, NULL));
	CHECK(!sigaction(SIGALRM, &old, NULL));
	alarm(CASE_LIMIT);
	close(ep), close(t[0]), close(t[1]), close(p[0]), close(p[1]);
	return 0;
}

/* 200 sockets and 200 pipes in one set, each made ready once, each seen once. */
static int epoll_many(void)
{
	enum { N = 200 };
	static int t[N][2], p[N][2];
	static unsigned char seen[2 * N];
	struct epoll_event e[16];
	int ep = epoll_create1(0), left = 2 * N;

	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < N; i++) {
		CHECK(!udp_pair(t[i]));
		CHECK(!pipe(p[i]));
		CHECK(!ep_add(ep, t[i][1], EPOLLIN, i));
		CHECK(!ep_add(ep, p[i][0], EPOLLIN, N + i));
	}
	for (int i = 0; i < N; i++) {
		CHECK_EQ(write(t[i][0], "x", 1), 1);
		CHECK_EQ(write(p[i][1], "x", 1), 1);
	}
	while (left) {
		int n = epoll_wait(ep, e, 16, 1000);

		CHECK(n > 0);
		for (int k = 0; k < n; k++) {
			uint64_t i = e[k].data.u64;

			CHECK(i < 2 * N && !seen[i]);
			seen[i] = 1, left--;
			CHECK(!drain(i < N ? t[i][1] : p[i - N][0]));
		}
	}
	CHECK_EQ(epoll_wait(ep, e, 16, 0), 0);
	for (int i = 0; i < N; i++)
		close(t[i][0]), close(t[i][1]), close(p[i][0]), close(p[i][1]);
	close(ep);
	return 0;
}

static const struct test_case cases[] = {
	{"poll_both", poll_both},
	{"poll_wake_socket", poll_wake_socket},
	{"poll_wake_pipe", poll_wake_pipe},
	{"poll_timeout", poll_timeout},
	{"poll_closed", poll_closed},
	{"select_both", select_both},
	{"epoll_level", epoll_level},
	{"epoll_edge", epoll_edge},
	{"epoll_oneshot", epoll_oneshot},
	{"epoll_hangup", epoll_hangup},
	{"epoll_wake_socket", epoll_wake_socket},
	{"epoll_wake_pipe", epoll_wake_pipe},
	{"epoll_add_while_waiting", epoll_add_while_waiting},
	{"epoll_timerfd", epoll_timerfd},
	{"epoll_nested", epoll_nested},
	{"epoll_reused_number", epoll_reused_number},
	{"poll_signal", poll_signal},
	{"epoll_many", epoll_many},
};

int main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

// SPDX-License-Identifier: GPL-2.0
/* sem_thread.c: threads of one program on shared and separate sockets, more threads over time than
 * a region has queue pairs. */
#include "check.h"
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct pump {
	int fd;
	uint64_t seed;
	int rounds, size;
	pthread_t th;
};

static void *pump_out(void *arg)
{
	struct pump *p = arg;
	char *buf = malloc(p->size);

	for (int r = 0; r < p->rounds; r++) {
		fill_pattern(buf, p->size, p->seed + r);
		if (write_all(p->fd, buf, p->size))
			return "write failed";
	}
	free(buf);
	return NULL;
}

static void *pump_in(void *arg)
{
	struct pump *p = arg;
	char *buf = malloc(p->size);

	for (int r = 0; r < p->rounds; r++) {
		if (read_all(p->fd, buf, p->size))
			return "read failed";
		if (check_pattern(buf, p->size, p->seed + r))
			return "data differs";
	}
	free(buf);
	return NULL;
}

/* 16 threads, 8 connections, both at once in different sizes; every byte checked. */
static int pumps(void)
{
	enum { N = 8 };
	struct pump out[N], in[N];
	int t[N][2];

	for (int i = 0; i < N; i++) {
		CHECK(!tcp_pair(t[i]));
		out[i] = (struct pump){t[i][0], i * 1000, 60, 1 + i * 9999, 0};
		in[i] = out[i];
		in[i].fd = t[i][1];
		CHECK(!pthread_create(&in[i].th, NULL, pump_in, &in[i]));
		CHECK(!pthread_create(&out[i].th, NULL, pump_out, &out[i]));
	}
	for (int i = 0; i < N; i++) {
		void *a, *b;

		CHECK(!pthread_join(out[i].th, &a));
		CHECK(!pthread_join(in[i].th, &b));
		CHECK(!a);
		CHECK(!b);
		close(t[i][0]), close(t[i][1]);
	}
	return 0;
}

static void *one_call(void *arg)
{
	char c = 'k';

	return (void *)(intptr_t)(write(*(int *)arg, &c, 1) == 1);
}

static int thread_churn(void)
{
	enum { THREADS = 1000 };
	int t[2];
	char buf[THREADS];

	CHECK(!tcp_pair(t));
	for (int i = 0; i < THREADS; i++) {
		pthread_t th;
		void *ret;

		CHECK(!pthread_create(&th, NULL, one_call, &t[0]));
		CHECK(!pthread_join(th, &ret));
		CHECK_EQ((intptr_t)ret, 1);
	}
	CHECK(!read_all(t[1], buf, THREADS));
	close(t[0]), close(t[1]);
	return 0;
}

static void *blocked_recv(void *arg)
{
	char c;
	ssize_t r = recv(*(int *)arg, &c, 1, 0);

	return (void *)(intptr_t)(r < 0 ? -errno : r);
}

static void *blocked_poll(void *arg)
{
	struct pollfd p = {*(int *)arg, POLLIN, 0};
	char c;

	return (void *)(intptr_t)(poll(&p, 1, -1) == 1 ? recv(p.fd, &c, 1, MSG_DONTWAIT) : -errno);
}

static void *blocked_epoll(void *arg)
{
	struct epoll_event e = {.events = EPOLLIN};
	int ep = epoll_create1(0), fd = *(int *)arg;
	ssize_t r = epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) ?: epoll_wait(ep, &e, 1, -1) - 1;
	char c;

	r = r ? -errno : recv(fd, &c, 1, MSG_DONTWAIT);
	close(ep);
	return (void *)(intptr_t)r;
}

/* 240 threads blocked at once, nearly twice what a region has queue pairs for, while another one
 * continues to work. */
static int many_blocked(void)
{
	enum { N = 240 };
	static void *(*const how[])(void *) = {blocked_recv, blocked_recv, blocked_poll,
					       blocked_epoll};
	static pthread_t th[N];
	static int u[N][2];
	pthread_attr_t at;

	pthread_attr_init(&at);
	pthread_attr_setstacksize(&at, 65536);
	for (int i = 0; i < N; i++) {
		CHECK(!udp_pair(u[i]));
		CHECK(!pthread_create(&th[i], &at, how[i % 4], &u[i][0]));
	}
	sleep_ms(50); /* most of them wait by now, the others will */
	for (int i = 0; i < N; i++)
		CHECK_EQ(write(u[i][1], "x", 1), 1);
	for (int i = 0; i < N; i++) {
		void *ret;

		CHECK(!pthread_join(th[i], &ret));
		CHECK_EQ((intptr_t)ret, 1);
		close(u[i][0]), close(u[i][1]);
	}
	return 0;
}

static pthread_barrier_t barrier;

static void *one_call_then_wait(void *arg)
{
	int ok = write(*(int *)arg, "k", 1) == 1;

	pthread_barrier_wait(&barrier);
	ok &= write(*(int *)arg, "k", 1) == 1;
	return (void *)(intptr_t)ok;
}

/* 300 living threads, more than a region has queue pairs, each calling now and then. */
static int many_threads(void)
{
	enum { N = 300 };
	static pthread_t th[N];
	char buf[2 * N];
	pthread_attr_t at;
	int t[2];

	CHECK(!tcp_pair(t));
	pthread_attr_init(&at);
	pthread_attr_setstacksize(&at, 65536);
	pthread_barrier_init(&barrier, NULL, N + 1);
	for (int i = 0; i < N; i++)
		CHECK(!pthread_create(&th[i], &at, one_call_then_wait, &t[0]));
	CHECK(!read_all(t[1], buf, N));
	pthread_barrier_wait(&barrier);
	CHECK(!read_all(t[1], buf, N));
	for (int i = 0; i < N; i++) {
		void *ret;

		CHECK(!pthread_join(th[i], &ret));
		CHECK_EQ((intptr_t)ret, 1);
	}
	close(t[0]), close(t[1]);
	return 0;
}

/* shutdown by one thread wakes another that is blocked on the same socket. */
static int shutdown_wakes(void)
{
	int t[2];
	pthread_t th;
	void *ret;

	CHECK(!tcp_pair(t));
	CHECK(!pthread_create(&th, NULL, blocked_recv, &t[0]));
	sleep_ms(30);
	CHECK(!shutdown(t[0], SHUT_RDWR));
	CHECK(!pthread_join(th, &ret));
	CHECK_EQ((intptr_t)ret, 0);
	close(t[0]), close(t[1]);
	return 0;
}

/* One writes while another reads the same socket: full duplex on one file. */
static int full_duplex(void)
{
	int t[2];
	struct pump p[4];

	CHECK(!tcp_pair(t));
	for (int i = 0; i < 4; i++) {
		p[i] = (struct pump){t[i & 1], 7000 + (i == 1 || i == 2), 100, 30000, 0};
		CHECK(!pthread_create(&p[i].th, NULL, i < 2 ? pump_out : pump_in, &p[i]));
	}
	for (int i = 0; i < 4; i++) {
		void *ret;

		CHECK(!pthread_join(p[i].th, &ret));
		CHECK(!ret);
	}
	close(t[0]), close(t[1]);
	return 0;
}

static void *opener(void *arg)
{
	for (int i = 0; i < 100; i++) {
		int t[2];
		char c = 0;

		if (tcp_pair(t) || write_all(t[0], "v", 1) || read_all(t[1], &c, 1) || c != 'v')
			return arg;
		if (close(t[0]) || close(t[1]))
			return arg;
	}
	return NULL;
}

/* Sockets made and closed by 8 threads at once while a ninth forks: no number is ever given twice.
 */
static int open_close_fork(void)
{
	pthread_t th[8];
	void *ret;

	for (int i = 0; i < 8; i++)
		CHECK(!pthread_create(&th[i], NULL, opener, "opener failed"));
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		int st;

		CHECK(pid >= 0);
		if (!pid) {
			int t[2];

			_exit(tcp_pair(t) || write_all(t[0], "v", 1));
		}
		CHECK_EQ(waitpid(pid, &st, 0), pid);
		CHECK_EQ(st, 0);
	}
	for (int i = 0; i < 8; i++) {
		CHECK(!pthread_join(th[i], &ret));
		CHECK(!ret);
	}
	return 0;
}

static const struct test_case cases[] = {
	{"pumps", pumps},
	{"thread_churn", thread_churn},
	{"many_blocked", many_blocked},
	{"many_threads", many_threads},
	{"shutdown_wakes", shutdown_wakes},
	{"full_duplex", full_duplex},
	{"open_close_fork", open_close_fork},
};

int main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A client whose domain is killed under it. One thread per way of being in a call; each ends at its
 * first error and remembers errno and time. Talks to its driver over stdin and stdout:
 *
 *	-> "ready"				every thread is in its call
 *	<- any line				the domain is dead now
 *	-> "thread NAME ERRNO NS" per thread	NS on CLOCK_MONOTONIC; ERRNO 0: it didn't fail but
 *should have
 *	-> "after NAME ERRNO MICROSECONDS"	calls made now on the dead fds, and a new socket()
 *	-> "host ok" | "host ERRNO"		pipes, files and AF_UNIX sockets of the host
 *	<- any line				the domain is up again
 *	-> "again ok" | "again PLACE ERRNO"	new sockets carry verified data
 *	-> "old NAME ERRNO"			the old fds
 *
 * With argument "native" the sockets are shut down instead of the domain being killed: every thread
 * must come back then too, which proves that the waits are real.
 */
#include "check.h"
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/select.h>
#include <unistd.h>

#define STUCK_MS 20000

struct way {
	const char *name;
	int (*call)(struct way *); /* until it fails: returns errno, or 0 for an orderly end */
	int fd[2], host[2], ep;
	pthread_t th;
	int err;
	int64_t at;
	volatile int done;
};

static int again(ssize_t r)
{
	return r < 0 ? errno : 0;
}

static int in_recv(struct way *w)
{
	char c;

	return again(recv(w->fd[0], &c, 1, 0));
}

static int in_accept(struct way *w)
{
	return again(accept(w->fd[0], NULL, NULL));
}

/* poll says so itself, or reports an error state that the next call names. */
static int named(struct way *w, int n, short revents)
{
	char c;

	if (n < 0)
		return errno;
	if (!n || !(revents & (POLLERR | POLLHUP | POLLIN))) {
		fprintf(stderr, "killed: %s: %d ready, revents 0x%x\n", w->name, n, revents);
		return 0;
	}
	return again(read(w->fd[0], &c, 1));
}

static int in_poll(struct way *w)
{
	struct pollfd f[2] = {{w->fd[0], POLLIN, 0}, {w->host[0], POLLIN, 0}};

	int n = poll(f, 2, -1);

	return named(w, n, f[0].revents);
}

static int in_poll_one(struct way *w)
{
	struct pollfd f = {w->fd[0], POLLIN, 0};

	int n = poll(&f, 1, -1);

	return named(w, n, f.revents);
}

static int in_select(struct way *w)
{
	fd_set r;
	char c;

	FD_ZERO(&r);
	FD_SET(w->fd[0], &r);
	FD_SET(w->host[0], &r);
	if (select(1024, &r, NULL, NULL, NULL) < 0)
		return errno;
	return again(read(w->fd[0], &c, 1));
}

static int in_epoll(struct way *w)
{
	struct epoll_event e;
	int n = epoll_wait(w->ep, &e, 1, -1);

	return named(w, n, n > 0 ? (short)e.events : 0);
}

static int in_echo(struct way *w)
{
	char buf[64];

	for (uint64_t i = 0;; i++) {
		fill_pattern(buf, sizeof(buf), i);
		if (write_all(w->fd[0], buf, sizeof(buf)) || read_all(w->fd[1], buf, sizeof(buf)))
			return errno;
		if (check_pattern(buf, sizeof(buf), i))
			return EBADMSG;
	}
}

static int in_udp(struct way *w)
{
	char buf[64];

	for (;;)
		if (send(w->fd[0], buf, sizeof(buf), 0) < 0 ||
		    recv(w->fd[1], buf, sizeof(buf), 0) <= 0)
			return errno;
}

/* The peer never reads: blocked for room. */
static int in_send(struct way *w)
{
	static char big[1 << 20];

	for (;;)
		if (send(w->fd[0], big, sizeof(big), MSG_NOSIGNAL) < 0)
			return errno;
}

static struct way ways[] = {
	{.name = "recv", .call = in_recv},	   {.name = "accept", .call = in_accept},
	{.name = "poll", .call = in_poll},	   {.name = "poll_one", .call = in_poll_one},
	{.name = "select", .call = in_select},	   {.name = "epoll", .call = in_epoll},
	{.name = "tcp_echo", .call = in_echo},	   {.name = "udp", .call = in_udp},
	{.name = "send_blocked", .call = in_send},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void *run_way(void *arg)
{
	struct way *w = arg;

	w->err = w->call(w);
	w->at = now_ns();
	__atomic_store_n(&w->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

static int prepare(struct way *w)
{
	uint16_t port = 0;
	struct epoll_event e = {.events = EPOLLIN}, h = {.events = EPOLLIN};

	CHECK(!pipe(w->host));
	if (w->call == in_udp)
		CHECK(!udp_pair(w->fd));
	else
		CHECK(!tcp_pair(w->fd));
	if (w->call == in_accept) {
		close(w->fd[0]);
		CHECK((w->fd[0] = tcp_listener(&port)) >= 0);
	}
	CHECK((w->ep = epoll_create1(0)) >= 0);
	CHECK(!epoll_ctl(w->ep, EPOLL_CTL_ADD, w->fd[0], &e));
	CHECK(!epoll_ctl(w->ep, EPOLL_CTL_ADD, w->host[0], &h));
	CHECK(!pthread_create(&w->th, NULL, run_way, w));
	return 0;
}

static void line_from_driver(void)
{
	char line[64];

	if (!fgets(line, sizeof(line), stdin))
		exit(3);
}

static void collect(void)
{
	for (int ms = 0; ms < STUCK_MS; ms++) {
		unsigned int left = 0;

		for (size_t i = 0; i < WAYS; i++)
			left += !__atomic_load_n(&ways[i].done, __ATOMIC_ACQUIRE);
		if (!left)
			break;
		sleep_ms(1);
	}
	for (size_t i = 0; i < WAYS; i++)
		if (ways[i].done)
			printf("thread %s %d %lld\n", ways[i].name, ways[i].err,
			       (long long)ways[i].at);
		else
			printf("thread %s stuck 0\n", ways[i].name);
}

static void said(const char *name, ssize_t r, int64_t t0)
{
	int err = r < 0 ? errno : 0;

	printf("after %s %d %lld\n", name, err, (long long)(now_ns() - t0) / 1000);
}

#define AFTER(name, call)                                                                          \
	do {                                                                                       \
		int64_t t0_ = now_ns();                                                            \
		said(name, call, t0_);                                                             \
	} while (0)

static void after(void)
{
	int t = ways[0].fd[1], v;
	socklen_t len = sizeof(v);
	struct sockaddr_in a;
	socklen_t alen = sizeof(a);
	char c;

	AFTER("read", read(t, &c, 1));
	AFTER("write", write(t, "x", 1));
	AFTER("send", send(t, "x", 1, MSG_NOSIGNAL));
	AFTER("getsockopt", getsockopt(t, SOL_SOCKET, SO_TYPE, &v, &len));
	AFTER("getsockname", getsockname(t, (struct sockaddr *)&a, &alen));
	AFTER("accept", accept(ways[1].fd[0], NULL, NULL));
	AFTER("shutdown", shutdown(t, SHUT_RDWR));
	int64_t t0 = now_ns();
	int s = socket(AF_INET, SOCK_STREAM, 0);

	said("socket", s, t0);
	if (s >= 0)
		close(s);
}

static int host_works(void)
{
	int u[2];
	char c = 0;
	FILE *f = tmpfile();

	CHECK(f && fprintf(f, "host") == 4 && !fflush(f) && !fclose(f));
	for (size_t i = 0; i < WAYS; i++) {
		CHECK_EQ(write(ways[i].host[1], "h", 1), 1);
		CHECK_EQ(read(ways[i].host[0], &c, 1), 1);
		CHECK_EQ(c, 'h');
	}
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, u));
	CHECK_EQ(write(u[0], "u", 1), 1);
	CHECK_EQ(read(u[1], &c, 1), 1);
	close(u[0]), close(u[1]);
	return 0;
}

static int works_again(void)
{
	static char out[70000], in[70000];
	int t[2], u[2], ep = epoll_create1(0);
	struct epoll_event e = {.events = EPOLLIN};

	CHECK(!tcp_pair(t));
	CHECK(!udp_pair(u));
	for (int i = 0; i < 200; i++) {
		fill_pattern(out, sizeof(out), i);
		CHECK(!write_all(t[0], out, sizeof(out)));
		CHECK(!read_all(t[1], in, sizeof(in)));
		CHECK(!check_pattern(in, sizeof(in), i));
		CHECK_EQ(send(u[0], out, 64, 0), 64);
		CHECK_EQ(recv(u[1], in, 64, 0), 64);
	}
	CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, t[1], &e));
	CHECK(!write_all(t[0], "x", 1));
	CHECK_EQ(epoll_wait(ep, &e, 1, 5000), 1);
	close(ep), close(t[0]), close(t[1]), close(u[0]), close(u[1]);
	return 0;
}

static void native_end(void)
{
	sleep_ms(100);
	for (size_t i = 0; i < WAYS; i++) {
		shutdown(ways[i].fd[0], SHUT_RDWR);
		shutdown(ways[i].fd[1], SHUT_RDWR);
	}
}

int main(int argc, char **argv)
{
	int native = argc > 1 && !strcmp(argv[1], "native");
	int bad = 0;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < WAYS; i++)
		if (prepare(&ways[i]))
			return 1;
	sleep_ms(200);
	printf("ready\n");
	if (native)
		native_end();
	else
		line_from_driver();
	collect();
	after();
	bad |= host_works();
	printf("host %s\n", bad ? "bad" : "ok");
	if (!native)
		line_from_driver();
	int r = works_again();

	printf("again %s\n", r ? "bad" : "ok");
	for (size_t i = 0; i < WAYS; i++) {
		char c;

		printf("old %s %d\n", ways[i].name,
		       again(recv(ways[i].fd[0], &c, 1, MSG_DONTWAIT)));
		bad |= close(ways[i].fd[0]) < 0 && errno != EREMOTEIO;
	}
	return bad || r;
}

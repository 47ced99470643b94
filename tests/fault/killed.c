// SPDX-License-Identifier: GPL-2.0
/*
 * killed socket|pipe|file [native|idle]: a client whose domain is killed under it. One thread per
 * way of being in a call; each ends at its first error and remembers errno and time. Talks to its
 * driver over stdin and stdout:
 *
 *      -> "ready"                              every thread is in its call
 *      <- any line                             the domain is dead now
 *      -> "thread NAME ERRNO NS" per thread    NS on CLOCK_MONOTONIC; ERRNO 0: it didn't fail but
 *                                              should have
 *      -> "after NAME ERRNO MICROSECONDS"      calls made now on the dead fds, and one that makes
 *                                              an fd
 *      -> "host ok" | "host ERRNO"             pipes, files and AF_UNIX sockets of the host
 *      <- any line                             the domain is up again
 *      -> "again ok" | "again PLACE ERRNO"     new fds carry verified data
 *      -> "old NAME ERRNO", at last "end"      the old fds
 *
 * With "native" the waits are ended instead of killing the domain: every thread must return then,
 * too, which proves that the waits are real. With "idle" there are no threads: between two rounds
 * of new fds the client makes no call, and so doesn't see that the domain dies and is started
 * again: "ready", any line, "again ok".
 */
#include "check.h"
#include "killed.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STUCK_MS 20000

volatile int killed_native;
static const struct killed *k;

int again(ssize_t r)
{
	return r < 0 ? errno : 0;
}

/* poll fails itself, or reports an error state that the next call returns. */
int killed_named(struct way *w, int n, short revents)
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

int in_poll(struct way *w)
{
	struct pollfd f[2] = {{w->fd[0], POLLIN, 0}, {w->host[0], POLLIN, 0}};

	int n = poll(f, 2, -1);

	return killed_named(w, n, f[0].revents);
}

int in_poll_one(struct way *w)
{
	struct pollfd f = {w->fd[0], POLLIN, 0};

	int n = poll(&f, 1, -1);

	return killed_named(w, n, f.revents);
}

int in_echo(struct way *w)
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

static void *run_way(void *arg)
{
	struct way *w = arg;

	w->err = w->call(w);
	w->at = now_ns();
	__atomic_store_n(&w->done, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Host fds that are polled together with the domain's, and must work after its death. */
static int begin(struct way *w)
{
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, w->host));
	CHECK(!k->prepare(w));
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

		for (size_t i = 0; i < k->n; i++)
			left += !__atomic_load_n(&k->ways[i].done, __ATOMIC_ACQUIRE);
		if (!left)
			break;
		sleep_ms(1);
	}
	for (size_t i = 0; i < k->n; i++)
		if (k->ways[i].done)
			printf("thread %s %d %lld\n", k->ways[i].name, k->ways[i].err,
			       (long long)k->ways[i].at);
		else
			printf("thread %s stuck 0\n", k->ways[i].name);
}

void said(const char *name, ssize_t r, int64_t t0)
{
	int err = r < 0 ? errno : 0;

	printf("after %s %d %lld\n", name, err, (long long)(now_ns() - t0) / 1000);
}

static int host_works(void)
{
	int u[2];
	char c = 0;
	FILE *f = tmpfile();

	CHECK(f && fprintf(f, "host") == 4 && !fflush(f) && !fclose(f));
	for (size_t i = 0; i < k->n; i++) {
		CHECK_EQ(write(k->ways[i].host[1], "h", 1), 1);
		CHECK_EQ(read(k->ways[i].host[0], &c, 1), 1);
		CHECK_EQ(c, 'h');
	}
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, u));
	CHECK_EQ(write(u[0], "u", 1), 1);
	CHECK_EQ(read(u[1], &c, 1), 1);
	close(u[0]), close(u[1]);
	return 0;
}

static int idle(void)
{
	int bad = k->prepare(&k->ways[0]) || k->works_again();

	printf("ready\n");
	line_from_driver();
	bad |= k->works_again();
	printf("again %s\n", bad ? "bad" : "ok");
	return bad;
}

int main(int argc, char **argv)
{
	static const struct killed *const kinds[] = {&killed_socket, &killed_pipe, &killed_file};
	int bad = 0;

	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		k = strcmp(argv[1], kinds[i]->kind) ? k : kinds[i];
	if (!k)
		return 2;
	killed_native = argc > 2 && !strcmp(argv[2], "native");
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2 && !strcmp(argv[2], "idle"))
		return idle();
	for (size_t i = 0; i < k->n; i++)
		if (begin(&k->ways[i]))
			return 1;
	sleep_ms(200);
	printf("ready\n");
	if (killed_native)
		sleep_ms(100), k->end_waits();
	else
		line_from_driver();
	collect();
	k->after();
	bad |= host_works();
	printf("host %s\n", bad ? "bad" : "ok");
	if (!killed_native)
		line_from_driver();
	int r = k->works_again();

	printf("again %s\n", r ? "bad" : "ok");
	for (size_t i = 0; i < k->n; i++) {
		printf("old %s %d\n", k->ways[i].name, again(k->use(&k->ways[i])));
		bad |= close(k->ways[i].fd[0]) < 0 && errno != EREMOTEIO;
	}
	printf("end\n");
	return bad || r;
}

// SPDX-License-Identifier: GPL-2.0
// early.c: results of early sends must hold for everybody whom the program can tell: order towards
// other processes and threads, death right after a send, peers that reset, dead ports, fds that are
// shared or reused. It must pass natively, too. See streams.c for data in bulk.
#define _GNU_SOURCE
#include "sides.h"
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#define TOLD 2000 /* rounds of telling somebody */
#define DEAD 50	  /* deaths of a kind */

static volatile sig_atomic_t sigpipes;
static const int types[] = {SOCK_STREAM, SOCK_DGRAM};

/* ---- sent data are there for a process that is told of them ---- */
static void empty(int fd)
{
	char c;

	CHECK(recv(fd, &c, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
}

static int there(int fd, char want)
{
	char c = (char)(want + 1);

	return recv(fd, &c, 1, MSG_DONTWAIT) == 1 && c == want;
}

/* Now and then the sender sleeps first, so that the domain does, too, while the waiter polls. */
#define LULL 32

static ssize_t be_told(const struct side *s, char *c, int spin)
{
	ssize_t n;

	CHECK(fcntl(s->in, F_SETFL, spin ? O_NONBLOCK : 0) == 0);
	do
		n = read(s->in, c, 1);
	while (n == -1 && errno == EAGAIN);
	return n;
}

static void tell(const struct side *s, char c, int how, int sleep)
{
	if (sleep)
		usleep(400);
	CHECK(give(s->fd, &c, 1, how) == 1);
	CHECK(write(s->out, &c, 1) == 1);
}

static void told_peer(struct side *s)
{
	int missed = 0;
	char c;

	for (int i = 0; be_told(s, &c, i % LULL == 0) == 1; i++) {
		missed += !there(s->fd, c);
		tell(s, c, i, i % LULL == LULL / 2);
	}
	CHECK(missed == 0);
}

static void told_processes(void)
{
	for (int t = 0; t < 2; t++) {
		struct side s = {.type = types[t]};
		int missed = 0;

		begin(&s, told_peer);
		for (int i = 0; i < TOLD && !check_failed; i++) {
			char c;

			tell(&s, (char)i, i, i % LULL == 0);
			CHECK(be_told(&s, &c, i % LULL == LULL / 2) == 1);
			missed += !there(s.fd, (char)i);
		}
		CHECK(missed == 0);
		end(&s);
	}
}

/* A process that is told of a close finds the port closed. */
static void refused_peer(struct side *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int missed = 0;

	while (read(s->in, &a.sin_port, sizeof(a.sin_port)) == sizeof(a.sin_port)) {
		int fd = socket(AF_INET, SOCK_STREAM, 0), late = socket(AF_INET, SOCK_STREAM, 0);

		connect_to(fd, a.sin_port);
		say(s);
		hear(s);
		missed += connect(late, (void *)&a, sizeof(a)) != -1 || errno != ECONNREFUSED;
		CHECK(close(fd) == 0 && close(late) == 0);
		say(s);
	}
	CHECK(missed == 0);
}

static void told_closes(void)
{
	struct side s = {.type = SOCK_STREAM};

	begin(&s, refused_peer);
	for (int i = 0; i < TOLD && !check_failed; i++) {
		uint16_t port;
		int l = bound(SOCK_STREAM, 0, &port);

		CHECK(write(s.out, &port, sizeof(port)) == sizeof(port));
		hear(&s);
		if (i % LULL == 0)
			usleep(400);
		CHECK(close(l) == 0);
		say(&s);
		hear(&s);
	}
	end(&s);
}

struct seen {
	atomic_int sent, got;
	int fd, missed;
};

/* Until *a is no longer old: spins, so that what it waits for makes no system call either. */
static int await(atomic_int *a, int old)
{
	for (long i = 0; i < 200000000; i++) {
		int now = atomic_load_explicit(a, memory_order_acquire);

		if (now != old)
			return now;
		if (i % 1000 == 999)
			sched_yield();
	}
	return old;
}

/* Sends back what it gets, so that acknowledgements aren't what's waited for. */
static void *told_thread(void *arg)
{
	struct seen *w = arg;

	for (int i = 0; i < TOLD && !check_failed; i++) {
		if (await(&w->sent, i) != i + 1)
			return "thread: nothing sent";
		w->missed += !there(w->fd, (char)i);
		w->missed += send(w->fd, &(char){(char)i}, 1, 0) != 1;
		atomic_store_explicit(&w->got, i + 1, memory_order_release);
	}
	return NULL;
}

static void told_threads(void)
{
	for (int t = 0; t < 2; t++) {
		struct seen w = {.missed = 0};
		uint16_t port, mine;
		int l = bound(types[t], 0, &port), fd, missed = 0;
		pthread_t thread;
		void *why;

		fd = types[t] == SOCK_STREAM ? socket(AF_INET, SOCK_STREAM, 0)
					     : bound(SOCK_DGRAM, 0, &mine);
		connect_to(fd, port);
		w.fd = types[t] == SOCK_STREAM ? accept(l, NULL, NULL) : l;
		if (types[t] == SOCK_DGRAM)
			connect_to(l, mine);
		tune(fd, types[t]);
		tune(w.fd, types[t]);
		CHECK(send(w.fd, "e", 1, 0) == 1);
		earn(fd);
		CHECK(send(fd, "x", 1, 0) ==
		      1); /* no other thread yet: this one is completed early */
		CHECK(pthread_create(&thread, NULL, told_thread, &w) == 0);
		CHECK(there(w.fd, 'x'));
		for (int i = 0; i < TOLD && !check_failed; i++) {
			CHECK(give(fd, &(char){(char)i}, 1, i) == 1);
			atomic_store_explicit(&w.sent, i + 1, memory_order_release);
			if (await(&w.got, i) != i + 1)
				break;
			missed += !there(fd, (char)i);
		}
		CHECK(pthread_join(thread, &why) == 0 && !why);
		CHECK(missed == 0 && w.missed == 0);
		close(fd);
		close(l);
	}
}

/* Both ends are in this process: one queue pair, nothing in between. */
static void told_oneself(void)
{
	for (int t = 0; t < 2; t++) {
		uint16_t port, mine;
		int l = bound(types[t], 0, &port), fd, peer, missed = 0;

		fd = types[t] == SOCK_STREAM ? socket(AF_INET, SOCK_STREAM, 0)
					     : bound(SOCK_DGRAM, 0, &mine);
		connect_to(fd, port);
		peer = types[t] == SOCK_STREAM ? accept(l, NULL, NULL) : l;
		if (types[t] == SOCK_DGRAM)
			connect_to(l, mine);
		tune(fd, types[t]);
		tune(peer, types[t]);
		CHECK(send(peer, "e", 1, 0) == 1);
		earn(fd);
		for (int i = 0; i < TOLD && !check_failed; i++) {
			struct pollfd p = {peer, POLLIN, 0};

			CHECK(give(fd, &(char){(char)i}, 1, i) == 1);
			if (i % 8 == 0)
				CHECK(poll(&p, 1, 0) == 1);
			missed += !there(peer, (char)i);
			CHECK(give(peer, &(char){(char)i}, 1, i) == 1);
			missed += !there(fd, (char)i);
		}
		CHECK(missed == 0);
		close(fd);
		close(l);
	}
}

/* Data are sent even if the sender makes no further call. */
static atomic_int *common;

static void spin_peer(struct side *s)
{
	char c;

	for (int i = 0; i < 100 && !check_failed; i++) {
		if (recv(s->fd, &c, 1, 0) != 1) {
			CHECK(!"arrives while the sender computes");
			break;
		}
		CHECK(send(s->fd, &c, 1, 0) == 1);
		atomic_store_explicit(common, i + 1, memory_order_release);
		/* the spinning sender may need this CPU */
		usleep(100);
	}
}

static void computing(void)
{
	common = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int t = 0; t < 2; t++) {
		struct side s = {.type = types[t]};

		atomic_store(common, 0);
		begin(&s, spin_peer);
		for (int i = 0; i < 100 && !check_failed; i++) {
			struct timespec a, b;
			int got = i;
			char c;

			CHECK(give(s.fd, "c", 1, i) == 1);
			clock_gettime(CLOCK_MONOTONIC, &a);
			do { /* no system call: the clock is the vDSO's */
				got = atomic_load_explicit(common, memory_order_acquire);
				clock_gettime(CLOCK_MONOTONIC, &b);
			} while (got == i && b.tv_sec - a.tv_sec < 10);
			CHECK(got == i + 1);
			CHECK(recv(s.fd, &c, 1, 0) == 1);
		}
		end(&s);
	}
}

/* ---- death right after a send ---- */
static void die_sending(int type, uint16_t port, int trap, int cpu)
{
	int fd = socket(AF_INET, type, 0);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
	CHECK(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0);
	connect_to(fd, port);
	CHECK(send(fd, "next to ", 8, 0) == 8); /* the first one earns */
	CHECK(send(fd, "last", 4, 0) == 4);
	if (check_failed)
		_exit(1);
	if (trap)
		__builtin_trap();
	_exit(0);
}

static void last_words(int type, int trap, int cpu)
{
	uint16_t port;
	int l = bound(type, 0, &port);

	tune(l, type);
	for (int i = 0; i < DEAD && !check_failed; i++) {
		char buf[16] = {0};
		size_t len = 0;
		ssize_t n;
		pid_t pid = fork();
		int fd = l, status;

		if (!pid)
			die_sending(type, port, trap, cpu);
		if (type == SOCK_STREAM) {
			fd = accept(l, NULL, NULL);
			tune(fd, type);
		}
		while (len < 12 && (n = recv(fd, buf + len, sizeof(buf) - len, 0)) > 0)
			len += n;
		CHECK(len == 12 && !memcmp(buf, "next to last", 12));
		if (fd != l)
			CHECK(recv(fd, buf, 1, 0) == 0 && close(fd) == 0);
		CHECK(waitpid(pid, &status, 0) == pid);
		CHECK(trap ? WIFSIGNALED(status) : status == 0);
	}
	close(l);
}

static void deaths(void)
{
	cpu_set_t set;

	CHECK(sched_getaffinity(0, sizeof(set), &set) == 0);
	for (int cpu = 0; cpu < 2; cpu++)
		for (int how = 0; how < 4 && !check_failed; how++)
			if (CPU_ISSET(cpu, &set))
				last_words(types[how & 1], how >> 1, cpu);
}

/* ---- peers that reset ---- */
static void on_sigpipe(int sig)
{
	(void)sig;
	sigpipes++;
}

static void reset(int fd)
{
	struct linger now = {1, 0};

	CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0);
	CHECK(close(fd) == 0);
}

static void resetting_peer(struct side *s)
{
	hear(s);
	reset(s->fd);
	say(s);
}

/* One call of the sequence 's'end, 'q'uiet send, 'w'rite, 'r'ecv: 1 if it reported that the
 * connection is gone. */
static int says_gone(int fd, char call)
{
	int before = sigpipes, pipe_ok;
	char c = 'd';
	ssize_t n = call == 'r'	  ? recv(fd, &c, 1, 0)
		    : call == 'w' ? write(fd, &c, 1)
				  : send(fd, &c, 1, call == 'q' ? MSG_NOSIGNAL : 0);

	pipe_ok = n == -1 && errno == EPIPE && call != 'r';
	CHECK(n == -1 ? errno == ECONNRESET || pipe_ok : call != 'r' && n == 1);
	CHECK(sigpipes - before == (pipe_ok && call != 'q'));
	return n == -1;
}

static void gone_for_good(int fd)
{
	char c;

	CHECK(recv(fd, &c, 1, 0) <= 0 && (errno != EAGAIN));
	errno = 0;
	CHECK(recv(fd, &c, 1, 0) <= 0 && errno != EAGAIN);
	CHECK(send(fd, &c, 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
}

static void resets(void)
{
	static const char *const calls[] = {"ssr", "sr", "wws", "qqr", "wr", "r", "qss", "rss"};

	signal(SIGPIPE, on_sigpipe);
	for (int round = 0; round < 40 && !check_failed; round++) {
		struct side s = {.type = SOCK_STREAM};
		const char *c = calls[round % 8];

		begin(&s, resetting_peer);
		if (round & 8)
			CHECK(give(s.fd, "p", 1, round) == 1);
		say(&s);
		hear(&s);
		while (*c && !says_gone(s.fd, *c))
			c++;
		CHECK(*c); /* it was said */
		errno = 0;
		gone_for_good(s.fd);
		end(&s);
	}
}

/* The reset comes at any moment of many sends; the first error comes with it. */
static void racing_resets(void)
{
	signal(SIGPIPE, on_sigpipe);
	for (int round = 0; round < 40 && !check_failed; round++) {
		struct side s = {.type = SOCK_STREAM};
		int i;

		begin(&s, resetting_peer);
		say(&s);
		for (i = 0; i < 20000000 && !says_gone(s.fd, "swq"[i % 3]) && !check_failed; i++)
			;
		CHECK(i < 20000000);
		hear(&s);
		errno = 0;
		gone_for_good(s.fd);
		end(&s);
	}
}

/* After a send that was accepted before the reset, the error can be queried. */
static void asked_errors(void)
{
	signal(SIGPIPE, on_sigpipe);
	for (int round = 0; round < 10 && !check_failed; round++) {
		struct side s = {.type = SOCK_STREAM};
		struct pollfd p = {.events = POLLIN | POLLOUT};
		socklen_t len = sizeof(int);
		int err = 0;
		ssize_t n;

		begin(&s, resetting_peer);
		say(&s);
		hear(&s);
		n = send(s.fd, "e", 1, 0);
		CHECK(n == 1 || errno == ECONNRESET);
		p.fd = s.fd;
		CHECK(poll(&p, 1, 0) == 1 && (p.revents & POLLHUP));
		CHECK(!(p.revents & POLLERR) == (n != 1));
		CHECK(getsockopt(s.fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0);
		CHECK(err == (n == 1 ? ECONNRESET : 0));
		CHECK(recv(s.fd, &err, 1, 0) == 0); /* it was reported once */
		end(&s);
	}
}

/* ---- a dead port ---- */
static int so_error(int fd)
{
	socklen_t len = sizeof(int);
	int err = -1;

	CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0);
	return err;
}

/* Over loopback the refusal is there when a send returns: the next call reports it, whichever it
 * is. */
static void refused(void)
{
	for (int round = 0; round < 50 && !check_failed; round++) {
		uint16_t port, mine;
		int l = bound(SOCK_DGRAM, 0, &port), fd = bound(SOCK_DGRAM, 0, &mine);
		struct pollfd p = {fd, POLLIN, 0};
		char c;

		connect_to(fd, port);
		tune(fd, SOCK_DGRAM);
		empty(fd);
		CHECK(give(fd, "1", 1, round) == 1 && there(l, '1'));
		CHECK(close(l) == 0);
		if (round & 1)
			empty(fd);
		CHECK(give(fd, "2", 1, round) == 1);
		CHECK(give(fd, "3", 1, round) == -1 && errno == ECONNREFUSED);
		CHECK(give(fd, "4", 1, round) == 1);
		CHECK(recv(fd, &c, 1, 0) == -1 && errno == ECONNREFUSED);
		empty(fd);
		CHECK(give(fd, "5", 1, round) == 1);
		CHECK(so_error(fd) == ECONNREFUSED && so_error(fd) == 0);
		empty(fd);
		CHECK(give(fd, "6", 1, round) == 1);
		CHECK(poll(&p, 1, 0) == 1 && (p.revents & POLLERR));
		CHECK(recv(fd, &c, 1, MSG_DONTWAIT) == -1 && errno == ECONNREFUSED);
		empty(fd);
		close(fd);
	}
}

/* The same when the port's owner dies in another process: the program's credit is older. */
static void dying_peer(struct side *s)
{
	hear(s);
	CHECK(close(s->fd) == 0);
	say(s);
}

static void refused_elsewhere(void)
{
	for (int round = 0; round < 20 && !check_failed; round++) {
		struct side s = {.type = SOCK_DGRAM};

		begin(&s, dying_peer);
		say(&s);
		hear(&s);
		CHECK(give(s.fd, "1", 1, round) == 1);
		if (round & 1)
			CHECK(give(s.fd, "2", 1, round) == -1 && errno == ECONNREFUSED);
		else
			CHECK(recv(s.fd, &(char){0}, 1, 0) == -1 && errno == ECONNREFUSED);
		CHECK(give(s.fd, "3", 1, round) == 1);
		end(&s);
	}
}

/* ---- the program's own calls invalidate the credit of an early completion ---- */
static void own_doings(void)
{
	struct sockaddr_in none = {.sin_family = AF_UNSPEC};

	signal(SIGPIPE, on_sigpipe);
	for (int round = 0; round < 10 && !check_failed; round++) {
		uint16_t port, mine;
		int l = bound(SOCK_STREAM, 0, &port), fd = socket(AF_INET, SOCK_STREAM, 0), peer;
		int before = sigpipes;

		connect_to(fd, port);
		peer = accept(l, NULL, NULL);
		tune(fd, SOCK_STREAM);
		CHECK(give(fd, "w", 1, round) == 1);
		CHECK(give(fd, "x", 1, round) == 1);
		CHECK(shutdown(fd, SHUT_WR) == 0);
		CHECK(write(fd, "x", 1) == -1 && errno == EPIPE && sigpipes == before + 1);
		CHECK(there(peer, 'w') && there(peer, 'x') && recv(peer, &(char){0}, 1, 0) == 0);
		close(fd);
		close(peer);
		close(l);
		l = bound(SOCK_DGRAM, 0, &port);
		fd = bound(SOCK_DGRAM, 0, &mine);
		connect_to(fd, port);
		CHECK(give(fd, "x", 1, round) == 1);
		CHECK(give(fd, "y", 1, round) == 1);
		CHECK(connect(fd, (void *)&none, sizeof(none)) == 0);
		CHECK(give(fd, "z", 1, round) == -1 && errno == EDESTADDRREQ);
		CHECK(there(l, 'x') && there(l, 'y'));
		empty(l);
		close(fd);
		close(l);
	}
}

/* ---- fork, dup and reuse of a number ---- */
static void reading_peer(struct side *s)
{
	static const char want[] = "before child parent dup other ";
	char buf[64] = {0};
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(buf) && (n = recv(s->fd, buf + len, sizeof(buf) - len, 0)) > 0)
		len += n;
	CHECK(len == strlen(want) && !strcmp(buf, want));
	say(s);
}

static void forks_and_dups(void)
{
	for (int round = 0; round < 20 && !check_failed; round++) {
		struct side s = {.type = SOCK_STREAM};
		int d, status;
		pid_t pid;

		begin(&s, reading_peer);
		CHECK(give(s.fd, "before ", 7, round) == 7);
		pid = fork();
		if (!pid)
			_exit(give(s.fd, "child ", 6, round) != 6);
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
		CHECK(give(s.fd, "parent ", 7, round) == 7);
		d = dup(s.fd);
		CHECK(give(d, "dup ", 4, round) == 4);
		CHECK(close(s.fd) == 0 && write(s.fd, "x", 1) == -1 && errno == EBADF);
		CHECK(give(d, "other ", 6, round) == 6);
		s.fd = -1;
		CHECK(close(d) == 0);
		hear(&s);
		end(&s);
	}
}

/* Replaces the fd behind the number, in each possible way. */
static int replace(int fd, int how)
{
	int fresh;

	if (how == 0) {
		CHECK(close(fd) == 0);
		fresh = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	} else {
		int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (how == 2)
			CHECK(close_range(fd, fd, 0) == 0);
		fresh = dup2(other, fd);
		CHECK(close(other) == 0);
	}
	CHECK(fresh == fd);
	return fresh;
}

struct replaced {
	int fd, how;
};

static void *replace_in_thread(void *arg)
{
	struct replaced *r = arg;

	r->fd = replace(r->fd, r->how);
	return NULL;
}

/* A send whose error wasn't reported; then its number and the domain's are another socket's. */
static void stale(int how, int thread)
{
	struct side s = {.type = SOCK_STREAM};
	uint16_t port;
	int l = bound(SOCK_STREAM, 0, &port), peer;
	struct replaced r = {.how = how};
	pthread_t t;
	ssize_t n;

	begin(&s, resetting_peer);
	say(&s);
	hear(&s);
	n = send(s.fd, "?", 1, MSG_NOSIGNAL);
	CHECK(n == 1 || errno == ECONNRESET);
	r.fd = s.fd;
	if (thread) {
		CHECK(pthread_create(&t, NULL, replace_in_thread, &r) == 0);
		CHECK(pthread_join(t, NULL) == 0);
	} else {
		replace_in_thread(&r);
	}
	if (!thread) /* before connect: nothing is known of it */
		CHECK(send(r.fd, "?", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
	connect_to(r.fd, port);
	if (check_failed)
		return; /* nobody comes */
	peer = accept(l, NULL, NULL);
	CHECK(send(r.fd, "n", 1, MSG_NOSIGNAL) == 1);
	CHECK(there(peer, 'n'));
	empty(r.fd);
	CHECK(send(r.fd, "m", 1, MSG_NOSIGNAL) == 1 && there(peer, 'm'));
	close(peer);
	close(l);
	end(&s);
}

static void stale_errors(void)
{
	for (int i = 0; i < 12 && !check_failed; i++)
		stale(i % 3, 0);
}

/* One thread closes the socket, another uses its successor. Each case is a process, see
 * run_cases(). */
static void stale_threads(void)
{
	for (int i = 0; i < 6 && !check_failed; i++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			alarm(60);
			check_failed = 0;
			stale(i % 3, 1);
			_exit(check_failed);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
}

static const struct check_case all[] = {
	{"told_processes", told_processes},
	{"told_closes", told_closes},
	{"told_threads", told_threads},
	{"told_oneself", told_oneself},
	{"computing", computing},
	{"deaths", deaths},
	{"resets", resets},
	{"racing_resets", racing_resets},
	{"asked_errors", asked_errors},
	{"refused", refused},
	{"refused_elsewhere", refused_elsewhere},
	{"own_doings", own_doings},
	{"forks_and_dups", forks_and_dups},
	{"stale_errors", stale_errors},
	{"stale_threads", stale_threads},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	return run_cases("early", all, argc, argv);
}

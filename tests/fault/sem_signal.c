// SPDX-License-Identifier: GPL-2.0
/* sem_signal.c: signals, timeouts and non-blocking mode on sockets: which calls are interrupted or
 * restarted, and what is lost. */
#include "check.h"
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t hits;

static void on_sig(int sig)
{
	(void)sig;
	hits++;
}

static int catch (int sig, int flags)
{
	struct sigaction sa = {.sa_handler = on_sig, .sa_flags = flags};

	hits = 0;
	return sigaction(sig, &sa, NULL);
}

static int eintr(void)
{
	int t[2], l;
	uint16_t port = 0;
	char c;

	CHECK(!tcp_pair(t));
	CHECK((l = tcp_listener(&port)) >= 0);
	CHECK(!catch (SIGALRM, 0));
	ualarm(30000, 0);
	CHECK_ERR(recv(t[0], &c, 1, 0), EINTR);
	ualarm(30000, 0);
	CHECK_ERR(read(t[0], &c, 1), EINTR);
	ualarm(30000, 0);
	CHECK_ERR(accept(l, NULL, NULL), EINTR);
	CHECK_EQ(hits, 3);
	CHECK(!write_all(t[1], "z", 1));
	CHECK(!read_all(t[0], &c, 1));
	CHECK_EQ(c, 'z');
	close(t[0]), close(t[1]), close(l);
	return 0;
}

struct later {
	int fd, ms;
};

static void *send_later(void *arg)
{
	struct later *l = arg;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	sleep_ms(l->ms);
	return (void *)(intptr_t)write(l->fd, "r", 1);
}

static int restart(void)
{
	int t[2];
	char c = 0;
	pthread_t th;
	void *ret;

	CHECK(!tcp_pair(t));
	CHECK(!catch (SIGALRM, SA_RESTART));
	struct later l = {t[1], 150};

	CHECK(!pthread_create(&th, NULL, send_later, &l));
	ualarm(20000, 20000);
	CHECK_EQ(recv(t[0], &c, 1, 0), 1);
	ualarm(0, 0);
	CHECK_EQ(c, 'r');
	CHECK(hits >= 1);
	CHECK(!pthread_join(th, &ret));
	CHECK_EQ((intptr_t)ret, 1);
	close(t[0]), close(t[1]);
	return 0;
}

/* A storm of signals while data flows: nothing lost, nothing twice. */
static int storm(void)
{
	enum { N = 64 * 1024, ROUNDS = 40 };
	static char out[N], in[N];
	int t[2];
	struct itimerval it = {{0, 200}, {0, 200}}, off = {{0, 0}, {0, 0}};

	CHECK(!tcp_pair(t));
	CHECK(!catch (SIGALRM, SA_RESTART));
	CHECK(!setitimer(ITIMER_REAL, &it, NULL));
	for (int r = 0; r < ROUNDS; r++) {
		fill_pattern(out, N, r);
		CHECK(!write_all(t[0], out, N));
		CHECK(!read_all(t[1], in, N));
		CHECK(!check_pattern(in, N, r));
	}
	CHECK(!setitimer(ITIMER_REAL, &off, NULL));
	close(t[0]), close(t[1]);
	return 0;
}

static int sigpipe(void)
{
	int t[2];
	char c;

	CHECK(!tcp_pair(t));
	CHECK(!catch (SIGPIPE, 0));
	CHECK(!shutdown(t[0], SHUT_WR));
	CHECK_ERR(send(t[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(hits, 0);
	CHECK_ERR(write(t[0], "x", 1), EPIPE);
	CHECK_EQ(hits, 1);
	CHECK_ERR(send(t[0], "x", 1, 0), EPIPE);
	CHECK_EQ(hits, 2);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(t[0], "x", 1), EPIPE);
	signal(SIGPIPE, SIG_DFL);
	CHECK_EQ(read(t[1], &c, 1), 0);
	close(t[0]), close(t[1]);
	return 0;
}

static int timeouts(void)
{
	int u[2];
	char c;
	struct timeval tv = {0, 60000}, got;
	socklen_t len = sizeof(got);
	int64_t t0;

	CHECK(!udp_pair(u));
	CHECK(!setsockopt(u[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	CHECK(!getsockopt(u[0], SOL_SOCKET, SO_RCVTIMEO, &got, &len));
	CHECK_EQ(len, sizeof(got));
	CHECK_EQ(got.tv_sec, 0);
	t0 = now_ns();
	CHECK_ERR(recv(u[0], &c, 1, 0), EAGAIN);
	CHECK(now_ns() - t0 >= 55 * 1000000LL);
	CHECK(!write_all(u[1], "q", 1));
	CHECK_EQ(recv(u[0], &c, 1, 0), 1);
	close(u[0]), close(u[1]);
	return 0;
}

static int nonblock(void)
{
	static char big[1 << 16];
	int t[2], one = 1, n;
	long sent = 0, got = 0;
	ssize_t r;

	CHECK(!tcp_pair(t));
	CHECK_ERR(recv(t[0], big, 1, MSG_DONTWAIT), EAGAIN);
	CHECK(!ioctl(t[0], FIONBIO, &one));
	CHECK(!fcntl(t[1], F_SETFL, fcntl(t[1], F_GETFL) | O_NONBLOCK));
	CHECK_ERR(read(t[0], big, 1), EAGAIN);
	while ((r = write(t[0], big, sizeof(big))) > 0)
		sent += r;
	int full = errno;

	CHECK_EQ(full, EAGAIN);
	CHECK(sent > 0);
	for (int idle = 0; got < sent && idle < 1000; idle++) {
		while ((r = read(t[1], big, sizeof(big))) > 0)
			got += r, idle = 0;
		CHECK_EQ(r, -1);
		sleep_ms(1);
	}
	CHECK_EQ(got, sent);
	CHECK(!write_all(t[0], "1234567", 7));
	for (n = 0; n != 7;)
		CHECK(!ioctl(t[1], FIONREAD, &n));
	close(t[0]), close(t[1]);
	return 0;
}

static void *recv_and_say(void *arg)
{
	char c;
	ssize_t r = recv(*(int *)arg, &c, 1, 0);

	return (void *)(intptr_t)(r < 0 ? -errno : r);
}

/* A signal aimed at one thread interrupts that thread only. */
static int directed(void)
{
	int a[2], b[2];
	pthread_t ta, tb;
	void *ret;

	CHECK(!tcp_pair(a));
	CHECK(!tcp_pair(b));
	CHECK(!catch (SIGUSR1, 0));
	CHECK(!pthread_create(&ta, NULL, recv_and_say, &a[0]));
	CHECK(!pthread_create(&tb, NULL, recv_and_say, &b[0]));
	sleep_ms(50);
	CHECK(!pthread_kill(ta, SIGUSR1));
	CHECK(!pthread_join(ta, &ret));
	CHECK_EQ((intptr_t)ret, -EINTR);
	CHECK_EQ(hits, 1);
	CHECK(!write_all(b[1], "b", 1));
	CHECK(!pthread_join(tb, &ret));
	CHECK_EQ((intptr_t)ret, 1);
	close(a[0]), close(a[1]), close(b[0]), close(b[1]);
	return 0;
}

/* A handler that makes socket calls during another socket call. */
static int side[2];

static void on_sig_send(int sig)
{
	int e = errno;

	(void)sig;
	hits += write(side[0], "h", 1) == 1;
	errno = e;
}

static int handler_calls(void)
{
	int t[2];
	char c;
	struct sigaction sa = {.sa_handler = on_sig_send, .sa_flags = SA_RESTART};
	pthread_t th;

	CHECK(!tcp_pair(t));
	CHECK(!tcp_pair(side));
	hits = 0;
	CHECK(!sigaction(SIGALRM, &sa, NULL));
	struct later l = {t[1], 100};

	CHECK(!pthread_create(&th, NULL, send_later, &l));
	ualarm(20000, 0);
	CHECK_EQ(recv(t[0], &c, 1, 0), 1);
	CHECK_EQ(hits, 1);
	CHECK(!read_all(side[1], &c, 1));
	CHECK_EQ(c, 'h');
	CHECK(!pthread_join(th, NULL));
	close(t[0]), close(t[1]), close(side[0]), close(side[1]);
	return 0;
}

/* A domain sends no signals, so a request for them must fail: otherwise the program would wait
 * forever. */
static int sigio(void)
{
	int t[2], on = 1, off = 0, hooked = check_hooked();

	CHECK(!tcp_pair(t));
	int flags = fcntl(t[0], F_GETFL);
	CHECK_EQ(fcntl(t[0], F_SETFL, flags | O_ASYNC), hooked ? -1 : 0);
	CHECK_EQ(ioctl(t[0], FIOASYNC, &on), hooked ? -1 : 0);
	CHECK(!ioctl(t[0], FIOASYNC, &off));
	CHECK_EQ(fcntl(t[0], F_GETFL), flags);
	CHECK(!fcntl(t[0], F_SETFL, flags | O_NONBLOCK));
	close(t[0]), close(t[1]);
	return 0;
}

static const struct test_case cases[] = {
	{"eintr", eintr},	{"restart", restart},
	{"storm", storm},	{"sigpipe", sigpipe},
	{"timeouts", timeouts}, {"nonblock", nonblock},
	{"directed", directed}, {"handler_calls", handler_calls},
	{"sigio", sigio},
};

int main(int argc, char **argv)
{
	return check_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}

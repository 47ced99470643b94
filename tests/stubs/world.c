// SPDX-License-Identifier: GPL-2.0
/* world.c: the fixtures a case finds: sockets of every kind, connected, with data waiting. All non-blocking. */
#include "stub_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define P(x) ((u64)(uintptr_t)(x))

static const char *const names[FX_COUNT] = {
	"tcp_listen", "tcp_a",	"tcp_b",    "tcp_pending", "tcp_new", "udp_a",	"udp_b",
	"unix_a",     "unix_b", "unixd_a",  "unixd_b",	   "epoll",   "pipe_r", "pipe_w",
};

bool world_patient;
static bool has_inet, has_unix, has_epoll, has_pipe;

/* A socket can be made. */
static bool family(struct side *s, int af)
{
	long fd = st_stub(SYS_socket) ? side_call(s, SYS_socket, (u64)af, SOCK_STREAM, 0, 0, 0, 0) : -ENOSYS;

	if (fd >= 0)
		side_call(s, SYS_close, (u64)fd, 0, 0, 0, 0, 0);
	return fd >= 0;
}

void world_probe(struct side *s)
{
	bool fds = st_stub(SYS_close) && (st_stub(SYS_dup2) || st_stub(SYS_dup3) || st_stub(SYS_fcntl));

	if (!fds)
		printf("no fixtures: they need close, and dup2, dup3 or fcntl\n");
	has_inet = fds && family(s, AF_INET);
	has_unix = fds && st_stub(SYS_socketpair) && family(s, AF_UNIX);
	has_epoll = has_inet && st_stub(SYS_epoll_create1);
	has_pipe = fds && st_stub(SYS_pipe2);
	printf("fixtures:%s%s%s%s\n", has_inet ? " tcp udp" : "", has_unix ? " unix" : "", has_epoll ? " epoll" : "",
	       has_pipe ? " pipe" : "");
}

int world_fixture(const char *name)
{
	for (int i = 0; i < FX_COUNT; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

const char *world_name(int fixture)
{
	return names[fixture];
}

static long need(struct side *s, const char *what, long r)
{
	if (r < 0)
		st_die("%s: cannot make the fixtures: %s: %s", s->name, what, strerror((int)-r));
	return r;
}

/* With whichever call the domain has for it. */
static long renumber(struct side *s, long fd, int to)
{
	if (st_stub(SYS_dup2))
		return side_call(s, SYS_dup2, (u64)fd, (u64)to, 0, 0, 0, 0);
	if (st_stub(SYS_dup3))
		return side_call(s, SYS_dup3, (u64)fd, (u64)to, 0, 0, 0, 0);
	return side_call(s, SYS_fcntl, (u64)fd, F_DUPFD, (u64)to, 0, 0, 0);
}

/* Give fixture i its fixed number and make it non-blocking. */
static void settle(struct side *s, int i, long fd)
{
	if (need(s, names[i], renumber(s, fd, FX_FD(i))) != FX_FD(i))
		st_die("%s: fixture %s: fd %d is taken", s->name, names[i], FX_FD(i));
	need(s, "close", side_call(s, SYS_close, (u64)fd, 0, 0, 0, 0, 0));
	if (i != FX_PIPE_R && i != FX_PIPE_W && i != FX_EPOLL)
		need(s, "fcntl", side_call(s, SYS_fcntl, FX_FD(i), F_SETFL, O_RDWR | O_NONBLOCK, 0, 0, 0));
	s->there[i] = true;
}

static struct sockaddr_in loopback(u16 port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = port};

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sa;
}

static long bound(struct side *s, int i, int type, u16 ports[FX_COUNT])
{
	long fd = need(s, "socket", side_call(s, SYS_socket, AF_INET, (u64)type, 0, 0, 0, 0));
	struct sockaddr_in sa = loopback(ports[i]);
	int one = 1;
	socklen_t len = sizeof(sa);

	if (type == SOCK_STREAM)
		side_call(s, SYS_setsockopt, (u64)fd, SOL_SOCKET, SO_REUSEADDR, P(&one), sizeof(one), 0);
	need(s, names[i], side_call(s, SYS_bind, (u64)fd, P(&sa), sizeof(sa), 0, 0, 0));
	need(s, names[i], side_call(s, SYS_getsockname, (u64)fd, P(&sa), P(&len), 0, 0, 0));
	ports[i] = s->port[i] = sa.sin_port;
	return fd;
}

static long poll_in(struct side *s, int i, int ms)
{
	struct pollfd p = {.fd = FX_FD(i), .events = POLLIN};

	return st_stub(SYS_poll) ? side_call(s, SYS_poll, P(&p), 1, (u64)ms, 0, 0, 0) : 0;
}

static void wait_in(struct side *s, int i)
{
	need(s, "poll", poll_in(s, i, 2000));
}

static void send_some(struct side *s, int i, char c, size_t n)
{
	char data[256];

	for (size_t k = 0; k < n; k++)
		data[k] = (char)(c + k % 26);
	need(s, names[i], side_call(s, SYS_sendto, FX_FD(i), P(data), n, MSG_DONTWAIT, 0, 0));
}

static void make_tcp(struct side *s, u16 ports[FX_COUNT])
{
	struct sockaddr_in sa;
	long l = bound(s, FX_TCP_LISTEN, SOCK_STREAM, ports), a, b;

	need(s, "listen", side_call(s, SYS_listen, (u64)l, 8, 0, 0, 0, 0));
	sa = loopback(ports[FX_TCP_LISTEN]);
	a = bound(s, FX_TCP_A, SOCK_STREAM, ports);
	need(s, "connect", side_call(s, SYS_connect, (u64)a, P(&sa), sizeof(sa), 0, 0, 0));
	b = need(s, "accept", side_call(s, SYS_accept, (u64)l, 0, 0, 0, 0, 0));
	settle(s, FX_TCP_A, a);
	settle(s, FX_TCP_B, b);
	a = bound(s, FX_TCP_PENDING, SOCK_STREAM, ports);
	need(s, "connect", side_call(s, SYS_connect, (u64)a, P(&sa), sizeof(sa), 0, 0, 0));
	settle(s, FX_TCP_PENDING, a);
	settle(s, FX_TCP_LISTEN, l);
	wait_in(s, FX_TCP_LISTEN);
	settle(s, FX_TCP_NEW, need(s, "socket", side_call(s, SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0)));
	send_some(s, FX_TCP_A, 'a', 64);
	wait_in(s, FX_TCP_B);
}

static void make_udp(struct side *s, u16 ports[FX_COUNT])
{
	struct sockaddr_in sa;

	settle(s, FX_UDP_A, bound(s, FX_UDP_A, SOCK_DGRAM, ports));
	settle(s, FX_UDP_B, bound(s, FX_UDP_B, SOCK_DGRAM, ports));
	sa = loopback(ports[FX_UDP_B]);
	need(s, "connect", side_call(s, SYS_connect, FX_FD(FX_UDP_A), P(&sa), sizeof(sa), 0, 0, 0));
	send_some(s, FX_UDP_A, 'A', 64);
	send_some(s, FX_UDP_A, 'K', 32);
	wait_in(s, FX_UDP_B);
}

static void make_unix(struct side *s, int type, int i, int k)
{
	int fds[2];

	need(s, "socketpair", side_call(s, SYS_socketpair, AF_UNIX, (u64)type, 0, P(fds), 0, 0));
	settle(s, i, fds[0]);
	settle(s, k, fds[1]);
	send_some(s, i, '0', 64);
	wait_in(s, k);
}

static void make_epoll(struct side *s)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 0x1122334455667788ull};

	settle(s, FX_EPOLL, need(s, "epoll_create1", side_call(s, SYS_epoll_create1, 0, 0, 0, 0, 0, 0)));
	need(s, "epoll_ctl",
	     side_call(s, SYS_epoll_ctl, FX_FD(FX_EPOLL), EPOLL_CTL_ADD, FX_FD(FX_UDP_B), P(&ev), 0, 0));
}

static void make_pipe(struct side *s)
{
	char data[64];
	int fds[2];

	need(s, "pipe2", side_call(s, SYS_pipe2, P(fds), O_NONBLOCK, 0, 0, 0, 0));
	settle(s, FX_PIPE_R, fds[0]);
	settle(s, FX_PIPE_W, fds[1]);
	memset(data, 'p', sizeof(data));
	need(s, "pipe", side_call(s, SYS_write, FX_FD(FX_PIPE_W), P(data), sizeof(data), 0, 0, 0));
}

void world_make(struct side *s, u16 ports[FX_COUNT])
{
	memset(s->there, 0, sizeof(s->there));
	if (has_inet) {
		make_tcp(s, ports);
		make_udp(s, ports);
	}
	if (has_unix) {
		make_unix(s, SOCK_STREAM, FX_UNIX_A, FX_UNIX_B);
		make_unix(s, SOCK_DGRAM, FX_UNIXD_A, FX_UNIXD_B);
	}
	if (has_epoll)
		make_epoll(s);
	if (has_pipe)
		make_pipe(s);
}

static bool is_socket(int i)
{
	return i < FX_EPOLL;
}

void world_end(struct side *s)
{
	struct linger reset = {.l_onoff = 1};

	for (int i = 0; i < FX_COUNT; i++) {
		if (!s->there[i])
			continue;
		/* no TIME_WAIT: the ports are wanted again on the other side */
		if (is_socket(i))
			side_call(s, SYS_setsockopt, FX_FD(i), SOL_SOCKET, SO_LINGER, P(&reset), sizeof(reset), 0);
		side_call(s, SYS_close, FX_FD(i), 0, 0, 0, 0, 0);
	}
}

/* ---- state ---- */

static const struct { int level, opt; } options[] = {
	{SOL_SOCKET, SO_TYPE},	    {SOL_SOCKET, SO_KEEPALIVE}, {SOL_SOCKET, SO_BROADCAST}, {SOL_SOCKET, SO_ACCEPTCONN},
	{IPPROTO_TCP, TCP_NODELAY}, {IPPROTO_TCP, TCP_KEEPIDLE}, {IPPROTO_TCP, TCP_DEFER_ACCEPT},
	{IPPROTO_IP, IP_TTL},	    {IPPROTO_IP, IP_TOS},
};

static u32 sum(u32 h, const u8 *p, size_t n)
{
	while (n--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

__attribute__((format(printf, 3, 4))) static void add(char *buf, size_t size, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, size - n, fmt, ap);
	va_end(ap);
}

static long take_some(struct side *s, int i, u8 *data, size_t size)
{
	long r;

	do
		r = is_socket(i) ? side_call(s, SYS_recvfrom, FX_FD(i), P(data), size, MSG_DONTWAIT, 0, 0)
				 : side_call(s, SYS_read, FX_FD(i), P(data), size, 0, 0, 0);
	while (r == -EAGAIN && world_patient && poll_in(s, i, 20) > 0);
	return r;
}

/* Everything that can be read from it now. Ends with "end" or an error other than "nothing now". */
static void drain(struct side *s, int i, char *buf, size_t size)
{
	static u8 data[256 * 1024];
	u32 h = 2166136261u;
	size_t all = 0, parts = 0;
	long r;

	while ((r = take_some(s, i, data, sizeof(data))) > 0) {
		h = sum(h, data, (size_t)r);
		all += (size_t)r;
		parts++;
	}
	add(buf, size, "%s: %zu bytes %08x", names[i], all, h);
	if (i == FX_UDP_B || i == FX_UNIXD_B)
		add(buf, size, " in %zu", parts);
	add(buf, size, r == 0 ? " end\n" : " %s\n", strerror((int)-r));
}

static void events(struct side *s, char *buf, size_t size)
{
	struct epoll_event ev[8];
	long n = side_call(s, SYS_epoll_wait, FX_FD(FX_EPOLL), P(ev), 8, 0, 0, 0);

	add(buf, size, "epoll: %ld", n);
	for (long i = 0; i < n; i++)
		add(buf, size, " %x:%llx", ev[i].events, (unsigned long long)ev[i].data.u64);
	add(buf, size, "\n");
}

void world_state(struct side *s, char *buf, size_t size)
{
	for (int i = FX_COUNT - 1; i >= 0; i--) { /* epoll before what it watches is drained */
		if (!s->there[i])
			continue;
		add(buf, size, "%s:", names[i]);
		if (st_stub(SYS_fcntl))
			add(buf, size, " flags %lx fd %lx", side_call(s, SYS_fcntl, FX_FD(i), F_GETFL, 0, 0, 0, 0),
			    side_call(s, SYS_fcntl, FX_FD(i), F_GETFD, 0, 0, 0, 0));
		for (size_t k = 0; k < sizeof(options) / sizeof(options[0]) && is_socket(i); k++) {
			int v = -1;
			socklen_t len = sizeof(v);
			long r = side_call(s, SYS_getsockopt, FX_FD(i), (u64)options[k].level, (u64)options[k].opt, P(&v), P(&len), 0);

			add(buf, size, " %ld:%d", r, r ? 0 : v);
		}
		add(buf, size, "\n");
		if (i == FX_EPOLL)
			events(s, buf, size);
		else if (i != FX_TCP_LISTEN && i != FX_PIPE_W)
			drain(s, i, buf, size);
	}
}

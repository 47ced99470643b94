// SPDX-License-Identifier: GPL-2.0
/* world_net.c: sockets of every kind, connected, with data waiting. All non-blocking. */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

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
		side_call(s, SYS_setsockopt, (u64)fd, SOL_SOCKET, SO_REUSEADDR, P(&one),
			  sizeof(one), 0);
	need(s, world_name(i), side_call(s, SYS_bind, (u64)fd, P(&sa), sizeof(sa), 0, 0, 0));
	need(s, world_name(i), side_call(s, SYS_getsockname, (u64)fd, P(&sa), P(&len), 0, 0, 0));
	ports[i] = s->port[i] = sa.sin_port;
	return fd;
}

long poll_in(struct side *s, int i, int ms)
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
	need(s, world_name(i), side_call(s, SYS_sendto, FX_FD(i), P(data), n, MSG_DONTWAIT, 0, 0));
}

static void make_tcp(struct side *s, u16 ports[FX_COUNT])
{
	struct sockaddr_in sa;
	long l = bound(s, FX_tcp_listen, SOCK_STREAM, ports), a, b;

	need(s, "listen", side_call(s, SYS_listen, (u64)l, 8, 0, 0, 0, 0));
	sa = loopback(ports[FX_tcp_listen]);
	a = bound(s, FX_tcp_a, SOCK_STREAM, ports);
	need(s, "connect", side_call(s, SYS_connect, (u64)a, P(&sa), sizeof(sa), 0, 0, 0));
	b = need(s, "accept", side_call(s, SYS_accept, (u64)l, 0, 0, 0, 0, 0));
	settle_nonblock(s, FX_tcp_a, a);
	settle_nonblock(s, FX_tcp_b, b);
	a = bound(s, FX_tcp_pending, SOCK_STREAM, ports);
	need(s, "connect", side_call(s, SYS_connect, (u64)a, P(&sa), sizeof(sa), 0, 0, 0));
	settle_nonblock(s, FX_tcp_pending, a);
	settle_nonblock(s, FX_tcp_listen, l);
	wait_in(s, FX_tcp_listen);
	settle_nonblock(
		s, FX_tcp_new,
		need(s, "socket", side_call(s, SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0)));
	send_some(s, FX_tcp_a, 'a', 64);
	wait_in(s, FX_tcp_b);
}

static void make_udp(struct side *s, u16 ports[FX_COUNT])
{
	struct sockaddr_in sa;

	settle_nonblock(s, FX_udp_a, bound(s, FX_udp_a, SOCK_DGRAM, ports));
	settle_nonblock(s, FX_udp_b, bound(s, FX_udp_b, SOCK_DGRAM, ports));
	sa = loopback(ports[FX_udp_b]);
	need(s, "connect", side_call(s, SYS_connect, FX_FD(FX_udp_a), P(&sa), sizeof(sa), 0, 0, 0));
	send_some(s, FX_udp_a, 'A', 64);
	send_some(s, FX_udp_a, 'K', 32);
	wait_in(s, FX_udp_b);
}

static void make_unix(struct side *s, int type, int i, int k)
{
	int fds[2];

	need(s, "socketpair", side_call(s, SYS_socketpair, AF_UNIX, (u64)type, 0, P(fds), 0, 0));
	settle_nonblock(s, i, fds[0]);
	settle_nonblock(s, k, fds[1]);
	send_some(s, i, '0', 64);
	wait_in(s, k);
}

static const struct {
	int level, opt;
} options[] = {
	{SOL_SOCKET, SO_TYPE},		 {SOL_SOCKET, SO_KEEPALIVE}, {SOL_SOCKET, SO_BROADCAST},
	{SOL_SOCKET, SO_ACCEPTCONN},	 {IPPROTO_TCP, TCP_NODELAY}, {IPPROTO_TCP, TCP_KEEPIDLE},
	{IPPROTO_TCP, TCP_DEFER_ACCEPT}, {IPPROTO_IP, IP_TTL},	     {IPPROTO_IP, IP_TOS},
};

static long take_some(struct side *s, int i, bool socket, u8 *data, size_t size)
{
	long r;

	do
		r = socket ? side_call(s, SYS_recvfrom, FX_FD(i), P(data), size, MSG_DONTWAIT, 0, 0)
			   : side_call(s, SYS_read, FX_FD(i), P(data), size, 0, 0, 0);
	while (r == -EAGAIN && world_patient && poll_in(s, i, 20) > 0);
	return r;
}

/* Everything that can be read from it now. Ends with "end" or an error other than "nothing now". */
void drain(struct side *s, int i, bool socket, char *buf, size_t size)
{
	static u8 data[256 * 1024];
	u32 h = SUM_START;
	size_t all = 0, parts = 0;
	long r;

	while ((r = take_some(s, i, socket, data, sizeof(data))) > 0) {
		h = sum(h, data, (size_t)r);
		all += (size_t)r;
		parts++;
	}
	add(buf, size, "%s: %zu bytes %08x", world_name(i), all, h);
	if (i == FX_udp_b || i == FX_unixd_b)
		add(buf, size, " in %zu", parts);
	add(buf, size, r == 0 ? " end\n" : " %s\n", strerror((int)-r));
}

/* A socket can be made. */
static bool family(struct side *s, int af, int type)
{
	long fd = side_call(s, SYS_socket, (u64)af, (u64)type, 0, 0, 0, 0);

	if (fd >= 0)
		side_call(s, SYS_close, (u64)fd, 0, 0, 0, 0, 0);
	return fd >= 0;
}

static bool can_tcp(struct side *s)
{
	return family(s, AF_INET, SOCK_STREAM);
}

static bool can_udp(struct side *s)
{
	return family(s, AF_INET, SOCK_DGRAM);
}

static bool can_unix(struct side *s)
{
	return family(s, AF_UNIX, SOCK_STREAM);
}

static void make_pairs(struct side *s, u16 ports[FX_COUNT])
{
	(void)ports;
	make_unix(s, SOCK_STREAM, FX_unix_a, FX_unix_b);
	make_unix(s, SOCK_DGRAM, FX_unixd_a, FX_unixd_b);
}

/* No TIME_WAIT: the ports are needed again on the other side. */
static void reset(struct side *s)
{
	struct linger now = {.l_onoff = 1};

	for (int i = FX_tcp_listen; i <= FX_tcp_new; i++)
		side_call(s, SYS_setsockopt, FX_FD(i), SOL_SOCKET, SO_LINGER, P(&now), sizeof(now),
			  0);
}

static void state_of(struct side *s, int i, char *buf, size_t size)
{
	add(buf, size, "%s:", world_name(i));
	for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
		int v = -1;
		socklen_t len = sizeof(v);
		long r = side_call(s, SYS_getsockopt, FX_FD(i), (u64)options[k].level,
				   (u64)options[k].opt, P(&v), P(&len), 0);

		add(buf, size, " %ld:%d", r, r ? 0 : v);
	}
	add(buf, size, "\n");
	if (i != FX_tcp_listen)
		drain(s, i, true, buf, size);
}

static void state_tcp(struct side *s, char *buf, size_t size)
{
	for (int i = FX_tcp_new; i >= FX_tcp_listen; i--)
		state_of(s, i, buf, size);
}

static void state_udp(struct side *s, char *buf, size_t size)
{
	for (int i = FX_udp_b; i >= FX_udp_a; i--)
		state_of(s, i, buf, size);
}

static void state_unix(struct side *s, char *buf, size_t size)
{
	for (int i = FX_unixd_b; i >= FX_unix_a; i--)
		state_of(s, i, buf, size);
}

static const u16 tcp_needs[] = {SYS_socket, SYS_bind,	     SYS_listen,     SYS_connect,
				SYS_accept, SYS_getsockname, SYS_setsockopt, SYS_getsockopt,
				SYS_sendto, SYS_recvfrom,    SYS_fcntl,	     0xffff};
static const u16 udp_needs[] = {SYS_socket,	 SYS_bind,	 SYS_connect,
				SYS_getsockname, SYS_getsockopt, SYS_sendto,
				SYS_recvfrom,	 SYS_fcntl,	 0xffff};
static const u16 unix_needs[] = {SYS_socket,	 SYS_socketpair, SYS_sendto, SYS_recvfrom,
				 SYS_getsockopt, SYS_fcntl,	 0xffff};

const struct maker maker_tcp = {
	.name = "tcp",
	.first = FX_tcp_listen,
	.last = FX_tcp_new,
	.needs = tcp_needs,
	.can = can_tcp,
	.make = make_tcp,
	.state = state_tcp,
	.before_close = reset,
};
const struct maker maker_udp = {
	.name = "udp",
	.first = FX_udp_a,
	.last = FX_udp_b,
	.needs = udp_needs,
	.can = can_udp,
	.make = make_udp,
	.state = state_udp,
};
const struct maker maker_unix = {
	.name = "unix",
	.first = FX_unix_a,
	.last = FX_unixd_b,
	.needs = unix_needs,
	.can = can_unix,
	.make = make_pairs,
	.state = state_unix,
};

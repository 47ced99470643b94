/* SPDX-License-Identifier: MIT */
/*
 * attach.c: the client's side of sd/control.h: a connection to the supervisor becomes a channel
 * with its region and wake-up page mapped.
 */
#include "channel/channel.h"
#include <sd/control_msg.h>

#define ATTACH_SECONDS 5

static void set_timeouts(long sock)
{
	struct sd_timespec tv = {ATTACH_SECONDS, 0};

	sys(__NR_setsockopt, sock, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	sys(__NR_setsockopt, sock, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

static long open_socket(const char *path)
{
	struct {
		u16 family;
		char path[108];
	} a = {AF_UNIX, {0}};
	long fd = sys(__NR_socket, AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0), err;

	if (fd < 0)
		return fd;
	set_timeouts(fd);
	sd_stpcpy(a.path, path);
	err = sys(__NR_connect, fd, &a, sizeof(a));
	if (!err)
		return fd;
	sys(__NR_close, fd);
	return err;
}

/* Receives one packet: its length, or -errno. Descriptors that came with it are the caller's;
 * *flags is set to msg_flags. */
static long ctl_receive(long sock, u32 *flags, struct sd_ctl_msg *m, struct sd_ctl_came *came)
{
	union sd_ctl_room room;
	struct iovec iov = {m, sizeof(*m)};
	struct sd_msghdr h = {
		.iov = (u64)&iov, .iovlen = 1, .control = (u64)&room, .controllen = sizeof(room)};
	long got = sys(__NR_recvmsg, sock, &h, MSG_CMSG_CLOEXEC | *flags);

	sd_ctl_take(came, &room, got < 0 ? 0 : h.controllen);
	*flags = h.flags;
	return got;
}

static void close_came(struct sd_ctl_came *came)
{
	while (came->nfds)
		sys(__NR_close, came->fd[--came->nfds]);
}

/* Supervisor or image have another ABI hash: reported once, since every call ends here. */
static long say_alien(u32 dom, const char *who, u32 its, u32 ours)
{
	static u32 said;
	char place[64], cause[128], *p;

	if (__atomic_exchange_n(&said, 1, __ATOMIC_RELAXED))
		return -EPROTO;
	p = sd_stpcpy(place, sd_domain[dom].stubs->name);
	sd_stpcpy(p, who);
	p = sd_stpcpy(cause, "was built for another ABI than this launcher (hash ");
	p = sd_stpcpy(sd_xtoa(p, its), ", here ");
	sd_stpcpy(sd_xtoa(p, ours), ")");
	sd_say(SD_LOG_ERROR, place, cause,
	       "run " SD_REBUILD ", stop the domain with `kdom down` and start it again");
	return -EPROTO;
}

/* Of a supervisor's message with another ABI hash only the head may be read. */
static long ctl_check(u32 dom, const struct sd_ctl_msg *m, u64 len, u32 flags, u16 of, u32 nfds)
{
	enum sd_ctl_verdict v = sd_ctl_check(SD_CTL_TO_CLIENT, m, len, flags, nfds);

	if (!len)
		return -EREMOTEIO;
	if (v == SD_CTL_BAD || m->type != SD_CTL_REPLY || m->seq != 1 || m->of != of)
		return -EPROTO;
	if (v == SD_CTL_ALIEN)
		return say_alien(dom, "'s supervisor", m->abi, SD_ABI);
	return v == SD_CTL_GOOD ? m->result : -EPROTO;
}

/* The transport for a domain's programs, or NULL: this launcher lacks it. */
static const struct sd_client_side *transport_of(const char name[SD_TRANSPORT_MAX])
{
	const struct sd_client_side *tr = sd_transport_client(name[0] ? name : NULL);

	return tr && tr->map ? tr : NULL;
}

/* Reported once, since every call ends here. */
static long say_no_transport(u32 dom, const char *name)
{
	static u32 said;
	char cause[96];

	if (__atomic_exchange_n(&said, 1, __ATOMIC_RELAXED))
		return -EPROTO;
	sd_stpcpy(sd_stpcpy(sd_stpcpy(cause, "programs come to it by the transport \""), name),
		  "\", which this launcher lacks");
	sd_say(SD_LOG_ERROR, sd_domain[dom].stubs->name, cause,
	       "build the launcher with it (cmake -DKSLICE_TRANSPORTS=...), or the image with another one (its "
	       "spec's \"transport\")");
	return -EPROTO;
}

static long check_attached(u32 dom, const struct sd_ctl_msg *m)
{
	u32 ours = sd_domain[dom].stubs->abi;

	if (m->u.attach.transport[SD_TRANSPORT_MAX - 1])
		return -EPROTO;
	if (!transport_of(m->u.attach.transport))
		return say_no_transport(dom, m->u.attach.transport);
	if (m->u.attach.stubs != ours)
		return say_alien(dom, "'s image", m->u.attach.stubs, ours);
	return m->u.attach.region_size == SD_REGION_SIZE ? 0 : -EPROTO;
}

/* over: the lifeline to send over, along with pass, the other end of the socket for the reply;
 * -1: sends over sock. */
static long send_request(long sock, struct sd_ctl_msg *m, long over, s32 pass)
{
	union sd_ctl_room room;
	struct iovec iov = {m, sizeof(*m)};
	struct sd_msghdr h = {.iov = (u64)&iov, .iovlen = 1, .control = (u64)&room};
	u32 nfds = over >= 0;
	long n;

	m->seq = 1;
	sd_ctl_seal(m, nfds);
	h.controllen = sd_ctl_give(&room, &pass, nfds);
	n = sys(__NR_sendmsg, nfds ? over : sock, &h, MSG_NOSIGNAL);
	return n < 0 ? n : 0;
}

/* Sends *m; returns the socket on which the supervisor will answer, or -errno. */
static long ctl_ask(u32 dom, struct sd_ctl_msg *m, s32 lifeline)
{
	long sock, err;
	s32 pair[2];

	if (lifeline < 0) {
		sock = open_socket(sd_domain[dom].path);
		if (sock < 0)
			return sock == -ENOENT || sock == -ECONNREFUSED ? -EREMOTEIO : sock;
		err = send_request(sock, m, -1, -1);
	} else {
		err = sys(__NR_socketpair, AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0, pair);
		if (err)
			return err;
		sock = pair[0];
		set_timeouts(sock);
		err = send_request(sock, m, lifeline, pair[1]);
		sys(__NR_close, pair[1]);
		if (err == -EPIPE || err == -ECONNRESET || err == -ENOTCONN)
			err = -EREMOTEIO;
	}
	if (err)
		sys(__NR_close, sock);
	return err ?: sock;
}

/* Sends a request `type`, the rest of *m being filled in; *m becomes the answer. Returns the
 * socket, or -errno with nothing left in *came. */
static long ctl_request(u32 dom, u16 type, struct sd_ctl_msg *m, s32 lifeline,
			struct sd_ctl_came *came)
{
	/* A ticket's answer stays in the socket: it tells the receiver what the socket is. */
	u32 flags = type == SD_CTL_TICKET ? MSG_PEEK : 0;
	long sock, n;

	m->type = type;
	sock = ctl_ask(dom, m, lifeline);
	if (sock < 0)
		return sock;
	n = ctl_receive(sock, &flags, m, came);
	n = n < 0 ? (n == -EAGAIN ? -ETIMEDOUT : n) : ctl_check(dom, m, n, flags, type, came->nfds);
	if (!n && type == SD_CTL_ATTACH)
		n = check_attached(dom, m);
	if (!n)
		return sock;
	close_came(came);
	sys(__NR_close, sock);
	return n;
}

long sd_ticket_hold(struct sd_thread *t, u32 dom, const u64 key[2])
{
	struct sd_ctl_msg m = {0};
	struct sd_ctl_came came;
	long sock;

	memcpy(m.u.ticket.key, key, sizeof(m.u.ticket.key));
	sock = ctl_request(dom, SD_CTL_TICKET, &m, t->files->chan[dom]->fd[SD_FD_LIFE], &came);
	if (sock >= 0)
		close_came(&came);
	return sock;
}

/* The memory of a mapped file (sd/share.h): an fd, or -errno. */
long sd_share_fd(struct sd_thread *t, u32 dom, const u64 key[2])
{
	struct sd_ctl_msg m = {0};
	struct sd_ctl_came came;
	struct sd_stat st;
	long sock;

	memcpy(m.u.ticket.key, key, sizeof(m.u.ticket.key));
	sock = ctl_request(dom, SD_CTL_SHARE, &m, t->files->chan[dom]->fd[SD_FD_LIFE], &came);
	if (sock < 0)
		return sock;
	sys(__NR_close, sock);
	if (!sys(__NR_fstat, came.fd[0], &st) && st.size == SD_SHARE_SIZE)
		return came.fd[0];
	close_came(&came);
	return -EPROTO;
}

struct sd_chan *sd_chan_new(u32 dom, u16 serial)
{
	long at = sys(__NR_mmap, 0, sizeof(struct sd_chan), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct sd_chan *c = (struct sd_chan *)at;

	if (at < 0)
		return NULL;
	c->dom = dom;
	c->serial = serial;
	for (u32 i = 0; i < SD_CHAN_FDS; i++)
		c->fd[i] = -1;
	return c;
}

/*
 * Asks the supervisor; c->fd[] are open afterwards, but neither hidden nor mapped. A child's
 * request is sent over its parent's lifeline.
 */
long sd_chan_attach(struct sd_chan *c, const struct sd_chan *parent)
{
	struct sd_ctl_msg m = {0};
	struct sd_ctl_came came;
	long sock;

	m.u.attach.parent = parent ? parent->client : 0;
	sock = ctl_request(c->dom, SD_CTL_ATTACH, &m, parent ? parent->fd[SD_FD_LIFE] : -1, &came);
	if (sock < 0)
		return sock;
	c->fd[SD_FD_LIFE] = sock;
	c->fd[SD_FD_REGION] = came.fd[0];
	c->fd[SD_FD_EVENT] = came.fd[1];
	c->fd[SD_FD_WAKE_PAGE] = came.fd[2];
	c->client = m.u.attach.client;
	c->generation = m.u.attach.generation;
	memcpy(c->transport, m.u.attach.transport, sizeof(c->transport));
	return 0;
}

long sd_chan_map(struct sd_chan *c)
{
	const struct sd_client_side *tr = transport_of(c->transport);
	long err;

	if (!tr)
		return -EPROTO;
	err = tr->map(c->fd[SD_FD_REGION], c->fd[SD_FD_WAKE_PAGE], &c->region, &c->wake_page);
	if (!err)
		c->tr = tr;
	return err;
}

static void say_attached(const struct sd_chan *c)
{
	char what[64], *p = sd_utoa(sd_stpcpy(what, "attached as client "), c->client);

	sd_utoa(sd_stpcpy(p, " of generation "), c->generation);
	sd_say(SD_LOG_DEBUG, sd_domain[c->dom].stubs->name, what, NULL);
}

/* With the files' lock held: a channel to replace a dead one, or the first. */
long sd_chan_renew(struct sd_thread *t, u32 dom)
{
	struct sd_files *f = t->files;
	struct sd_chan *c = sd_chan_new(dom, ++f->serial[dom]), *old = f->chan[dom];
	long err = c ? sd_chan_attach(c, NULL) : -ENOMEM;

	for (u32 i = 0; i < SD_CHAN_FDS && !err; i++)
		err = sd_fd_hide(t, &c->fd[i]);
	if (!err)
		err = sd_chan_map(c);
	if (err) {
		for (u32 i = 0; i < SD_CHAN_FDS && c; i++)
			sd_fd_unhide_close(f, c->fd[i]);
		if (c)
			sys(__NR_munmap, c, sizeof(*c));
		return err;
	}
	for (u32 i = 0; i < SD_CHAN_FDS && old; i++) {
		sd_fd_unhide_close(f, old->fd[i]);
		old->fd[i] = -1;
	}
	c->fresh = 1;
	f->chan[dom] = c;
	say_attached(c);
	return 0;
}

/* The supervisor has ended without notice (it was killed), and its domain with it. */
bool sd_qp_gone(const struct sd_qp *l)
{
	const struct sd_chan *c = l->priv;
	char byte;

	return sys(__NR_recvfrom, c->fd[SD_FD_LIFE], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

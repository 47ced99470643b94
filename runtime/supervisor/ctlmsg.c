// SPDX-License-Identifier: GPL-2.0
/* ctlmsg.c: sends and receives control messages: one packet each, with its fds. The peer is never
 * trusted. */
#include "ctlmsg.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

void ctl_init(struct sd_ctl_msg *m, uint16_t type, uint32_t seq)
{
	memset(m, 0, sizeof(*m));
	m->type = type;
	m->seq = seq;
}

void fds_close(int *fds, int n)
{
	for (int i = 0; i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

int ctl_send(int sock, struct sd_ctl_msg *m, const int *fds, int nfds)
{
	union sd_ctl_room room;
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &room};
	ssize_t n;

	sd_ctl_seal(m, nfds);
	msg.msg_controllen = sd_ctl_give(&room, fds, nfds);
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof(*m) ? 0 : -EPROTO;
}

bool ctl_alien(const struct sd_ctl_msg *m)
{
	return m->abi != SD_ABI;
}

/* Checks what was received. 0 or -errno. */
static int ctl_check(enum sd_ctl_way way, struct sd_ctl_msg *m, size_t len, int flags,
		     const struct sd_ctl_came *came, const struct ucred *real)
{
	enum sd_ctl_verdict v = sd_ctl_check(way, m, len, flags, came->nfds);

	if (!len && !came->nfds)
		return -EPIPE;
	/* If the peer gave us this socket it may have switched SO_PASSCRED off. */
	if (real && came->ncreds != 1)
		return -EPROTO;
	if (v == SD_CTL_ALIEN && !came->nfds) {
		memset(&m->u, 0, sizeof(m->u));
		return 0;
	}
	return v == SD_CTL_GOOD ? 0 : -EPROTO;
}

static int ctl_recv_from(enum sd_ctl_way way, int sock, struct sd_ctl_msg *m, int *fds,
			 struct ucred *real)
{
	union sd_ctl_room room;
	struct sd_ctl_came came;
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &room,
			     .msg_controllen = sizeof(room)};
	ssize_t n;
	int err;

	for (int i = 0; i < SD_CTL_FDS_MAX; i++)
		fds[i] = -1;
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	sd_ctl_take(&came, &room, msg.msg_controllen);
	err = ctl_check(way, m, n, msg.msg_flags, &came, real);
	if (err) {
		fds_close(came.fd, came.nfds);
		return err;
	}
	memcpy(fds, came.fd,
	       came.nfds * sizeof(int)); /* a valid message has at most SD_CTL_FDS_MAX */
	if (real)
		*real = (struct ucred){came.cred.pid, came.cred.uid, came.cred.gid};
	return 0;
}

int ctl_recv(enum sd_ctl_way way, int sock, struct sd_ctl_msg *m, int *fds)
{
	return ctl_recv_from(way, sock, m, fds, NULL);
}

static bool is_seqpacket(int fd)
{
	int type = 0, family = 0;
	socklen_t len = sizeof(int);

	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_SEQPACKET &&
	       !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) && family == AF_UNIX;
}

void ctl_recv_conn(int sock, struct ctl_in *in)
{
	int fds[SD_CTL_FDS_MAX];

	in->err = ctl_recv_from(SD_CTL_FROM_CLIENT, sock, &in->m, fds, &in->real);
	in->fd = fds[0];
	if (in->err || !in->m.nfds || is_seqpacket(in->fd))
		return;
	fds_close(&in->fd, 1);
	in->err = -EPROTO;
}

/* The buffer has room for the sender's credentials, which come first. */
bool ctl_plain(int sock)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} room;
	struct msghdr msg = {.msg_control = room.buf, .msg_controllen = sizeof(room.buf)};

	return recvmsg(sock, &msg, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) >= 0 &&
	       !(msg.msg_flags & MSG_CTRUNC);
}

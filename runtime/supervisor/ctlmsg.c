// SPDX-License-Identifier: GPL-2.0
/* One control message = one packet with its fds. The other end is never trusted. */
#include "supervisor.h"
#include <sd/contract.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

void ctl_init(struct sd_ctl_msg *m, uint16_t type, uint32_t seq)
{
	memset(m, 0, sizeof(*m));
	m->magic = SD_CTL_MAGIC;
	m->version = SD_CTL_VERSION;
	m->contract = SD_CONTRACT;
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
	union {
		char buf[CMSG_SPACE(sizeof(int) * SD_CTL_FDS_MAX)];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	m->nfds = nfds;
	if (nfds) {
		struct cmsghdr *c;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof(*m) ? 0 : -EPROTO;
}

static int take_fds(struct msghdr *msg, int *fds)
{
	int got = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		got = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), got * sizeof(int));
	}
	return got;
}

static void take_cred(struct msghdr *msg, struct ucred *real)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS &&
		    c->cmsg_len == CMSG_LEN(sizeof(*real)))
			memcpy(real, CMSG_DATA(c), sizeof(*real));
}

bool ctl_alien(const struct sd_ctl_msg *m)
{
	return m->contract != SD_CONTRACT;
}

static bool well_formed(const struct sd_ctl_msg *m, size_t len, int flags, int nfds)
{
	if (len < offsetof(struct sd_ctl_msg, u) || (flags & MSG_CTRUNC))
		return false;
	if (m->magic != SD_CTL_MAGIC || m->version != SD_CTL_VERSION || m->nfds != nfds)
		return false;
	return ctl_alien(m) || (len == sizeof(*m) && !(flags & MSG_TRUNC));
}

int ctl_recv(int sock, struct sd_ctl_msg *m, int *fds)
{
	struct ucred ignored;

	return ctl_recv_from(sock, m, fds, &ignored);
}

int ctl_recv_from(int sock, struct sd_ctl_msg *m, int *fds, struct ucred *real)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * SD_CTL_FDS_MAX) + CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.buf,
			     .msg_controllen = sizeof(control.buf)};
	ssize_t n;
	int got;

	for (int i = 0; i < SD_CTL_FDS_MAX; i++)
		fds[i] = -1;
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	got = take_fds(&msg, fds);
	take_cred(&msg, real);
	if (n == 0 && !got)
		return -EPIPE;
	if (!well_formed(m, n, msg.msg_flags, got)) {
		fds_close(fds, SD_CTL_FDS_MAX);
		return -EPROTO;
	}
	if (ctl_alien(m))
		memset(&m->u, 0, sizeof(m->u));
	return 0;
}

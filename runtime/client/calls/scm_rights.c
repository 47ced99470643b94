/* SPDX-License-Identifier: MIT */
/*
 * scm_rights.c: fds of domains in control messages (SCM_RIGHTS) of the host's unix sockets. Instead
 * of such an fd a ticket is sent: a connection to the domain's supervisor, with one packet in it
 * that identifies the file (sd/ticket.h, sd/control.h). A receiver with this hook gets the file
 * instead, under the same number; another program gets a unix socket that it can only pass on. A
 * message that is never received closes the file, a receiver that only peeks leaves the ticket as
 * it is, and the sender may exit.
 *
 * A ticket of a domain that this program doesn't use stays a socket; one of a domain that has ended
 * becomes an fd whose calls give EREMOTEIO. Not supported: an epoll instance with members in
 * domains, fds of the host over a domain's own sockets.
 */
#include "calls/calls.h"
#include <sd/control_msg.h>
#include <sd/ticket.h>

#define MESSAGES_MAX 1024u	/* UIO_MAXIOV, the kernel's limit */
#define CONTROL_MAX  (1u << 20) /* more than any host lets through */

#define MMSG_SIZE 64u /* struct mmsghdr: a msghdr and a length */

static u64 cmsg_next(u64 at, const struct sd_cmsghdr *c)
{
	return at + ((c->len + 7) & ~7ull);
}

/* A host call that may wait, made in the hook because there is more to do after it. */
static long host_wait(struct sd_thread *t, long nr, u64 a, u64 b, u64 c, u64 d, u64 e, int *again)
{
	long ret = sd_raw_wait(nr, a, b, c, d, e, &t->kept);

	return ret == -EINTR && t->kept ? sd_verdict(t, -ERESTARTSYS, again) : ret;
}

/* ---- sending ---- */
static long scm_rights_refuse(void)
{
	sd_say(SD_LOG_WARN, "sendmsg(SCM_RIGHTS)",
	       "this fd can't be passed between a domain and other processes",
	       "inherit it over fork, or open it in the receiving program");
	return -EOPNOTSUPP;
}

/* Number of domains' fds in the control data at prog; -errno: one of them can't be passed. */
static long scm_rights_in(struct sd_thread *t, u64 prog, u64 len)
{
	struct sd_fd e;
	long n = 0;
	s32 fd;

	for (u64 o = 0; o + 4 <= len; o += 4) {
		if (sd_copy_from_prog(&fd, (void *)(prog + o), 4))
			return n; /* the call that reads it reports EFAULT */
		e = sd_fd_get(t, fd);
		if (e.kind == SD_FD_EPOLL)
			return scm_rights_refuse();
		if (e.kind == SD_FD_HIDDEN)
			return -EBADF;
		n += e.kind == SD_FD_DOMAIN;
	}
	return n;
}

/* The same for a whole message; to_domain: it may contain no fd at all. */
static long scm_rights_of(struct sd_thread *t, u64 msg, int to_domain)
{
	struct sd_msghdr h;
	struct sd_cmsghdr c;
	long n = 0, k;

	if (sd_copy_from_prog(&h, (void *)msg, sizeof(h)) || !h.control)
		return 0;
	for (u64 at = 0; at + sizeof(c) <= h.controllen; at = cmsg_next(at, &c)) {
		if (sd_copy_from_prog(&c, (void *)(h.control + at), sizeof(c)) ||
		    c.len < sizeof(c) || c.len > h.controllen - at)
			return n;
		if (c.level != SOL_SOCKET || c.type != SCM_RIGHTS)
			continue;
		if (to_domain)
			return scm_rights_refuse();
		k = scm_rights_in(t, h.control + at + sizeof(c), c.len - sizeof(c));
		if (k < 0)
			return k;
		n += k;
	}
	return n;
}

/* A ticket for e, as a socket. */
static long make_ticket(struct sd_thread *t, struct sd_fd e)
{
	struct sd_chan *c;
	struct sd_qp *l;
	enum sd_status st;
	long ret = 0;
	u64 key[2];

	c = sd_fd_chan(t, e, &ret);
	l = c ? sd_qp_of(t, e.dom, 0, &ret) : NULL;
	if (!l)
		return ret;
	c->shared[e.dfd] = 1; /* the receiver's calls on it aren't seen here */
	st = sd_until_served(l, sd_ticket_make(l, &ret, e.dfd, key));
	if (st != SD_OK)
		return sd_status_errno(t, l, st);
	return ret < 0 ? ret : sd_ticket_hold(t, e.dom, key);
}

/* In a private copy of control data, tickets instead of the domains' fds; made[] holds them. */
static long scm_rights_replace(struct sd_thread *t, u8 *control, u64 len, s32 *made, u32 *n)
{
	struct sd_cmsghdr *c;

	for (u64 at = 0; at + sizeof(*c) <= len; at = cmsg_next(at, c)) {
		c = (struct sd_cmsghdr *)(control + at);
		if (c->len < sizeof(*c) || c->len > len - at)
			return 0;
		if (c->level != SOL_SOCKET || c->type != SCM_RIGHTS)
			continue;
		for (s32 *fd = (s32 *)(c + 1); (u8 *)(fd + 1) <= (u8 *)c + c->len; fd++) {
			struct sd_fd e = sd_fd_get(t, *fd);
			long ticket;

			if (e.kind != SD_FD_DOMAIN)
				continue;
			ticket = make_ticket(t, e);
			if (ticket < 0)
				return ticket;
			*fd = made[(*n)++] = ticket;
		}
	}
	return 0;
}

/* sendmsg with domain fds. The message takes references; ours are closed again. */
static long send_scm_rights(struct sd_thread *t, s32 sock, u64 msg, u32 flags, int *again)
{
	struct sd_msghdr h;
	long at, ret;
	u64 size;
	s32 *made;
	u32 n = 0;

	if (sd_copy_from_prog(&h, (void *)msg, sizeof(h)))
		return -EFAULT;
	if (h.controllen > CONTROL_MAX)
		return -ENOBUFS;
	size = 2 * h.controllen +
	       16; /* a copy of the control data, and the most fds that it can hold */
	at = sys(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0)
		return at;
	made = (s32 *)(at + ((h.controllen + 7) & ~7ull));
	ret = sd_copy_from_prog((void *)at, (void *)h.control, h.controllen);
	h.control = at;
	if (!ret)
		ret = scm_rights_replace(t, (u8 *)at, h.controllen, made, &n);
	if (!ret)
		ret = host_wait(t, __NR_sendmsg, sock, (u64)&h, flags, 0, 0, again);
	while (n)
		sys(__NR_close, made[--n]);
	sys(__NR_munmap, at, size);
	return ret;
}

static long send_one(struct sd_thread *t, s32 sock, u64 msg, u32 flags, int *again)
{
	long n = scm_rights_of(t, msg, 0);

	if (n < 0)
		return n;
	if (n)
		return send_scm_rights(t, sock, msg, flags, again);
	return host_wait(t, __NR_sendmsg, sock, msg, flags, 0, 0, again);
}

/* sendmmsg of which some message has domain fds: one after the other, as the kernel does it. */
static long send_each(struct sd_thread *t, s32 sock, u64 msg, u32 n, u32 flags, int *again)
{
	for (u32 i = 0; i < n; i++) {
		u64 m = msg + (u64)i * MMSG_SIZE;
		long ret = send_one(t, sock, m, flags, again);
		u32 len = ret;

		if (ret >= 0 && sd_copy_to_prog((void *)(m + sizeof(struct sd_msghdr)), &len, 4))
			ret = -EFAULT;
		if (ret < 0 && i)
			*again = 0;
		if (ret < 0)
			return i ?: ret;
	}
	return n;
}

enum sd_way sd_call_sendmsg(struct sd_thread *t)
{
	s32 sock = t->regs.rdi;
	int to_domain = sd_fd_in_domain(t, sock), many = t->regs.rax == __NR_sendmmsg, again = 0;
	u64 msg = t->regs.rsi, n = many ? (u32)t->regs.rdx : 1;
	long rights = 0, k;

	if (!t->files || !t->files->mapped)
		return sd_next(t, SD_STAGE_FDS);
	if (n > MESSAGES_MAX)
		n = MESSAGES_MAX;
	for (u64 i = 0; i < n; i++) {
		k = scm_rights_of(t, msg + i * MMSG_SIZE, to_domain);
		if (k < 0 && !many)
			return sd_done(t, k);
		rights |= k;
	}
	if (to_domain)
		return rights < 0 ? sd_done(t, rights) : sd_call_routed(t);
	if (!rights)
		return sd_next(t, SD_STAGE_FDS);
	if (many)
		k = send_each(t, sock, msg, n, t->regs.r10, &again);
	else
		k = send_scm_rights(t, sock, msg, t->regs.rdx, &again);
	return sd_result(t, k, again);
}

/* ---- receiving ---- */
static int is_seqpacket(s32 fd)
{
	u32 type = 0, family = 0, len = 4;

	return !sys(__NR_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len) &&
	       type == SOCK_SEQPACKET &&
	       !sys(__NR_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &family, &len) && family == AF_UNIX;
}

/* Only sockets of this kind are read. The sender of the packet doesn't matter: the key in it is
 * the right. */
static int is_ticket(s32 fd, u32 *dom, struct sd_ctl_msg *m)
{
	if (!is_seqpacket(fd) ||
	    sys(__NR_recvfrom, fd, m, sizeof(*m), MSG_PEEK | MSG_DONTWAIT, 0, 0) != sizeof(*m) ||
	    sd_ctl_check(SD_CTL_TO_CLIENT, m, sizeof(*m), 0, 0) != SD_CTL_GOOD ||
	    m->type != SD_CTL_REPLY || m->of != SD_CTL_TICKET || m->result)
		return 0;
	m->u.ticket.name[SD_NAME_MAX - 1] = 0;
	for (*dom = 0; *dom < sd_ndomains; ++*dom)
		if (sd_streq(m->u.ticket.name, sd_domain[*dom].stubs->name))
			return 1;
	return 0;
}

/* Replaces the ticket at fd by the file, or by an fd that answers EREMOTEIO. */
static void ticket_redeem(struct sd_thread *t, s32 fd, u32 dom, const u64 key[2], u32 flags)
{
	int cloexec = sys(__NR_fcntl, fd, F_GETFD) & FD_CLOEXEC;
	long ret = 0;
	struct sd_qp *l = sd_qp_of(t, dom, 1, &ret);
	enum sd_status st = SD_DEAD;

	if (l) {
		st = sd_until_served(l, sd_ticket_redeem(l, &ret, key, flags));
		if (st != SD_OK)
			sd_status_errno(t, l, st);
	}
	if (st == SD_OK && ret >= 0) {
		if (sd_fd_install_at(t, l, dom, ret, fd, cloexec) >= 0)
			t->chan[dom]->shared[ret] = 1;
		else
			sd_domain_close(t, dom, ret, 0);
		return;
	}
	if (ret != -EMFILE && ret != -ENFILE && ret != -ENOMEM)
		sd_fd_install_dead(t, dom, fd, cloexec);
}

static void scm_rights_adopt(struct sd_thread *t, u64 msg, u32 flags)
{
	struct sd_ctl_msg m;
	struct sd_msghdr h;
	struct sd_cmsghdr c;
	u32 dom;
	s32 fd;

	if (sd_copy_from_prog(&h, (void *)msg, sizeof(h)) || !h.control)
		return;
	for (u64 at = 0; at + sizeof(c) <= h.controllen; at = cmsg_next(at, &c)) {
		if (sd_copy_from_prog(&c, (void *)(h.control + at), sizeof(c)) || c.len < sizeof(c))
			return;
		if (c.level != SOL_SOCKET || c.type != SCM_RIGHTS)
			continue;
		for (u64 o = sizeof(c); o + 4 <= c.len && at + o + 4 <= h.controllen; o += 4)
			if (!sd_copy_from_prog(&fd, (void *)(h.control + at + o), 4) &&
			    is_ticket(fd, &dom, &m))
				ticket_redeem(t, fd, dom, m.u.ticket.key,
					      flags & MSG_PEEK ? SD_REDEEM_KEEP : 0);
	}
}

static int takes_scm_rights(u64 msg)
{
	struct sd_msghdr h;

	return !sd_copy_from_prog(&h, (void *)msg, sizeof(h)) && h.control &&
	       h.controllen >= sizeof(struct sd_cmsghdr) + 4;
}

enum sd_way sd_call_recvmsg(struct sd_thread *t)
{
	s32 sock = t->regs.rdi;
	int many = t->regs.rax == __NR_recvmmsg, again = 0, any = 0;
	u64 msg = t->regs.rsi, n = many ? (u32)t->regs.rdx : 1;
	u32 flags = many ? t->regs.r10 : t->regs.rdx;
	long ret;

	if (sd_fd_get(t, sock).kind != SD_FD_HOST)
		return sd_call_routed(t);
	for (u64 i = 0; i < n && i < MESSAGES_MAX && !any; i++)
		any = takes_scm_rights(msg + i * MMSG_SIZE);
	if (!any)
		return sd_next(t, SD_STAGE_FDS);
	ret = host_wait(t, t->regs.rax, sock, msg, t->regs.rdx, t->regs.r10, t->regs.r8, &again);
	for (long i = 0; i < (many ? ret : ret >= 0); i++)
		scm_rights_adopt(t, msg + i * MMSG_SIZE, flags);
	return sd_result(t, ret, again);
}

/* SPDX-License-Identifier: MIT */
/*
 * routed.c: calls that belong to a domain by a key or by their fd, which are most. The domain's
 * stub makes them, and their result is translated for the program (new fds, SIGPIPE).
 */
#include "calls/calls.h"

static int wants_sigpipe(u64 nr, const u64 arg[6])
{
	switch (nr) {
	case __NR_write:
	case __NR_writev:
	case __NR_pwrite64:
	case __NR_pwritev:
	case __NR_sendfile:
		return 1;
	case __NR_sendto:
	case __NR_sendmmsg:
		return !(arg[3] & MSG_NOSIGNAL);
	case __NR_sendmsg:
		return !(arg[2] & MSG_NOSIGNAL);
	}
	return 0;
}

/* socketpair, pipe2: two domain fds are in the program's array. */
static long install_pair(struct sd_thread *t, struct sd_qp *l, u32 dom, const struct sd_stub *s,
			 const u64 arg[6])
{
	u64 at = s->nr == __NR_socketpair ? arg[3] : arg[0];
	s32 dfd[2], fd[2];
	long err;

	if (sd_copy_from_prog(dfd, (void *)at, sizeof(dfd)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		err = sd_install_new(t, l, dom, s, arg, dfd[i]);
		if (err < 0) {
			if (i)
				sd_fd_close(t, fd[0], 0);
			else if (err != -EPROTO)
				sd_domain_close(t, dom, dfd[1], 0);
			return err;
		}
		fd[i] = err;
	}
	return sd_copy_to_prog((void *)at, fd, sizeof(fd));
}

/* ---- which domain? ---- */
static const struct sd_stub *by_key(u64 nr, const u64 arg[6], u32 *dom)
{
	for (u32 d = 0; d < sd_ndomains; d++) {
		const struct sd_stub *s = sd_domain[d].by_nr[nr];

		if (s && s->route == SD_ROUTE_KEY && sd_key_matches(s->key, arg)) {
			*dom = d;
			return s;
		}
	}
	return NULL;
}

/* Every fd argument becomes the domain's; all must be of one channel. */
static const struct sd_stub *by_fd(struct sd_thread *t, u64 nr, u64 arg[6], u32 *dom, long *err)
{
	struct sd_fd e = sd_fd_get(t, (s32)arg[0]), other;
	const struct sd_stub *s;

	*err = 0;
	if (e.kind == SD_FD_HIDDEN)
		*err = -EBADF;
	if (e.kind != SD_FD_DOMAIN)
		return NULL;
	s = sd_stub_for(e.dom, nr);
	if (!s) {
		*err = sd_no_stub(nr, e.dom);
		return NULL;
	}
	if (!sd_fd_chan(t, e, err))
		return NULL;
	*dom = e.dom;
	arg[0] = (u32)e.dfd;
	for (u32 i = 1; i < 6; i++) {
		if (!(s->fd_args & 1 << i))
			continue;
		other = sd_fd_get(t, (s32)arg[i]);
		if (other.kind != SD_FD_DOMAIN || other.dom != e.dom || other.serial != e.serial)
			*err = -EINVAL;
		arg[i] = (u32)other.dfd;
	}
	return *err ? NULL : s;
}

enum sd_way sd_call_routed(struct sd_thread *t)
{
	u64 nr = t->regs.rax;
	u64 arg[6] = {t->regs.rdi, t->regs.rsi, t->regs.rdx, t->regs.r10, t->regs.r8, t->regs.r9};
	u32 dom = 0;
	const struct sd_stub *s = by_key(nr, arg, &dom);
	int again = 0, makes = s != NULL;
	long err = 0, ret;

	if (!makes)
		s = by_fd(t, nr, arg, &dom, &err);
	else if (sd_unlikely(s->fd_args))
		err = sd_fd_args(t, s->fd_args & ~(1u << s->key->arg), dom, arg);
	if (!s || err) {
		sd_settle(t);
		return err ? sd_done(t, err) : sd_next(t, SD_STAGE_FDS);
	}
	struct sd_qp *l = sd_qp_of(t, dom, makes, &err);

	if (!l)
		return sd_done(t, err);
	sd_early_begin(t, l, dom, makes ? -1 : (s32)arg[0]);
	ret = sd_domain_call(t, l, s, arg, &again);
	sd_early_end(t, l);
	sd_mmap_written(t, l, dom, nr, arg, ret);
	if (sd_unlikely(ret == -EPIPE) && wants_sigpipe(nr, arg))
		sd_raise(t, SIGPIPE);
	if (ret >= 0 && s->ret_fd)
		ret = sd_install_new(t, l, dom, s, arg, ret);
	else if (ret >= 0 && (s->flags & SD_STUB_FDS_OUT))
		ret = install_pair(t, l, dom, s, arg);
	return sd_result(t, ret, again);
}

enum sd_way sd_call_routed_or_own(struct sd_thread *t)
{
	struct sd_fd e = sd_fd_get(t, (s32)t->regs.rdi);

	if (e.kind == SD_FD_DOMAIN && !sd_stub_for(e.dom, t->regs.rax))
		return sd_next(t, SD_STAGE_FDS);
	return sd_call_routed(t);
}

enum sd_way sd_call_no_stub(struct sd_thread *t)
{
	struct sd_fd e = sd_fd_get(t, (s32)t->regs.rdi);
	long err = e.kind == SD_FD_DOMAIN ? sd_no_stub(t->regs.rax, e.dom) : 0;

	if (e.kind == SD_FD_HIDDEN)
		err = -EBADF;
	return err ? sd_done(t, err) : sd_next(t, SD_STAGE_FDS);
}

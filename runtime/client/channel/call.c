/* SPDX-License-Identifier: MIT */
/*
 * call.c: one call of a domain, and its result for the program: errno for a failed transport,
 * EINTR or a restart after signals, a number for a new fd.
 */
#include "channel/channel.h"
#include "channel/observers.h"

/* ---- signals and the transport's end ---- */
void sd_qp_enter(struct sd_thread *t, struct sd_qp *l)
{
	t->qp_now = l;
	l->intr = 0;
	asm volatile("" ::: "memory");
	if (t->kept)
		l->intr = 1;
}

void sd_qp_leave(struct sd_thread *t)
{
	t->qp_now = NULL;
}

/* An interrupted call: EINTR or a restart, as the kept handlers require in Linux. */
long sd_verdict(struct sd_thread *t, long ret, int *again)
{
	int eintr = (t->interrupted & SD_INTR_EINTR) != 0;

	switch (-ret) {
	case ERESTARTNOINTR:
		eintr = 0;
		break;
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		eintr = t->kept != 0;
		break;
	case ERESTARTSYS:
		break;
	default:
		return ret;
	}
	if (!eintr)
		*again = 1;
	return -EINTR;
}

long sd_chan_errno(const struct sd_chan *c)
{
	if (c && c->state == SD_CHAN_PROTO)
		return -EPROTO;
	if (c && c->region && sd_load_relaxed(&c->region->ended) == SD_ENDED_MEMORY)
		return -ENOMEM;
	return -EREMOTEIO;
}

long sd_status_errno(struct sd_thread *t, struct sd_qp *l, enum sd_status st)
{
	struct sd_chan *c = NULL;

	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (t->chan[d] && t->qp[d] == l)
			c = t->chan[d];
	switch (st) {
	case SD_DEAD:
		if (c && c->state == SD_CHAN_LIVE)
			c->state = SD_CHAN_DEAD;
		return sd_chan_errno(c);
	case SD_PROTO:
		if (c && c->state == SD_CHAN_LIVE)
			c->state = SD_CHAN_PROTO;
		return -EPROTO;
	case SD_TOO_BIG:
		return -E2BIG;
	case SD_REFUSED:
		return -EAGAIN;
	default:
		return -EIO;
	}
}

/* The domain may have ended the channel because of this client. */
static enum sd_status qp_status(struct sd_qp *l, enum sd_status st)
{
	return l->status != SD_OK ? l->status : st;
}

long sd_domain_call(struct sd_thread *t, struct sd_qp *l, const struct sd_stub *s, const u64 arg[6],
		    int *again)
{
	enum sd_status st;
	long ret = 0;

	sd_qp_enter(t, l);
	st = s->stub(l, &ret, arg);
	if (sd_unlikely(st == SD_TOO_BIG && l->narrow)) {
		sd_early_settle(l);
		st = s->stub(l, &ret, arg);
	}
	sd_qp_leave(t);
	st = qp_status(l, st);
	if (sd_likely(st == SD_OK))
		return sd_likely(ret > -ERESTARTSYS || ret < -ERESTART_RESTARTBLOCK)
			       ? ret
			       : sd_verdict(t, ret, again);
	if (st == SD_REFUSED) { /* nothing was done */
		t->refused = 1;
		*again = 1;
		return -EINTR;
	}
	if (st == SD_INTR) { /* not begun */
		if (s->flags & SD_STUB_BLOCKS)
			return sd_verdict(t, -ERESTARTSYS, again);
		*again = 1;
		return -EINTR;
	}
	return sd_status_errno(t, l, st);
}

enum sd_way sd_result(struct sd_thread *t, long ret, int again)
{
	if (again)
		return SD_AGAIN;
	return sd_done(t, ret);
}

/* ---- early calls ---- */
void sd_settle_all(struct sd_thread *t)
{
	t->look &= ~SD_LOOK_EARLY;
	for (u32 d = 0; d < sd_ndomains; d++)
		if (t->chan[d] && t->qp[d])
			sd_early_settle(t->qp[d]);
}

void sd_early_begin(struct sd_thread *t, struct sd_qp *l, u32 dom, s32 dfd)
{
	if (!l->early.on)
		sd_settle(t);
	l->may_early = dfd >= 0 && !sd_not_alone && !t->chan[dom]->shared[(u32)dfd % SD_DFDS];
}

void sd_early_end(struct sd_thread *t, const struct sd_qp *l)
{
	t->look = l->early.on ? t->look | SD_LOOK_EARLY : t->look & ~SD_LOOK_EARLY;
}

/* The result isn't used, and no signal may prevent the call. */
void sd_domain_close(struct sd_thread *t, u32 dom, s32 dfd, int later)
{
	const struct sd_stub *s = sd_stub_for(dom, __NR_close);
	u64 arg[6] = {(u32)dfd};
	struct sd_qp *l;
	enum sd_status st;
	long err, ret;

	if (!s)
		sd_die(sd_domain[dom].stubs->name,
		       "this domain makes fds but has no stub for close",
		       "add close to the calls of its spec");
	sd_observe_close(t, dom, dfd);
	l = sd_qp_of(t, dom, 0, &err);
	if (!l)
		return; /* it died, and its fds with it */
	sd_early_begin(t, l, dom, later ? dfd : -1);
	st = sd_until_served(l, s->stub(l, &ret, arg));
	sd_early_end(t, l);
	if (st != SD_OK)
		sd_status_errno(t, l, qp_status(l, st));
}

/* ---- calls of the hook's own, which no signal ends ---- */
static enum sd_status wait_served(struct sd_call *c, long *ret)
{
	return sd_until_served(c->qp, (c->status = SD_OK, sd_call_wait(c, ret)));
}

long sd_domain_ask_path(struct sd_thread *t, u32 dom, s32 dfd, char *buf)
{
	struct sd_call c;
	enum sd_status st;
	long err = 0, ret = 0;
	struct sd_qp *l = sd_qp_of(t, dom, 0, &err);

	if (!l)
		return err;
	sd_call_begin(l, &c, SD_OP_PATH);
	c.arg[0] = dfd == AT_FDCWD ? ~0ull : (u32)dfd;
	c.arg[1] = sd_room(&c, PATH_MAX);
	c.arg[2] = PATH_MAX;
	sd_call_most(&c, PATH_MAX - 1);
	st = wait_served(&c, &ret);
	if (st == SD_OK && ret >= 0)
		memcpy(buf, sd_at(&c, c.arg[1]), ret);
	sd_call_end(&c);
	return st == SD_OK ? ret : sd_status_errno(t, l, st);
}

void sd_domain_executed(struct sd_thread *t, u32 dom)
{
	struct sd_call c;
	enum sd_status st;
	long err = 0, ret;
	struct sd_qp *l = sd_qp_of(t, dom, 0, &err);

	if (!l)
		return;
	sd_call_begin(l, &c, SD_OP_EXEC);
	c.arg[0] = SD_EXEC_KEEP;
	sd_call_most(&c, 0);
	st = wait_served(&c, &ret);
	sd_call_end(&c);
	if (st != SD_OK)
		sd_status_errno(t, l, st);
}

long sd_domain_do(struct sd_thread *t, u32 dom, u64 nr, const u64 arg[6])
{
	const struct sd_stub *s = sd_stub_for(dom, nr);
	enum sd_status st;
	struct sd_qp *l;
	long err = 0, ret = 0;

	if (!s)
		return -EOPNOTSUPP;
	l = sd_qp_of(t, dom, 0, &err);
	if (!l)
		return err;
	st = sd_until_served(l, s->stub(l, &ret, arg));
	return st == SD_OK ? ret : sd_status_errno(t, l, st);
}

long sd_file_call(struct sd_thread *t, struct sd_qp *l, u32 dom, u64 nr, const u64 arg[6])
{
	const struct sd_stub *s = sd_stub_for(dom, nr);
	enum sd_status st;
	long ret = 0;

	if (!s)
		return -ENODEV;
	st = sd_uninterrupted(l, s->stub(l, &ret, arg));
	return st == SD_OK ? ret : sd_status_errno(t, l, st);
}

/* ---- new fds ---- */
/* O_CLOEXEC where the table says (SOCK_CLOEXEC and the rest are equal to it); openat2's flags are
 * in a structure. */
static int cloexec_asked(const struct sd_stub *s, const u64 arg[6])
{
	u64 flags = s->cloexec ? arg[s->cloexec - 1] : 0;

	if (s->nr == __NR_openat2 && sd_copy_from_prog(&flags, (void *)arg[2], sizeof(flags)))
		flags = 0;
	return (flags & O_CLOEXEC) != 0;
}

long sd_install_new(struct sd_thread *t, struct sd_qp *l, u32 dom, const struct sd_stub *s,
		    const u64 arg[6], long ret)
{
	long fd = sd_fd_install(t, l, dom, ret, cloexec_asked(s, arg));

	if (fd == -EPROTO)
		return sd_status_errno(t, l, SD_PROTO);
	if (fd < 0)
		sd_domain_close(t, dom, ret, 0);
	return fd;
}

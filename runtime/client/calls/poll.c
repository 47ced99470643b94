/* SPDX-License-Identifier: MIT */
/*
 * poll.c: poll and ppoll, and the engine under select. A set with domain fds is split; one that is
 * entirely in one domain becomes a single poll of that domain.
 */
#include "calls/calls.h"
#include "channel/wait.h"

#define ON_HOST	 0x80
#define MAX_FDS	 (1u << 20)
#define ON_STACK 512u

struct set {
	struct sd_thread *t;
	struct pollfd *fds;
	u32 n, nhost, ndom; /* ndom: domains that take part */
	u8 *where;	    /* per fd: bit d: domain d, ON_HOST */
	struct pollfd *host;
	u32 count[SD_DOMAINS];
	s32 *dfd[SD_DOMAINS]; /* host epoll fds and domain fds alike: what the domain polls */
	struct sd_async a[SD_DOMAINS];
	long ready;
	int refused; /* the last domain asked refused to let the call wait */
};

static int poll_add(struct set *s, u32 dom, u32 i, struct sd_fd e)
{
	long err;

	if (!sd_fd_chan(s->t, e, &err))
		return 0;
	s->dfd[dom][s->count[dom]++] = e.dfd;
	s->where[i] |= 1 << dom;
	return 1;
}

/* Sorts the fds; those that can't be waited for are ready. */
static void poll_classify(struct set *s)
{
	for (u32 i = 0; i < s->n; i++) {
		struct pollfd *p = &s->fds[i];
		struct sd_fd e = sd_fd_get(s->t, p->fd);

		p->revents = 0;
		s->where[i] = 0;
		if (p->fd < 0)
			continue;
		if (e.kind == SD_FD_HIDDEN) {
			p->revents = POLLNVAL;
		} else if (e.kind == SD_FD_DOMAIN) {
			if (!poll_add(s, e.dom, i, e))
				p->revents = POLLERR | POLLHUP;
		} else {
			s->where[i] |= ON_HOST;
			s->host[s->nhost++] = (struct pollfd){p->fd, p->events, 0};
			for (u32 d = 0; d < SD_DOMAINS && e.kind == SD_FD_EPOLL; d++) {
				struct sd_ep *ep = &s->t->files->ep[e.dfd];

				if (ep->dfd[d] >= 0)
					poll_add(s, d, i,
						 (struct sd_fd){SD_FD_DOMAIN, d, ep->serial[d],
								ep->dfd[d]});
			}
		}
		s->ready += p->revents != 0;
	}
}

/* The arguments of a domain's poll, in its arena. */
static long poll_begin(struct set *s, struct sd_async *a, u32 timeout_ms)
{
	const struct sd_stub *stub = sd_stub_for(a->dom, __NR_poll);
	struct sd_qp *l;
	struct pollfd *p;
	long err;
	u32 k = 0;

	if (!stub) {
		sd_unsupported(__NR_poll);
		return -EOPNOTSUPP;
	}
	l = sd_qp_of(s->t, a->dom, 0, &err);
	if (!l)
		return err;
	a->chan = s->t->chan[a->dom];
	a->posted = 0;
	sd_call_begin(l, &a->c, stub->op);
	a->c.arg[0] = sd_room(&a->c, s->count[a->dom] * sizeof(*p));
	a->c.arg[1] = s->count[a->dom];
	a->c.arg[2] = timeout_ms;
	if (a->c.status != SD_OK) {
		err = sd_status_errno(s->t, l, a->c.status);
		sd_call_end(&a->c);
		return err;
	}
	sd_call_most(&a->c, s->count[a->dom]);
	p = sd_at(&a->c, a->c.arg[0]);
	for (u32 i = 0; i < s->n; i++)
		if (s->where[i] & 1 << a->dom) {
			p[k] = (struct pollfd){s->dfd[a->dom][k], s->fds[i].events, 0};
			k++;
		}
	return 0;
}

/* What a domain found, each revents read once. A domain that is gone makes its fds ready. */
static void poll_collect(struct set *s, struct sd_async *a)
{
	struct pollfd *p = sd_at(&a->c, a->c.arg[0]);
	int gone = a->ret == -EREMOTEIO || a->ret == -EPROTO;
	u32 k = 0;

	for (u32 i = 0; i < s->n; i++) {
		s16 r;

		if (!(s->where[i] & 1 << a->dom))
			continue;
		r = a->ret > 0 ? sd_load_relaxed(&p[k].revents) : 0;
		if (gone)
			r = POLLERR | POLLHUP;
		k++;
		s->ready += r && !s->fds[i].revents;
		s->fds[i].revents |= r;
	}
}

static void collect_host(struct set *s)
{
	u32 k = 0;

	for (u32 i = 0; i < s->n; i++) {
		if (!(s->where[i] & ON_HOST))
			continue;
		s->ready += s->host[k].revents && !s->fds[i].revents;
		s->fds[i].revents |= s->host[k++].revents;
	}
}

static long ask_one(struct set *s, struct sd_async *a, u32 ms, int *again)
{
	enum sd_status st;
	long err = poll_begin(s, a, ms);

	if (err && err != -EREMOTEIO && err != -EPROTO)
		return err;
	if (err) {
		a->ret = err;
		poll_collect(s, a);
		return 0;
	}
	sd_qp_enter(s->t, a->c.qp);
	st = sd_call_wait(&a->c, &a->ret);
	sd_qp_leave(s->t);
	s->refused = st == SD_REFUSED;
	if (st == SD_INTR)
		a->ret = -ERESTARTNOHAND;
	else if (st == SD_REFUSED)
		a->ret = 0;
	else if (st != SD_OK)
		a->ret = sd_status_errno(s->t, a->c.qp, st);
	err = sd_verdict(s->t, a->ret, again);
	poll_collect(s, a);
	sd_call_end(&a->c);
	return err < 0 && err != -EREMOTEIO && err != -EPROTO ? err : 0;
}

/* Polls everything once, without waiting. */
static long poll_look(struct set *s, int *again)
{
	long err = 0;

	for (u32 i = 0; i < s->ndom && !err; i++)
		err = ask_one(s, &s->a[i], 0, again);
	if (err)
		return err;
	err = sys(__NR_poll, s->host, s->nhost, 0);
	if (err > 0)
		collect_host(s);
	return err < 0 ? err : 0;
}

static long wait_all(struct set *s, s64 deadline)
{
	long err = 0;
	u32 n;

	for (n = 0; n < s->ndom && !err; n++) {
		err = poll_begin(s, &s->a[n], -1);
		if (err)
			break;
		sd_async_post(s->t, &s->a[n]);
	}
	if (err && (err == -EREMOTEIO || err == -EPROTO))
		deadline = 0; /* the next look reports it */
	err = sd_async_wait(s->t, s->a, n, s->host, s->nhost, deadline);
	collect_host(s);
	while (n) {
		poll_collect(s, &s->a[--n]);
		sd_call_end(&s->a[n].c);
	}
	return err;
}

static long poll_run(struct set *s, s64 timeout, int *again)
{
	s64 deadline;
	long err;

	poll_classify(s);
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (s->count[d])
			s->a[s->ndom++].dom = d;
	if (s->ready)
		timeout = 0;
	if (s->ndom == 1 && !s->nhost && !s->ready) {
		if (s->t->has_wait_mask)
			sd_set_mask(s->t->wait_mask);
		err = ask_one(s, &s->a[0], sd_timeout_ms(timeout), again);
		if (s->t->has_wait_mask)
			sd_block_all();
		if (!s->refused)
			return s->ready ?: err;
	}
	deadline = sd_deadline(timeout);
	for (;;) {
		err = poll_look(s, again);
		if (err || s->ready || !timeout)
			break;
		err = wait_all(s, deadline);
		if (sd_unlikely(s->t->refused) && !err && !s->ready)
			err = sd_refused_wait(s->t, s->host, s->nhost, deadline);
		if (err || s->ready)
			break;
		if (deadline >= 0 && sd_now() >= deadline)
			timeout = 0;
	}
	if (s->ready)
		*again = 0;
	return s->ready ?: err;
}

long sd_poll_mixed(struct sd_thread *t, struct pollfd *fds, u32 n, s64 timeout, int *again)
{
	struct set s = {.t = t, .fds = fds, .n = n};
	u64 room = (n + SD_DOMAINS) * sizeof(struct pollfd), each = n * sizeof(s32);
	u64 len = room + SD_DOMAINS * each + n;
	u8 small[ON_STACK * 32];
	long at = (long)small, ret;

	if (len > sizeof(small))
		at = sys(__NR_mmap, 0, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
	if (sd_is_error(at))
		return at;
	s.host = (struct pollfd *)at;
	for (u32 d = 0; d < SD_DOMAINS; d++)
		s.dfd[d] = (s32 *)(at + room + d * each);
	s.where = (u8 *)at + room + SD_DOMAINS * each;
	ret = poll_run(&s, timeout, again);
	if (at != (long)small)
		sys(__NR_munmap, at, len);
	return ret;
}

static int any_of_ours(struct sd_thread *t, u64 fds, u32 n)
{
	struct pollfd p;

	for (u32 i = 0; i < n; i++) {
		if (sd_copy_from_prog(&p, (void *)(fds + i * sizeof(p)), sizeof(p)))
			return 0; /* the host reports EFAULT */
		if (sd_fd_get(t, p.fd).kind != SD_FD_HOST)
			return 1;
	}
	return 0;
}

/* Linux writes back what is left of ppoll's and select's time. */
void sd_time_left(u64 ptr, s64 unit, s64 deadline)
{
	struct sd_timespec ts;
	s64 left;

	if (!ptr || deadline < 0)
		return;
	left = deadline - sd_now();
	if (left < 0)
		left = 0;
	ts.sec = left / 1000000000;
	ts.nsec = left % 1000000000 / unit;
	sd_copy_to_prog((void *)ptr, &ts, sizeof(ts)); /* read-only is fine */
}

static long poll_copied(struct sd_thread *t, u64 at, u32 n, s64 timeout, int *again)
{
	struct pollfd small[ON_STACK], *fds = small;
	u64 len = n * sizeof(*fds);
	long ret;

	if (n > ON_STACK) {
		ret = sys(__NR_mmap, 0, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
		if (ret < 0)
			return ret;
		fds = (void *)ret;
	}
	ret = sd_copy_from_prog(fds, (void *)at, len);
	if (!ret)
		ret = sd_poll_mixed(t, fds, n, timeout, again);
	for (u32 i = 0; i < n && ret >= 0; i++)
		if (sd_copy_to_prog((void *)(at + i * 8 + 6), &fds[i].revents, 2))
			ret = -EFAULT;
	if (fds != small)
		sys(__NR_munmap, fds, len);
	return ret;
}

/* poll(fds, n, ms); ppoll(fds, n, timespec, mask, size) */
enum sd_way sd_call_poll(struct sd_thread *t)
{
	int precise = t->regs.rax == __NR_ppoll, again = 0;
	u32 n = t->regs.rsi;
	long ret = 0;
	s64 timeout, deadline = -1;
	u64 mask;

	if (!t->files || !t->files->mapped || n > MAX_FDS || !any_of_ours(t, t->regs.rdi, n))
		return sd_next(t, SD_STAGE_FDS);
	if (precise) {
		timeout = sd_timeout_from(t->regs.rdx, 1, &ret);
		deadline = sd_deadline(timeout);
		if (!ret && t->regs.r10 && t->regs.r8 != 8)
			ret = -EINVAL;
		if (!ret && t->regs.r10)
			ret = sd_copy_from_prog(&mask, (void *)t->regs.r10, 8);
		if (ret)
			return sd_done(t, ret);
		if (t->regs.r10)
			sd_wait_mask(t, mask);
	} else {
		timeout = (s32)t->regs.rdx < 0 ? -1 : (s32)t->regs.rdx * 1000000ll;
	}
	ret = poll_copied(t, t->regs.rdi, n, timeout, &again);
	if (precise)
		sd_time_left(t->regs.rdx, 1, deadline);
	return sd_result(t, ret, again);
}

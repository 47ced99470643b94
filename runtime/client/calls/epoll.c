/* SPDX-License-Identifier: MIT */
/*
 * epoll.c: a program's epoll fd is a host epoll fd. Once a domain fd is added it gets an epoll
 * instance in that domain too, which holds the domain members with the program's own event data.
 * If all members are in one domain the wait is made there; else all sides are polled, and then
 * waited for together (channel/wait.c).
 *
 * When a domain dies, epoll_wait reports it once (EREMOTEIO) and continues with what is left.
 */
#include "calls/calls.h"
#include "channel/wait.h"

#define EVENT_SIZE sizeof(struct epoll_event)
#define MAX_EVENTS 1024u

typedef u64 __attribute__((aligned(1))) unaligned_u64;

/* The record of an epoll fd, made if it has none. NULL: *err. */
static struct sd_ep *epoll_record(struct sd_thread *t, s32 epfd, s32 member, long *err)
{
	struct sd_files *f = sd_files_of(t);
	struct sd_fd e = sd_fd_get(t, epfd);
	struct sd_ep *ep = NULL;

	*err = 0;
	if (e.kind == SD_FD_EPOLL)
		return &f->ep[e.dfd];
	if (!f || e.kind != SD_FD_HOST || epfd < 0 || epfd >= (s32)SD_FDS) {
		*err = f ? -EINVAL : -ENOMEM;
		return NULL;
	}
	/* Is it an epoll fd at all? Then the error is that it has no such member. */
	*err = sys(__NR_epoll_ctl, epfd, EPOLL_CTL_DEL, member, 0);
	if (*err != -ENOENT && *err != -EPERM)
		return NULL;
	*err = -ENOSPC;
	sd_lock(&f->lock);
	for (u32 i = 0; i < SD_EPS && !ep; i++) {
		if (f->ep[i].refs)
			continue;
		ep = &f->ep[i];
		ep->refs = 1;
		ep->host = 0;
		ep->gen++;
		for (u32 d = 0; d < SD_DOMAINS; d++)
			ep->dfd[d] = -1;
		sd_fd_put(f, epfd, (struct sd_fd){.kind = SD_FD_EPOLL, .dfd = i});
		*err = 0;
	}
	sd_unlock(&f->lock);
	return ep;
}

static int epoll_part_alive(struct sd_thread *t, struct sd_ep *ep, u32 d)
{
	struct sd_chan *c = t->files->chan[d];

	return ep->dfd[d] >= 0 && c && c->serial == ep->serial[d] && c->state == SD_CHAN_LIVE;
}

#define WAKE_DATA 0x5d6b646f6d776b65ull /* event data of the fd that wakes host-only waiters */

/*
 * Threads that wait for the host part alone must learn that there is a domain part now: a ready
 * eventfd joins the host's set until the last of them has left. wait_host() filters it out.
 */
static void wake_host_waiters(struct sd_ep *ep, s32 epfd)
{
	struct epoll_event ev = {EPOLLIN, WAKE_DATA};
	long fd;

	sd_full_fence();
	if (!sd_load_relaxed(&ep->waiting))
		return;
	fd = sys(__NR_eventfd2, 1, O_CLOEXEC);
	if (fd < 0)
		return;
	sys(__NR_epoll_ctl, epfd, EPOLL_CTL_ADD, fd, &ev);
	while (sd_load_acquire(&ep->waiting))
		sys(__NR_sched_yield);
	sys(__NR_epoll_ctl, epfd, EPOLL_CTL_DEL, fd, 0);
	sys(__NR_close, fd);
}

/* The other way round: a host member joins a set that threads wait for in its domain alone. */
static void wake_pure_waiters(struct sd_ep *ep)
{
	sd_full_fence();
	sd_threads_lock();
	for (struct sd_thread *o = sd_threads(); o; o = o->next) {
		struct sd_qp *l = o->qp_now;

		if (!o->busy || sd_load_relaxed(&o->pure_ep) != ep || !l)
			continue;
		sd_qp_interrupt(l);
		l->tr->poke(l);
	}
	sd_threads_unlock();
}

/* The domain's instance for this epoll fd. */
static long epoll_instance(struct sd_thread *t, struct sd_ep *ep, struct sd_qp *l, u32 d)
{
	const struct sd_stub *s = sd_stub_for(d, __NR_epoll_create1);
	struct sd_files *f = t->files;
	u64 arg[6] = {0};
	int again = 0;
	long dfd;

	if (epoll_part_alive(t, ep, d))
		return 0;
	if (!s || !sd_stub_for(d, __NR_epoll_ctl) || !sd_stub_for(d, __NR_epoll_wait)) {
		sd_unsupported(__NR_epoll_ctl);
		return -EPERM;
	}
	do {
		again = 0;
		dfd = sd_domain_call(t, l, s, arg, &again);
	} while (again && !t->kept);
	if (again)
		return -EINTR;
	if (dfd < 0)
		return dfd;
	if (dfd >= (long)SD_DFDS || t->chan[d]->ref[dfd]) {
		sd_qp_fail(l, SD_PROTO);
		return sd_status_errno(t, l, SD_PROTO);
	}
	sd_lock(&f->lock);
	ep->dfd[d] = dfd;
	ep->serial[d] = t->chan[d]->serial;
	t->chan[d]->ref[dfd] = 1;
	t->chan[d]->live++;
	if ((u32)dfd >= t->chan[d]->top)
		t->chan[d]->top = dfd + 1;
	sd_unlock(&f->lock);
	wake_host_waiters(ep, t->regs.rdi);
	return 0;
}

struct sd_member *sd_ep_member(struct sd_ep *ep, u32 d, s32 dfd)
{
	long at;

	if (!ep->member[d]) {
		at = sys(__NR_mmap, 0, SD_DFDS * sizeof(struct sd_member), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (at < 0)
			return NULL;
		ep->member[d] = (struct sd_member *)at;
	}
	return &ep->member[d][dfd];
}

/* The domain's epoll_ctl with a key in place of the program's data. */
static long control_keyed(struct sd_thread *t, struct sd_ep *ep, u32 d, s32 dfd, struct sd_qp *l,
			  const struct sd_stub *s, int *again)
{
	u64 arg[6] = {(u32)ep->dfd[d], t->regs.rsi, (u32)dfd, t->regs.r10};
	struct sd_member *m = sd_ep_member(ep, d, dfd), was;
	struct epoll_event ev;
	long err;

	if (!m)
		return -ENOMEM;
	if ((u32)arg[1] != EPOLL_CTL_DEL && !sd_copy_from_prog(&ev, (void *)arg[3], sizeof(ev))) {
		was = *m;
		/* Set beforehand, since an event may come before this call is over. The old data
		 * may be a closed fd's. */
		m->data = ev.data;
		m->key = ev.data = 1ull << 63 | (u64)ep->gen << 32 | (u32)dfd;
		arg[3] = (u64)&ev;
		err = sd_domain_call(t, l, s, arg, again);
		if (err == -EEXIST || (err && (u32)arg[1] == EPOLL_CTL_MOD))
			*m = was;
		return err;
	}
	err = sd_domain_call(t, l, s, arg, again);
	if (!err && (u32)arg[1] == EPOLL_CTL_DEL)
		m->key = 0;
	return err;
}

/* epoll_ctl in domain d about its fd dfd. */
static long epoll_control(struct sd_thread *t, struct sd_ep *ep, u32 d, s32 dfd, int *again)
{
	const struct sd_stub *s = sd_stub_for(d, __NR_epoll_ctl);
	struct sd_qp *l;
	long err;

	l = sd_qp_of(t, d, 0, &err);
	if (!l)
		return err;
	if (t->regs.rsi != EPOLL_CTL_ADD && !epoll_part_alive(t, ep, d))
		return -ENOENT;
	err = epoll_instance(t, ep, l, d);
	if (err == -EINTR)
		*again = 1;
	if (err)
		return err;
	if (!s) {
		sd_unsupported(__NR_epoll_ctl);
		return -EPERM;
	}
	return control_keyed(t, ep, d, dfd, l, s, again);
}

/* epoll_ctl(epfd, op, fd, event) */
enum sd_way sd_call_epoll_ctl(struct sd_thread *t)
{
	s32 epfd = t->regs.rdi, fd = t->regs.rdx;
	struct sd_fd e = sd_fd_get(t, fd);
	struct sd_ep *ep, *inner;
	int again = 0;
	long err = 0;

	if (e.kind == SD_FD_HIDDEN || sd_fd_get(t, epfd).kind == SD_FD_HIDDEN)
		return sd_done(t, -EBADF);
	if (e.kind == SD_FD_HOST && (u32)t->regs.rsi != EPOLL_CTL_ADD)
		return sd_next(t, SD_STAGE_FDS);
	if (epfd == fd)
		return sd_next(t, SD_STAGE_FDS); /* EINVAL */
	if (e.kind == SD_FD_DOMAIN && sd_has_prefix(e.dom) && !sd_stub_for(e.dom, __NR_epoll_ctl))
		return sd_next(
			t, SD_STAGE_FDS); /* the placeholder can't be waited for either: EPERM */
	ep = epoll_record(t, epfd, fd, &err);
	if (e.kind == SD_FD_HOST) {
		if (ep && !ep->host) {
			ep->host = 1;
			wake_pure_waiters(ep);
		}
		return sd_next(t, SD_STAGE_FDS);
	}
	if (!ep)
		return sd_done(t, err);
	if (e.kind == SD_FD_DOMAIN) {
		if (!sd_fd_chan(t, e, &err))
			return sd_done(t, err);
		err = epoll_control(t, ep, e.dom, e.dfd, &again);
		return sd_result(t, err, again);
	}
	/* An epoll fd in another: its host part, and its part in each domain. */
	inner = &t->files->ep[e.dfd];
	ep->host = 1;
	for (u32 d = 0; d < SD_DOMAINS && !err; d++)
		if (epoll_part_alive(t, inner, d))
			err = epoll_control(t, ep, d, inner->dfd[d], &again);
	return err ? sd_result(t, err, again) : sd_next(t, SD_STAGE_FDS);
}

/* ---- waiting ---- */
struct wait {
	struct sd_thread *t;
	struct sd_ep *ep;
	s32 epfd;
	u64 events;
	u32 max, n;  /* n: domains */
	int pure;    /* one domain and no host members */
	int refused; /* by that domain: the wait continues as a mixed one */
	struct sd_async a[SD_DOMAINS];
	long got;
};

static long epoll_begin(struct wait *w, struct sd_async *a, u32 ms)
{
	const struct sd_stub *s = sd_stub_for(a->dom, __NR_epoll_wait);
	u32 max = w->max - w->got;
	struct sd_qp *l;
	long err;

	if (!s) {
		sd_unsupported(__NR_epoll_wait);
		return -EOPNOTSUPP;
	}
	l = sd_qp_of(w->t, a->dom, 0, &err);
	if (!l)
		return err;
	a->chan = w->t->chan[a->dom];
	a->posted = 0;
	if (max > MAX_EVENTS)
		max = MAX_EVENTS;
	sd_call_begin(l, &a->c, s->op);
	a->c.arg[0] = (u32)w->ep->dfd[a->dom];
	a->c.arg[1] = sd_room(&a->c, max * EVENT_SIZE);
	a->c.arg[2] = max;
	a->c.arg[3] = ms;
	sd_call_most(&a->c, max);
	if (a->c.status == SD_OK)
		return 0;
	err = sd_status_errno(w->t, l, a->c.status);
	sd_call_end(&a->c);
	return err;
}

/* n events of a domain, each read once; a key that was never given out violates the protocol. The
 * number of events kept, or -errno. */
static long epoll_translate(struct wait *w, struct sd_async *a, u32 n)
{
	const struct epoll_event *in = sd_at(&a->c, a->c.arg[1]);
	struct sd_member *m = w->ep->member[a->dom];

	for (u32 i = 0; i < n; i++) {
		u64 key = sd_load_relaxed((const unaligned_u64 *)&in[i].data);
		u32 dfd = (u32)key;
		struct epoll_event ev = {sd_load_relaxed(&in[i].events), 0};

		if (dfd >= SD_DFDS || !m || !(key >> 63)) {
			sd_bad(&a->c);
			return sd_status_errno(w->t, a->c.qp, SD_PROTO);
		}
		if (m[dfd].key != key)
			continue; /* removed, or replaced, since the event */
		ev.data = m[dfd].data;
		if (sd_copy_to_prog((void *)(w->events + w->got * EVENT_SIZE), &ev, EVENT_SIZE))
			return -EFAULT;
		w->got++;
	}
	return 0;
}

/* Appends a domain's events to those that are there. */
static long epoll_collect(struct wait *w, struct sd_async *a)
{
	long err = 0;

	if (a->ret > 0 && a->ret <= (long)w->max - w->got) {
		err = epoll_translate(w, a, a->ret);
		if (err == -EPROTO)
			a->ret = err;
	}
	if (a->ret == -EREMOTEIO || a->ret == -EPROTO) {
		err = a->ret;
		w->ep->dfd[a->dom] = -1; /* reported once; its members are gone */
	}
	sd_call_end(&a->c);
	return err;
}

static long epoll_ask(struct wait *w, struct sd_async *a, u32 ms, int *again)
{
	enum sd_status st;
	long err = epoll_begin(w, a, ms), v = 0;

	if (err) {
		if (err == -EREMOTEIO || err == -EPROTO)
			w->ep->dfd[a->dom] = -1;
		return err;
	}
	sd_qp_enter(w->t, a->c.qp);
	if (w->pure) {
		w->t->pure_ep = w->ep;
		sd_full_fence();
		if (sd_load_relaxed(&w->ep->host)) /* since we looked */
			a->c.qp->intr = 1;
	}
	st = sd_call_wait(&a->c, &a->ret);
	w->t->pure_ep = NULL;
	sd_qp_leave(w->t);
	w->refused = st == SD_REFUSED;
	if (st == SD_INTR)
		a->ret = -ERESTARTNOHAND;
	else if (st == SD_REFUSED)
		a->ret = 0;
	else if (st != SD_OK)
		a->ret = sd_status_errno(w->t, a->c.qp, st);
	if (a->ret < 0)
		v = a->ret = sd_verdict(w->t, a->ret, again);
	err = epoll_collect(w, a);
	return err ?: v < 0 ? v : 0;
}

/* Removes the event that only woke us from the program's array. */
static long without_wake(u64 events, long n)
{
	u8 ev[EVENT_SIZE], last[EVENT_SIZE];
	u64 data;

	for (long i = 0; i < n; i++) {
		if (sd_copy_from_prog(ev, (void *)(events + i * EVENT_SIZE), EVENT_SIZE))
			break;
		memcpy(&data, ev + 4, 8);
		if (data != WAKE_DATA)
			continue;
		n--;
		if (!sd_copy_from_prog(last, (void *)(events + n * EVENT_SIZE), EVENT_SIZE))
			sd_copy_to_prog((void *)(events + i * EVENT_SIZE), last, EVENT_SIZE);
		break;
	}
	return n;
}

static long host_part(struct wait *w)
{
	long n;

	if (w->got >= w->max)
		return 0;
	n = sys(__NR_epoll_wait, w->epfd, w->events + w->got * EVENT_SIZE, w->max - w->got, 0);
	if (n > 0)
		w->got += without_wake(w->events + w->got * EVENT_SIZE, n);
	return n < 0 && n != -EINTR ? n : 0;
}

static long epoll_look(struct wait *w, int *again)
{
	long err = 0;

	for (u32 i = 0; i < w->n && !err && w->got < w->max; i++)
		err = epoll_ask(w, &w->a[i], 0, again);
	return err ?: host_part(w);
}

static long sleep_on_all(struct wait *w, s64 deadline)
{
	struct pollfd host[1 + SD_DOMAINS] = {{w->epfd, POLLIN, 0}};
	long err = 0, r;
	u32 n;

	for (n = 0; n < w->n; n++) {
		err = epoll_begin(w, &w->a[n], -1);
		if (err)
			break;
		sd_async_post(w->t, &w->a[n]);
	}
	r = sd_async_wait(w->t, w->a, n, host, 1, err ? 0 : deadline);
	while (n) {
		long e = epoll_collect(w, &w->a[--n]);

		err = err ?: e;
	}
	if (w->got)
		return 0;
	return err ?: r;
}

static long wait_mixed(struct wait *w, s64 timeout, int *again)
{
	s64 deadline = sd_deadline(timeout);
	long err;

	for (;;) {
		err = epoll_look(w, again);
		if (err || w->got || !timeout)
			break;
		err = sleep_on_all(w, deadline);
		if (sd_unlikely(w->t->refused) && !err && !w->got) {
			struct pollfd host = {w->epfd, POLLIN, 0};

			err = sd_refused_wait(w->t, &host, 1, deadline);
		}
		if (err || w->got)
			break;
		if (deadline >= 0 && sd_now() >= deadline)
			timeout = 0;
	}
	if (w->got)
		*again = 0;
	return w->got ?: err;
}

static long wait_pure(struct wait *w, s64 timeout, int *again)
{
	long err;

	w->pure = 1;
	if (w->t->has_wait_mask)
		sd_set_mask(w->t->wait_mask);
	err = epoll_ask(w, &w->a[0], sd_timeout_ms(timeout), again);
	if (w->t->has_wait_mask)
		sd_block_all();
	if (!w->got && !err && w->a[0].ret > 0)
		*again = 1; /* all of them were stale */
	w->pure = 0;
	if (w->refused)
		return wait_mixed(w, timeout, again);
	return w->got ?: err;
}

static int has_domain_part(const struct sd_ep *ep)
{
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (sd_load_relaxed(&ep->dfd[d]) >= 0)
			return 1;
	return 0;
}

/* Waits for the host part alone, in the hook, to notice when a domain part is added. */
static long wait_host(struct wait *w, s64 timeout, int *again)
{
	struct sd_thread *t = w->t;
	u64 mask = t->wait_mask;
	long n = 0;

	__atomic_fetch_add(&w->ep->waiting, 1, __ATOMIC_SEQ_CST);
	if (has_domain_part(w->ep))
		*again = 1;
	else
		n = sd_raw_wait(__NR_epoll_pwait, w->epfd, w->events, w->max,
				sd_timeout_ms(timeout), t->has_wait_mask ? (u64)&mask : 0,
				&t->kept);
	__atomic_fetch_sub(&w->ep->waiting, 1, __ATOMIC_SEQ_CST);
	if (n > 0) {
		n = without_wake(w->events, n);
		if (!n)
			*again = 1;
	}
	return n;
}

static long timeout_of(struct sd_thread *t, s64 *ns)
{
	long err = 0;

	if (t->regs.rax == __NR_epoll_pwait2)
		*ns = sd_timeout_from(t->regs.r10, 1, &err);
	else
		*ns = (s32)t->regs.r10 < 0 ? -1 : (s32)t->regs.r10 * 1000000ll;
	return err;
}

static long mask_of(struct sd_thread *t)
{
	u64 mask;

	if (t->regs.rax == __NR_epoll_wait || !t->regs.r8)
		return 0;
	if (t->regs.r9 != 8)
		return -EINVAL;
	if (sd_copy_from_prog(&mask, (void *)t->regs.r8, 8))
		return -EFAULT;
	sd_wait_mask(t, mask);
	return 0;
}

enum sd_way sd_call_epoll_wait(struct sd_thread *t)
{
	struct sd_fd e = sd_fd_get(t, (s32)t->regs.rdi);
	struct wait w = {.t = t, .epfd = t->regs.rdi, .events = t->regs.rsi, .max = t->regs.rdx};
	int again = 0;
	s64 timeout;
	long err;

	if (e.kind == SD_FD_EPOLL && (s32)w.max > 0) {
		w.ep = &t->files->ep[e.dfd];
		for (u32 d = 0; d < SD_DOMAINS; d++)
			if (w.ep->dfd[d] >= 0)
				w.a[w.n++].dom = d;
	}
	if (e.kind != SD_FD_EPOLL || (s32)w.max <= 0)
		return sd_next(t, SD_STAGE_FDS);
	for (u32 i = 0; i < w.n; i++)
		if (!epoll_part_alive(t, w.ep, w.a[i].dom)) {
			struct sd_chan *c = t->files->chan[w.a[i].dom];

			w.ep->dfd[w.a[i].dom] = -1;
			return sd_done(t, sd_chan_errno(c));
		}
	err = timeout_of(t, &timeout) ?: mask_of(t);
	if (err)
		return sd_done(t, err);
	if (!w.n)
		err = wait_host(&w, timeout, &again);
	else if (w.n == 1 && !w.ep->host)
		err = wait_pure(&w, timeout, &again);
	else
		err = wait_mixed(&w, timeout, &again);
	return sd_result(t, err, again);
}

/* SPDX-License-Identifier: MIT */
/*
 * wait.c: waits for domains and the host at once. A call is posted to each domain with SD_F_NOTIFY,
 * and ppoll waits for the host's fds and for the notifications; at the end of the wait, for any
 * reason, the posted calls are cancelled and finished, so that none is in flight afterwards.
 *
 * A channel has one notification eventfd for all threads: a thread that drains it checks whether
 * calls of others are done, and notifies them again.
 */
#include "channel/wait.h"
#include "channel/observers.h"

#define PAUSE_MIN 1000000 /* ns */
#define PAUSE_MAX 32000000

static struct sd_async
	*waiters; /* posted calls of this address space that wait for a notification */
static u32 waiters_lock;

/*
 * The domain can't keep another of our calls waiting, or others need the queue pair: the call is
 * retried a little later, without a limit. In between it holds no resources. Signals act as on a
 * call that waits.
 */
void sd_refused_pause(struct sd_thread *t)
{
	struct sd_timespec ts = {0, PAUSE_MIN};

	t->refused = 0;
	sd_qps_pass(t);
	if (t->pause && sd_now() - t->refused_at < 2 * PAUSE_MAX)
		ts.nsec = t->pause < PAUSE_MAX ? t->pause * 2 : PAUSE_MAX;
	t->pause = ts.nsec;
	sd_raw_wait(__NR_ppoll, 0, 0, (u64)&ts, 0, 8, &t->kept);
	t->refused_at = sd_now();
	if (t->kept && t->interrupted & SD_INTR_EINTR) {
		sd_done(t, -EINTR);
		t->exit_rip = t->ret;
	}
}

/* In a forked child: the threads that waited, or held the lock, are in the parent. */
void sd_waiters_reset(void)
{
	waiters = NULL;
	waiters_lock = 0;
}

s64 sd_now(void)
{
	struct sd_timespec ts;

	sys(__NR_clock_gettime, CLOCK_MONOTONIC, &ts);
	return ts.sec * 1000000000 + ts.nsec;
}

s64 sd_deadline(s64 timeout)
{
	s64 now, d;

	if (timeout < 0)
		return -1;
	now = sd_now();
	return __builtin_add_overflow(now, timeout, &d) ? -1 : d;
}

/* ns of a program's timespec or timeval; -EINVAL (as *err) or a copy that fails. No pointer: no
 * limit. */
s64 sd_timeout_from(u64 ptr, s64 unit, long *err)
{
	struct sd_timespec ts;
	s64 ns;

	*err = 0;
	if (!ptr)
		return -1;
	if (sd_copy_from_prog(&ts, (void *)ptr, sizeof(ts))) {
		*err = -EFAULT;
		return 0;
	}
	/* the microseconds of select's timeval may be a second or more */
	if (ts.sec < 0 || ts.nsec < 0 || (unit == 1 && ts.nsec >= 1000000000)) {
		*err = -EINVAL;
		return 0;
	}
	if (__builtin_mul_overflow(ts.sec, 1000000000, &ns) ||
	    __builtin_add_overflow(ns, ts.nsec * unit, &ns))
		return -1;
	return ns;
}

u32 sd_timeout_ms(s64 timeout)
{
	if (timeout < 0)
		return -1;
	timeout = (timeout + 999999) / 1000000;
	return timeout > 0x7fffffff ? 0x7fffffff : timeout;
}

void sd_async_post(struct sd_thread *t, struct sd_async *a)
{
	a->c.flags = SD_F_NOTIFY;
	a->posted = sd_call_post(&a->c) == SD_OK;
	if (!a->posted)
		return;
	sd_lock(&waiters_lock);
	a->next = waiters;
	waiters = a;
	sd_unlock(&waiters_lock);
}

/* Cancels, takes the answer (-errno where there is none) and leaves the list. */
static void async_finish(struct sd_thread *t, struct sd_async *a)
{
	struct sd_async **p;
	enum sd_status st;

	if (!a->posted) {
		a->ret = sd_status_errno(t, a->c.qp, a->c.status);
		return;
	}
	sd_lock(&waiters_lock);
	for (p = &waiters; *p; p = &(*p)->next)
		if (*p == a) {
			*p = a->next;
			break;
		}
	sd_unlock(&waiters_lock);
	sd_call_cancel(&a->c);
	a->c.qp->intr = 0;
	st = sd_call_finish(&a->c, &a->ret);
	if (st == SD_REFUSED) {
		t->refused = 1;
		a->ret = 0;
	} else if (st != SD_OK) {
		a->ret = sd_status_errno(t, a->c.qp, st);
	}
	a->posted = 0;
}

static int any_done(struct sd_async *a, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (!a[i].posted || sd_call_done(&a[i].c))
			return 1;
	return 0;
}

static int a_dead_one(const struct sd_async *a, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (sd_chan_ended(a[i].chan) || sd_qp_gone(a[i].c.qp))
			return 1;
	return 0;
}

/* The eventfds were drained: notifies again for calls of other threads that are done. */
static void ring_again(const struct sd_async *mine, u32 n, const void *my_aio)
{
	u64 v = 1;

	sd_lock(&waiters_lock);
	for (struct sd_async *a = waiters; a; a = a->next)
		if ((a < mine || a >= mine + n) && sd_call_done(&a->c))
			sys(__NR_write, a->chan->fd[SD_FD_EVENT], &v, 8);
	sd_unlock(&waiters_lock);
	sd_observe_drained(my_aio);
}

static void notify_drain_all(const struct sd_async *mine, u32 n)
{
	u64 v;

	for (u32 i = 0; i < n; i++)
		sys(__NR_read, mine[i].chan->fd[SD_FD_EVENT], &v, 8);
	ring_again(mine, n, NULL);
}

void sd_notify_drain(s32 event, const void *mine)
{
	u64 v;

	sys(__NR_read, event, &v, 8);
	ring_again(NULL, 0, mine);
}

/* One ppoll, at most 250 ms long so that a domain's death is noticed. Its result. */
static long sleep_once(struct sd_thread *t, struct pollfd *host, u32 n, s64 deadline)
{
	struct sd_timespec ts = {0, 250000000};
	u64 mask = t->wait_mask;
	s64 left;

	if (deadline >= 0) {
		left = deadline - sd_now();
		if (left < 0)
			left = 0;
		if (left < ts.nsec)
			ts.nsec = left;
	}
	return sd_raw_wait(__NR_ppoll, (u64)host, n, (u64)&ts, t->has_wait_mask ? (u64)&mask : 0, 8,
			   &t->kept);
}

/*
 * a[0..n) are posted; host[0..nhost) is the host's part, with room for n more. Returns at an
 * event, at the deadline, or for a signal (-EINTR).
 */
long sd_async_wait(struct sd_thread *t, struct sd_async *a, u32 n, struct pollfd *host, u32 nhost,
		   s64 deadline)
{
	long r, ret = 0;

	for (u32 i = 0; i < n; i++)
		host[nhost + i] = (struct pollfd){a[i].chan->fd[SD_FD_EVENT], 1, 0};
	for (;;) {
		if (any_done(a, n) || a_dead_one(a, n))
			break;
		if (t->kept) {
			ret = -EINTR;
			break;
		}
		r = sleep_once(t, host, nhost + n, deadline);
		if (r == -EINTR) {
			ret = t->kept ? -EINTR : 0;
			if (ret)
				break;
			continue;
		}
		if (r < 0) {
			ret = r;
			break;
		}
		int rung = 0, ready = 0;

		for (u32 i = 0; i < nhost + n && r; i++)
			if (host[i].revents)
				*(i < nhost ? &ready : &rung) = 1;
		if (rung)
			notify_drain_all(a, n);
		if (ready || (deadline >= 0 && sd_now() >= deadline))
			break;
	}
	while (n)
		async_finish(t, &a[--n]);
	return ret;
}

/* After sd_async_wait(), when a domain refused to let our call wait: waits for the host's fds
 * for a while, after which the domain is asked again. */
long sd_refused_wait(struct sd_thread *t, struct pollfd *host, u32 nhost, s64 deadline)
{
	s64 soon = sd_now() + PAUSE_MAX / 4;

	t->refused = 0;
	sd_qps_pass(t);
	sleep_once(t, host, nhost, deadline >= 0 && deadline < soon ? deadline : soon);
	return t->kept ? -EINTR : 0;
}

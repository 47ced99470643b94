// SPDX-License-Identifier: GPL-2.0
/* serve_call.c: one call, in the task that took it from the ring, to the end. */
#include <linux/fdtable.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <sd/serve_path.h>
#include "serve.h"

struct sd_serve_stats sd_serve_stats;

/*
 * What Linux does on the way back to user mode, as far as it concerns a call: drop its interruption, run task work (the last
 * fput() of a file: close() must have closed when it answers).
 */
static void after_call(void)
{
	if (unlikely(test_thread_flag(TIF_NOTIFY_SIGNAL)))
		clear_notify_signal();
	if (unlikely(task_work_pending(current)))
		sd_exit_work();
}

void sd_interrupt_call(struct sd_slane *l, u32 n)
{
	struct sd_client *c = l->reg->owner;
	struct sd_worker *w;

	list_for_each_entry(w, &c->workers, incall) {
		if (w->req.lane == l && w->req.n == n) {
			set_notify_signal(w->task);
			return;
		}
	}
}

/* The program was replaced: its other threads are gone, and with them their calls; then close-on-exec. */
static long exec(struct sd_worker *w, struct sd_client *c)
{
	do
		sd_client_cancel(c, w);
	while (!wait_event_timeout(c->wait, c->calls == 1 || c->ending, HZ / 50 ?: 1));
	if (c->ending)
		return -EINTR;
	do_close_on_exec(c->files);
	return 0;
}

static long in_service(struct sd_worker *w, struct sd_client *c, bool *bad)
{
	long ret;

	sd_wear(w, c);
	list_add(&w->incall, &c->workers);
	if (unlikely(w->req.cancelled))
		set_notify_signal(current);
	if (likely(w->req.op >= SD_OP_CALLS)) {
		/* A raw pointer in some structure that no stub knows reaches nothing but this lane's own memory. */
		sd_user_confine(w->req.lane->mem->arena, w->unfenced ? 0 : SD_ARENA_SIZE);
		ret = sd_srv_call(sd_poller.table, &w->req, bad);
		sd_user_confine(NULL, 0);
	} else {
		ret = exec(w, c);
	}
	list_del_init(&w->incall);
	after_call();
	return ret;
}

static __always_inline void answer(const struct sd_client *c, const struct sd_req *q, long ret, u16 rflags)
{
	sd_poll_reply(q, ret, rflags);
	if (unlikely(q->flags & SD_F_BELL) && !c->ending)
		sd_machine_bell(c->bell_fd);
}

void sd_serve_call(struct sd_worker *w)
{
	struct sd_req *q = &w->req;
	struct sd_client *c = q->lane->reg->owner;
	u16 rflags = SD_R_OK;
	bool bad = false;
	long ret;

	sd_serve_stats.calls++;
	if (q->op == SD_OP_NULL) {
		answer(c, q, q->arg[0], rflags);
		return;
	}
	c->calls++;
	if (likely(c->calls <= c->calls_max && sd_pool_may_block())) {
		ret = in_service(w, c, &bad);
	} else {
		ret = -EAGAIN;
		rflags = SD_R_REFUSED;
	}
	if (likely(!bad))
		answer(c, q, ret, rflags);
	/* From here on c may go away, unless it lied: then it's we who end it. */
	c->calls--;
	if (unlikely(bad))
		sd_client_lied(c);
	else if (unlikely(waitqueue_active(&c->wait)))
		wake_up_all(&c->wait);
}

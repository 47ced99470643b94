// SPDX-License-Identifier: GPL-2.0
/* serve_call.c: one call, in the task that took it from the ring, to the end. */
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <linux/user_namespace.h>
#include <sd/serve_path.h>
#include "serve.h"

#define EARLY_TRIES  13 /* see early_again() */
#define MEMORY_TRIES 10

/*
 * What Linux does on the way back to user mode, as far as it concerns a call: clear the signal
 * flag, run task work (the last fput() of a file: close() must have closed it when it returns).
 */
static void after_call(void)
{
	if (unlikely(test_thread_flag(TIF_NOTIFY_SIGNAL)))
		clear_notify_signal();
	if (unlikely(task_work_pending(current)))
		sd_exit_work();
}

/* Ends every other call of the client. False: the client is ending, too. */
static bool client_end_others(struct sd_worker *w, struct sd_client *c)
{
	do
		sd_client_cancel(c, w);
	while (!wait_event_timeout(c->wait, c->calls == 1 || c->ending, HZ / 50 ?: 1));
	return !c->ending;
}

/*
 * The process exits, and its other threads haven't been stopped yet. From here on none of their
 * calls begins or completes, so no thread sees its files closed, or reaches a file that another
 * process has opened since. The threads wait until the host ends them. They can still write to
 * their maps, which end with the client.
 */
static long client_exits(struct sd_worker *w, struct sd_client *c)
{
	unsigned int max;

	if (c->exits)
		return -EBUSY; /* which no program sees */
	c->exits = w;
	sd_poll_remove(&sd_poller, &c->reg);
	sd_qp_forget(c);
	if (!client_end_others(w, c))
		return -EINTR;
	set_notify_signal(current); /* no close() waits on behalf of a process that ends */
	rcu_read_lock();
	max = files_fdtable(c->files)->max_fds;
	rcu_read_unlock();
	for (unsigned int fd = 0; fd < max; fd++)
		close_fd(fd);
	return 0;
}

/*
 * exec: the other threads are gone, with their calls and maps; then close-on-exec, unless the
 * client does it. One at a time: two would wait for each other.
 */
static long client_exec(struct sd_worker *w, struct sd_client *c, bool keep)
{
	bool alone;

	if (c->executing)
		return -EALREADY;
	c->executing = true;
	sd_poll_refuse(&sd_poller, &c->reg, w->req.qp);
	alone = client_end_others(w, c);
	if (alone) {
		if (!keep)
			do_close_on_exec(c->files);
		if (sd_shares_end)
			sd_shares_end(c);
		sd_client_executed(c);
	}
	c->executing = false;
	return alone ? 0 : -EINTR;
}

static long call_own(struct sd_worker *w, struct sd_client *c, bool *bad)
{
	struct sd_serve s = {.arena = w->req.qp->mem->arena, .reg = w->req.qp->reg};
	long ret = -EINVAL;

	memcpy(s.arg, w->req.arg, sizeof(s.arg));
	switch (w->req.op) {
	case SD_OP_EXEC:
		ret = client_exec(w, c, s.arg[0] & SD_EXEC_KEEP);
		break;
	case SD_OP_EXIT:
		ret = client_exits(w, c);
		break;
	case SD_OP_CRED:
		ret = sd_cred_told(&s, c);
		break;
	case SD_OP_TICKET:
		ret = sd_ticket_give(&s, c);
		break;
	case SD_OP_REDEEM:
		ret = sd_ticket_show(&s, c);
		break;
	case SD_OP_CLOSE:
		ret = close_fd(s.arg[0]);
		break;
	case SD_OP_PATH:
		ret = sd_path_of(&s);
		break;
	case SD_OP_SHARE:
		ret = sd_share_give ? sd_share_give(&s, c) : -ENODEV;
		break;
	case SD_OP_SHARE_SYNC:
		ret = sd_share_flush ? sd_share_flush(s.arg) : -ENODEV;
		break;
	case SD_OP_REMOTE:
		ret = sd_remote_open ? sd_remote_open(&s) : -EOPNOTSUPP;
		break;
	}
	*bad = s.bad;
	return ret;
}

/* A client that is a domain may make only the calls that its spec names. */
static bool client_peer_may(const struct sd_client *c, u16 op)
{
	if (op < SD_OP_CALLS)
		return op == SD_OP_REDEEM || op == SD_OP_CLOSE;
	return op - SD_OP_CALLS < SD_PEER_OPS && test_bit(op - SD_OP_CALLS, c->peer_calls);
}

/*
 * The current task has new credentials (setuid ...): they become its client's. Calls of the client
 * that are still in service keep the old ones. commit_creds() moved one process from the user of
 * `was` to the new user. That process is the client, which counts as one of its user
 * (serve_client.c), unless another call of it has changed the credentials in between. (There may be
 * no reference to `was` any more, but it isn't freed before the task sleeps, and it hasn't slept.)
 */
static void client_take_cred(struct sd_client *c, const struct cred *was)
{
	const struct cred *old = c->cred, *new = current_cred();

	c->cred = get_cred(new);
	if (unlikely(was != old) && new->user != was->user) {
		inc_rlimit_ucounts(was->ucounts, UCOUNT_RLIMIT_NPROC, 1);
		dec_rlimit_ucounts(old->ucounts, UCOUNT_RLIMIT_NPROC, 1);
	}
	put_cred(old);
}

/*
 * An early call failed because another client has taken the room. It is retried for about a second;
 * after the last try the file gets the error, see sd_file_error(). Without a follower no task may
 * wait, so the client has to retry.
 */
static long early_again(struct sd_worker *w, long ret, bool *bad)
{
	u32 i;

	for (i = 0; i < EARLY_TRIES && ret == -EAGAIN && sd_may_block() && !signal_pending(current);
	     i++) {
		schedule_timeout_interruptible(max(1, HZ >> (8 - min(i, 5u))));
		w->req.last = i + 1 == EARLY_TRIES;
		ret = sd_srv_call(sd_poller.table, &w->req, bad);
	}
	if (ret == -EAGAIN && w->req.last)
		return -ENOBUFS;
	return ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK ? -EINTR : ret;
}

/* A call that may be retried: it has done nothing. */
static long call_failed(struct sd_worker *w, struct sd_client *c, long ret, bool *bad)
{
	if (w->req.flags & SD_F_EARLY)
		return early_again(w, ret, bad);
	if (ret == -ENFILE && sd_memory_from_greedy(c))
		return sd_srv_call(sd_poller.table, &w->req, bad);
	for (u32 i = 0; i < MEMORY_TRIES && ret == -ENOMEM && sd_memory_again(c); i++)
		ret = sd_srv_call(sd_poller.table, &w->req, bad);
	return ret;
}

static long call_serve(struct sd_worker *w, struct sd_client *c, bool *bad)
{
	const u32 shares = sd_shares_begun;
	const struct cred *was;
	long ret;

	if (unlikely(c->peer) && !client_peer_may(c, w->req.op))
		return -EPERM;
	sd_assume_cred(w, c);
	was = current_cred();
	list_add(&w->incall, &c->workers);
	if (unlikely(w->req.cancelled))
		set_notify_signal(current);
	/* A raw pointer in a structure that no stub knows can reach only this queue pair's memory.
	 */
	sd_uaccess_confine(w->req.qp->mem->arena, w->unconfined ? 0 : SD_ARENA_SIZE);
	if (likely(w->req.op >= SD_OP_CALLS)) {
		ret = sd_srv_call(sd_poller.table, &w->req, bad);
		if (unlikely(ret < 0))
			ret = call_failed(w, c, ret, bad);
	} else {
		ret = call_own(w, c, bad);
	}
	if (unlikely(shares != sd_shares_begun))
		sd_shares_adopt(c); /* before anybody knows the fd that the call may have made */
	sd_uaccess_confine(NULL, 0);
	if (unlikely(w->took))
		sd_call_gives_back(w);
	list_del_init(&w->incall);
	if (unlikely(current_cred() != was))
		client_take_cred(c, was);
	after_call();
	return ret;
}

/* The flags of a call that waited or wasn't allowed to: in that case it is refused if it did
 * nothing. */
static u16 call_waited(struct sd_worker *w, struct sd_client *c, long *ret)
{
	bool denied = w->wait & SD_WAIT_DENIED;

	if (w->wait & SD_WAITED)
		sd_unhold(c, SD_POOL_TASKS);
	w->wait = 0;
	if (!denied || (*ret != -EINTR && (*ret > -ERESTARTSYS || *ret < -ERESTART_RESTARTBLOCK)))
		return SD_R_OK;
	*ret = -EAGAIN;
	return SD_R_REFUSED;
}

static __always_inline void call_answer(const struct sd_client *c, const struct sd_req *q, long ret,
					u16 rflags)
{
	sd_poll_reply(q, ret, rflags);
	if (unlikely(q->flags & SD_F_NOTIFY) && !c->ending)
		sd_machine->notify(c->notify_fd);
}

void sd_serve_call(struct sd_worker *w)
{
	struct sd_req *q = &w->req;
	struct sd_client *c = q->qp->reg->owner;
	u16 rflags = SD_R_OK;
	bool bad = false;
	long ret;

	sd_serve_stats.calls++;
	if (q->op == SD_OP_NULL) {
		call_answer(c, q, q->arg[0], rflags);
		return;
	}
	c->calls++;
	if (likely(sd_may_block())) {
		ret = call_serve(w, c, &bad);
		if (unlikely(w->wait))
			rflags = call_waited(w, c, &ret);
	} else if (q->flags & SD_F_EARLY) {
		q->cancelled =
			true; /* the program has gone on: the call is made, but never waits */
		ret = call_serve(w, c, &bad);
		if (unlikely(w->wait))
			call_waited(w, c, &ret);
	} else {
		ret = -EAGAIN;
		rflags = SD_R_REFUSED;
	}
	if (likely(!bad && (!c->exits || c->exits == w)))
		call_answer(c, q, ret, rflags);
	/* From here on c may go away, unless it broke the protocol: then we end it. */
	c->calls--;
	if (unlikely(bad))
		sd_client_lied(c);
	else if (unlikely(waitqueue_active(&c->wait)))
		wake_up_all(&c->wait);
}

static void qp_finish_early(struct sd_worker *w, struct sd_sqp *l)
{
	const struct sd_entry *e = &l->mem->sq[l->slot];

	if (!sd_srv_ready(l) || !(sd_load_relaxed(&e->flags) & SD_F_EARLY))
		return;
	/* Invalid entries are ignored now. */
	if (sd_srv_take(l, sd_poller.table, &w->req) > 0)
		sd_serve_call(w);
}

static void client_finish_early(struct sd_client *c)
{
	struct sd_worker *w = sd_worker_current();
	u32 i;

	for (i = 0; i < SD_QPS && w && !c->ending; i++)
		if (c->reg.qp[i].head) /* a queue pair's first call is never an early one */
			qp_finish_early(w, &c->reg.qp[i]);
}

int sd_client_detach(u32 id)
{
	struct sd_client *c = sd_client_find(id);

	if (!c || c->detaching)
		return -ESRCH;
	c->detaching = true;
	client_finish_early(c);
	sd_client_end(c, SD_ENDED_CLOSED);
	sd_client_forget(c);
	return 0;
}

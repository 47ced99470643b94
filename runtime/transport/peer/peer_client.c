// SPDX-License-Identifier: GPL-2.0
/*
 * peer_client.c: how a task of this domain waits for another domain (sd/remote.h). It spins for as
 * long as a short call takes, if such spins succeeded lately, then sleeps as tasks do, while other
 * calls of this domain continue. The other domain can't wake a task, so it answers by a
 * notification that the machine waits for (SD_F_NOTIFY). A cancel isn't acknowledged by a
 * notification; so after one the task looks on its own.
 *
 * Threads: tasks of the vCPU, and its interrupts.
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <asm/sd.h>
#include <sd/remote.h>
#include <sd/transport.h>
#include "../wait.h"

#define SPIN_CYCLES 10000u /* TSC, about 4 us: a write that finds room is answered by then */
#define GIVE_UP	    4u	   /* useless spins in a row */
#define TRY_AGAIN   32u	   /* waits without a spin before the next try */
#define RECHECK	    (HZ / 4 ?: 1)

struct peer_sleeper {	    /* on the stack of the task that waits */
	struct sd_waiter w; /* the first */
	struct list_head node;
	struct task_struct *task;
};

static LIST_HEAD(sleepers);

/* Wakes only tasks whose answer is there, since many may wait. */
static void peer_notified(void *arg)
{
	struct peer_sleeper *s;

	list_for_each_entry (s, &sleepers, node)
		if (sd_wait_answered(&s->w))
			wake_up_process(s->task);
}

static void peer_listen(void)
{
	static bool listening;

	if (!listening)
		sd_irq_register(SD_IRQ_PEER, peer_notified, NULL);
	listening = true;
}

static long peer_wake(const u32 *word)
{
	return sd_machine->wake((u32 *)word);
}

static bool peer_spun(const struct sd_waiter *w, u64 start)
{
	return sd_tsc() - start >= SPIN_CYCLES;
}

static enum sd_status peer_trouble(struct sd_waiter *w)
{
	struct sd_use *use = w->l->priv;
	enum sd_status st = sd_wait_channel(w->l->head, w->l->wake_page);

	if (st != SD_OK)
		return st;
	if (w->l->gone(w->l))
		return SD_DEAD;
	if (use->deaf || !signal_pending(current))
		return SD_OK;
	use->deaf = true; /* the call is cancelled, and its answer waited for */
	return SD_INTR;
}

static void peer_announce(struct sd_waiter *w)
{
	const struct sd_use *use = w->l->priv;

	set_current_state(use->deaf ? TASK_UNINTERRUPTIBLE : TASK_INTERRUPTIBLE);
}

static void peer_sleep(struct sd_waiter *w)
{
	const struct sd_use *use = w->l->priv;

	schedule_timeout(w->told && !use->deaf ? RECHECK : 1);
}

static void peer_awake(struct sd_waiter *w)
{
	__set_current_state(TASK_RUNNING);
}

static const struct sd_wait_ops peer_wait_ops = {
	.wake = peer_wake,
	.spun = peer_spun,
	.trouble = peer_trouble,
	.announce = peer_announce,
	.sleep = peer_sleep,
	.awake = peer_awake,
};

static bool peer_soon(const struct sd_waiter *w)
{
	bool soon;

	if (!sd_habit_is_soon(w->l, GIVE_UP) && !sd_habit_try_again(w->l, GIVE_UP, TRY_AGAIN))
		return false;
	soon = sd_wait_spin(w, sd_tsc(), &peer_wait_ops);
	sd_habit_learn(w->l, GIVE_UP, soon);
	return soon;
}

static u32 peer_wait(struct sd_qp *l, const u32 *word, u32 pending, u32 want)
{
	struct peer_sleeper s = {
		.w = {.l = l, .word = word, .pending = pending, .want = want},
		.task = current,
	};
	enum sd_status st;

	sd_wait_nudge(l, &peer_wait_ops);
	if (peer_soon(&s.w))
		return SD_OK;
	peer_listen();
	list_add(&s.node, &sleepers);
	st = sd_wait_sleep(&s.w, &peer_wait_ops);
	list_del(&s.node);
	return st;
}

static void peer_kick(struct sd_qp *l)
{
	sd_wait_nudge(l, &peer_wait_ops);
}

static bool peer_alive(const struct sd_region_head *head, const struct sd_wake_page *wake_page)
{
	return sd_wait_channel(head, wake_page) == SD_OK;
}

const struct sd_client_side sd_peer_client = {
	.kick = peer_kick,
	.hint = peer_kick,
	.wait = peer_wait,
	.alive = peer_alive,
};

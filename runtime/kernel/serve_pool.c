// SPDX-License-Identifier: GPL-2.0
/* serve_pool.c: the pool of serving tasks: leader, followers, and how the leader waits for calls.
 * See serve.h. */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <sd/wake_page.h>
#include <sd/serve_path.h>
#include "memory.h"
#include "serve.h"

#define SPARES	      2	 /* followers wanted when a leader starts a call */
#define FOLLOWERS_MAX 32 /* more than that leave */
#define WORKERS_MAX   4096
/* Bytes: a new task must leave this much for calls in progress */
#define MEM_RESERVE (512u << 10)
#define SPAWN_AGAIN (HZ / 10 ?: 1)

/* How long the leader looks at quiet rings. Housekeeping every TIGHT_LOOKS passes, a look at the
 * clock every LOOKS times that. */
#define TIGHT_LOOKS 12u
#define LOOKS	    3u
#define LEAVE_ALONE 5u	  /* pauses; with SD_FIRST_LOOK of transport/wait.h from a sweep by hand */
#define SPIN_NS	    6000u /* then it lets other threads of its host CPU run, if any */
#define REST_NS	    100000u /* then it rests: the vCPU may sleep */
/* TSC cycles. A yield that takes this long means that another thread wants the CPU for long. A
 * sleeper that wakes preempts it, a yielder has to wait: so rest at once the next HOG_RESTS times.
 */
#define HOG_CYCLES 120000u
#define HOG_RESTS  32u

static int __noreturn sd_pool_work(void *worker);

static LIST_HEAD(followers);
static struct sd_worker *leader;
static bool resting;
/* a task runs long: the leader shares the vCPU with it as the scheduler decides */
static bool contended;
static u32 leads;		  /* times the lead was taken */
static unsigned long spawn_after; /* jiffies */
/* queue pair of the last call if its client waited for the answer; only compared */
static struct sd_sqp *answered;
static struct sd_wake_page *wake_page;
static void (*control)(void); /* serve_ctl.c: handles one control event */
static u32 hogged;	      /* rests to come without yielding first */

static struct sd_worker *worker_new(void)
{
	struct sd_worker *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return NULL;
	INIT_LIST_HEAD(&w->free);
	INIT_LIST_HEAD(&w->incall);
	list_add(&w->node, &sd_state.workers);
	sd_serve_stats.workers++;
	return w;
}

static void worker_free(struct sd_worker *w)
{
	list_del(&w->node);
	sd_serve_stats.workers--;
	kfree(w);
}

/* The current task becomes serving task w. */
static void worker_begin(struct sd_worker *w)
{
	w->files = current->files;
	w->fs = current->fs;
	w->cred = current->cred;
	w->task = current;
	current->flags |= PF_IO_WORKER; /* schedule() tells us when it sleeps */
}

static void pool_unfollow(struct sd_worker *w)
{
	if (!list_empty(&w->free)) {
		list_del_init(&w->free);
		sd_state.followers--;
	}
}

static void pool_lead(struct sd_worker *w)
{
	pool_unfollow(w);
	leader = w;
	resting = false;
	leads++;
}

static void pool_follow(struct sd_worker *w)
{
	if (list_empty(&w->free)) {
		list_add(&w->free, &followers); /* last in, first out: warm */
		sd_state.followers++;
	}
}

/* No leader: the first follower becomes it. Any context. */
static bool pool_promote(void)
{
	struct sd_worker *w = list_first_entry_or_null(&followers, struct sd_worker, free);

	if (!w)
		return false; /* all are in calls; the first that ends its call leads */
	pool_lead(w);
	if (w->task) /* else it hasn't started yet */
		wake_up_process(w->task);
	return true;
}

/* How many more calls can wait: each is a task. Linux sets this limit to half of the tasks it
 * allows, by RAM. */
static u32 tasks_left(void)
{
	u32 most = 2 * task_rlimit(&init_task, RLIMIT_NPROC);
	u32 more = most > nr_threads ? most - nr_threads : 0;

	if (time_before(jiffies, spawn_after)) /* there was no memory */
		return sd_state.followers;
	return sd_state.followers + min_t(u32, more, WORKERS_MAX - sd_serve_stats.workers);
}

/* See enum sd_wait. Uninterruptible sleeps and early calls may always sleep. */
static bool may_wait(const struct sd_worker *w, const struct sd_client *c)
{
	if (!(READ_ONCE(w->task->__state) & TASK_INTERRUPTIBLE) || w->req.flags & SD_F_EARLY)
		return true;
	return !(w->req.flags & SD_F_NOWAIT) &&
	       sd_may_hold(c->user, c, SD_POOL_TASKS, tasks_left());
}

/* The leader's call would sleep. False: it goes on as if interrupted. */
static bool call_waits(struct sd_worker *w)
{
	struct sd_client *c = w->req.qp->reg->owner;

	if (!may_wait(w, c)) {
		w->wait |= SD_WAIT_DENIED;
		set_notify_signal(w->task);
		return false;
	}
	w->wait |= SD_WAITED;
	sd_hold(c, SD_POOL_TASKS);
	return true;
}

/* From schedule(), before it looks for the next task. */
static void pool_task_sleeping(struct task_struct *tsk)
{
	struct sd_worker *w = leader;

	if (!w || w->task != tsk)
		return;
	if (!list_empty(&w->incall) && !(w->wait & SD_WAITED) && !call_waits(w))
		return;
	sd_serve_stats.blocked++;
	leader = NULL;
	pool_promote();
}

void sd_serve_kick(void)
{
	if (!leader)
		pool_promote();
}

/* Idle, irqs off: is there work, and has a task been given it? Called before and after the wake-up
 * page says that we sleep. */
static bool pool_idle_poll(void)
{
	if (leader)
		return false; /* if it is runnable, idle knows; else its call ends at some time */
	if (!resting)
		return pool_promote();
	sd_full_fence(); /* for sd_poll_settle(): our answers are visible before it reads */
	return (READ_ONCE(sd_ctl_pending) || sd_poll_settle(&sd_poller)) && pool_promote();
}

/*
 * Timer interrupt. A call that runs for a whole tick without sleeping hands over the lead. If one
 * does so after it slept, and leaders have made way for it, a leader is appointed.
 */
static void pool_tick(void)
{
	static u32 led;
	static u64 done;
	u64 now = sd_serve_stats.calls + sd_poller.passes;

	if (sd_memory_low())
		sd_memory_watch();
	if (leader) {
		if (leader->task == current && now == done && sd_state.followers) {
			leader = NULL;
			contended = true;
			pool_promote();
		}
	} else if (led == leads && !is_idle_task(current)) {
		contended = true;
		pool_promote();
	}
	done = now;
	led = leads;
}

/* Gives up the lead to let other tasks run, or to rest, and waits to be appointed again. */
static void pool_step_down(struct sd_worker *w, bool rest)
{
	leader = NULL;
	resting = rest;
	pool_follow(w);
}

static void pool_await_lead(struct sd_worker *w)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (leader == w)
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

static bool memory_for_task(void)
{
	return si_mem_available() * PAGE_SIZE > MEM_RESERVE + THREAD_SIZE;
}

/* Starts one more follower, which counts even before it first runs. Sleeps. */
static void pool_spawn(struct sd_worker *w)
{
	struct sd_worker *new;

	if (sd_serve_stats.workers >= WORKERS_MAX || time_before(jiffies, spawn_after))
		return;
	spawn_after = jiffies + SPAWN_AGAIN;
	if (!memory_for_task()) {
		if (!sd_state.followers)
			sd_memory_wanted();
		return;
	}
	new = worker_new();
	if (!new)
		return;
	sd_assume_cred(w, NULL); /* what the new task inherits is ours, not a client's */
	if (user_mode_thread(sd_pool_work, new,
			     CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD) < 0) {
		worker_free(new);
		return;
	}
	spawn_after = jiffies;
	if (!new->task)
		pool_follow(new);
}

static void __noreturn pool_leave(struct sd_worker *w)
{
	pool_unfollow(w); /* it may be a follower again: it must not be appointed any more */
	sd_assume_cred(w, NULL);
	current->flags &= ~PF_IO_WORKER;
	worker_free(w);
	do_exit(0);
}

/* Does the last client, or do several, share our host CPU? They can't go on unless we yield. */
static bool pool_client_here(u32 cpu)
{
	if (sd_state.last_qp && sd_load_relaxed(&sd_state.last_qp->mem->client.cpu) == cpu + 1)
		return true;
	return cpu < SD_WAKE_PAGE_CPUS && wake_page->shared[cpu / 64] >> cpu % 64 & 1;
}

/* Yields the host CPU, or rests if yielding took long lately. */
static void pool_give_way(struct sd_worker *w)
{
	u64 before;

	if (hogged) {
		hogged--;
		pool_step_down(w, !contended);
		return;
	}
	before = sd_tsc();
	sd_machine->yield();
	if (sd_tsc() - before > HOG_CYCLES)
		hogged = HOG_RESTS;
}

/* Every LOOKS quiet passes: spin on, yield or rest, depending on the CPU and on how long the rings
 * are quiet. */
static void pool_pass_time(struct sd_worker *w, u64 *since)
{
	u64 t = sd_machine->clock();
	int cpu = sd_machine->cpu();

	if (READ_ONCE(wake_page->cpu) != cpu)
		WRITE_ONCE(wake_page->cpu, cpu);
	if (!*since)
		*since = t;
	if (t - *since > REST_NS)
		pool_step_down(w, !contended);
	else if (t - *since > SPIN_NS || pool_client_here(cpu))
		pool_give_way(w);
}

/* Lets other runnable tasks run first, unless one of them runs long. */
static void pool_make_way(struct sd_worker *w)
{
	if (contended && need_resched())
		schedule();
	if (single_task_running() && !need_resched())
		contended = false;
	else if (!contended)
		pool_step_down(w, false);
}

/* The rings are quiet, for the (*looks)th time in a row. */
static void pool_quiet(struct sd_worker *w, u32 *looks, u64 *since)
{
	cpu_relax(); /* a safe point: interrupts, timers */
	if (need_resched())
		schedule();
	pool_make_way(w);
	if (leader != w)
		return;
	if (!*looks) {
		*since = 0;
		if (pool_client_here(wake_page->cpu))
			pool_give_way(w);
	}
	if (leader == w && !(++*looks % LOOKS))
		pool_pass_time(w, since);
}

/*
 * A few looks without housekeeping give the fastest answer, unless the client that should call
 * waits for this CPU. A client that was just answered in place is left alone for as long as it
 * needs to call again: an earlier look would take the cache line away from it.
 */
static void pool_look(void)
{
	const struct sd_sqp *but = answered;
	u32 i;

	answered = NULL;
	if (pool_client_here(wake_page->cpu))
		return;
	for (i = 0; but && i < LEAVE_ALONE; i++) {
		if (sd_poll_glance(&sd_poller, but))
			return;
		sd_pause();
	}
	for (i = 0; i < TIGHT_LOOKS && !sd_poll_glance(&sd_poller, NULL); i++)
		sd_srv_gap();
}

static void pool_serve_one(struct sd_worker *w)
{
	sd_state.last_qp = w->req.qp;
	sd_serve_call(w);
	answered = w->req.flags & SD_F_SYNC ? w->req.qp : NULL;
	sd_safe_point();
}

/* Is the next call there, and is there nothing else to do before it? */
static bool pool_another(const struct sd_worker *w)
{
	return leader == w && !answered && !READ_ONCE(sd_ctl_pending) && sd_poller.at &&
	       sd_srv_ready(sd_poller.at) && !need_resched() && single_task_running();
}

/* After something that may have slept: true if w still leads, or leads again. */
static bool pool_still_leads(struct sd_worker *w)
{
	if (!leader)
		pool_lead(w);
	return leader == w;
}

/* Housekeeping between calls. False: w doesn't lead any more. */
static bool pool_keep_house(struct sd_worker *w)
{
	if (unlikely(sd_state.followers < SPARES))
		pool_spawn(w);
	if (unlikely(READ_ONCE(sd_ctl_pending)))
		control();
	return likely(pool_still_leads(w));
}

/* Serves every call there is, as long as there is nothing else to do. 0: the rings are quiet. */
static int pool_serve_all(struct sd_worker *w)
{
	struct sd_sregion *liar;
	int ret;

	while ((ret = sd_poll_next(&sd_poller, &w->req, &liar)) > 0) {
		pool_serve_one(w);
		if (!pool_another(w))
			break;
	}
	if (unlikely(ret < 0))
		sd_client_lied(liar->owner);
	return ret;
}

/* Leads until another task does, or the rings have been quiet for long. */
static void pool_look_and_serve(struct sd_worker *w)
{
	u64 since = 0;
	u32 looks = 0;

	while (leader == w && pool_keep_house(w)) {
		pool_look();
		if (!pool_serve_all(w)) {
			pool_quiet(w, &looks, &since);
			continue;
		}
		looks = 0;
		if (pool_still_leads(w) &&
		    unlikely(contended || need_resched() || !single_task_running()))
			pool_make_way(w);
	}
}

static int __noreturn sd_pool_work(void *worker)
{
	struct sd_worker *w = worker;

	worker_begin(w);
	for (;;) {
		if (leader != w) {
			if (sd_state.followers >= FOLLOWERS_MAX && !thread_group_leader(current))
				pool_leave(w);
			pool_follow(w);
		}
		pool_await_lead(w);
		pool_look_and_serve(w);
	}
}

struct sd_worker *sd_pool_adopt(void)
{
	struct sd_worker *w = worker_new();

	if (w) {
		worker_begin(w);
		w->unconfined = true;
		leader = w;
	}
	sd_state.alone = true;
	return w;
}

/* The current task, pid 1, starts the pool and never leaves it. */
void __noreturn sd_pool_run(void (*handle_control)(void))
{
	struct sd_worker *w = worker_new();

	if (!w)
		panic("sd: no memory for the first serving task");
	wake_page = sd_boot->wake_page;
	control = handle_control;
	sd_task_sleeping = pool_task_sleeping;
	sd_idle_poll = pool_idle_poll;
	sd_clock_tick = pool_tick;
	pool_lead(w);
	sd_pool_work(w);
}

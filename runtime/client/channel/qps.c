/* SPDX-License-Identifier: MIT */
/*
 * qps.c: which thread has which queue pair of a channel. A thread keeps its queue pair; when all
 * queue pairs have owners, one is taken from a thread that isn't in a call. The last few queue
 * pairs are for threads that find none that way: calls in them don't wait (SD_F_NOWAIT) but are
 * retried, see sd_refused_pause(), each time in a better queue pair if there is one. So threads
 * that wait never block the calls of others. When these queue pairs are in use as well, a thread
 * sleeps until a call ends.
 */
#include "channel/channel.h"
#include "channel/wait.h"

/* A thread that frees a queue pair looks for waiters without a fence */
#define RECHECK_NS 100000000
/* Without a single call made: a busy host may keep the domain waiting for seconds */
#define GIVE_UP_NS 30000000000ll

#define WAITING (SD_QPS - 8) /* queue pairs whose calls may wait */

static u32 turns; /* threads that wait for a queue pair sleep on it; sd_leave_work counts them */

void sd_qps_reset(void)
{
	sd_leave_work = 0;
}

/* A free queue pair in [from, to); if an earlier image used it, with its position found. With
 * the lock held. */
static struct sd_qp *take_qp(struct sd_chan *c, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++) {
		u32 bit = 1u << i % 32, *used = &c->qp_used[i / 32], *old = &c->qp_old[i / 32];
		struct sd_qp *l = &c->qp[i];

		if (*used & bit)
			continue;
		if (*old & bit) {
			if (sd_qp_resume(l, c->region, i, c->wake_page, c->tr))
				continue;
			*old &= ~bit;
		} else if (!l->mem) {
			sd_qp_init(l, c->region, i, c->wake_page, c->tr);
		}
		__atomic_fetch_or(used, bit, __ATOMIC_ACQUIRE);
		l->priv = c;
		l->gone = sd_qp_gone;
		l->flags = i < WAITING ? 0 : SD_F_NOWAIT;
		return l;
	}
	return NULL;
}

struct sd_qp *sd_qp_own(struct sd_thread *t, struct sd_chan *c)
{
	struct sd_qp *l;

	sd_files_lock(t->files);
	l = take_qp(c, 0, WAITING);
	sd_unlock(&t->files->lock);
	return l;
}

static void give_qp(struct sd_chan *c, const struct sd_qp *l)
{
	u32 i = l - c->qp;

	__atomic_fetch_and(&c->qp_used[i / 32], ~(1u << i % 32), __ATOMIC_RELEASE);
}

void sd_qp_give(struct sd_chan *c, struct sd_qp *l)
{
	give_qp(c, l);
	if (sd_load_relaxed(&sd_leave_work))
		sd_qp_freed();
}

/*
 * All queue pairs have owners: takes one from a thread that isn't in a call. An owner sets
 * qps_in_use, then looks at chan[], without a fence in between; we issue that fence. With the
 * files' lock held.
 */
static struct sd_qp *borrow_qp(struct sd_thread *t, struct sd_chan *c, u16 flags)
{
	struct sd_qp *l = NULL;

	sys(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
	sd_threads_lock();
	for (struct sd_thread *o = sd_threads(); o && !l; o = o->next) {
		if (o == t || !o->busy || o->files != t->files || o->chan[c->dom] != c ||
		    sd_load_relaxed(&o->qps_in_use) || o->qp[c->dom]->flags != flags)
			continue;
		sd_store_relaxed(&o->chan[c->dom], NULL);
		if (sys(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED) ||
		    sd_load_acquire(&o->qps_in_use))
			sd_store_release(&o->chan[c->dom],
					 c); /* it waits for our lock, or has it */
		else
			l = o->qp[c->dom];
	}
	sd_threads_unlock();
	return l;
}

/* The slow path to a queue pair, with the files' lock held. */
static struct sd_qp *find_qp(struct sd_thread *t, u32 dom, int create, long *err)
{
	struct sd_files *f = t->files;
	struct sd_chan *c = f->chan[dom];
	struct sd_qp *l;

	/* A domain can die while this program makes no call to it. */
	if (c && c->state == SD_CHAN_LIVE && !sd_chan_alive(c))
		c->state = SD_CHAN_DEAD;
	if ((!c || c->state != SD_CHAN_LIVE) && create) {
		*err = sd_chan_renew(t, dom);
		c = f->chan[dom];
	}
	if (!*err && (!c || c->state != SD_CHAN_LIVE))
		*err = sd_chan_errno(c);
	if (*err)
		return NULL;
	if (t->chan[dom] == c)
		return t->qp[dom];
	l = take_qp(c, 0, WAITING) ?: borrow_qp(t, c, 0);
	l = l ?: take_qp(c, WAITING, SD_QPS) ?: borrow_qp(t, c, SD_F_NOWAIT);
	t->chan[dom] = l ? c : NULL;
	t->qp[dom] = l;
	if (!l)
		*err = -EAGAIN;
	if (l && c->fresh) {
		c->fresh = 0;
		sd_introduce(l, dom);
	}
	return l;
}

struct sd_qp *sd_qp_at_once(struct sd_thread *t, u32 dom)
{
	long err = 0;

	return find_qp(t, dom, 0, &err);
}

/* Changes as long as calls end somewhere in this process. */
static u32 calls_made(const struct sd_chan *c)
{
	u32 n = 0;

	for (u32 i = 0; c && i < SD_QPS; i++)
		n += sd_load_relaxed(&c->qp[i].tail);
	return n;
}

static struct sd_qp *try_qp(struct sd_thread *t, u32 dom, int create, long *err)
{
	struct sd_files *f = t->files;
	struct sd_qp *l;

	*err = 0;
	sd_files_lock(f);
	l = find_qp(t, dom, create, err);
	sd_unlock(&f->lock);
	return l;
}

/* As many calls are being made as there are queue pairs. If they all block, this one can't be
 * made. */
static struct sd_qp *wait_for_qp(struct sd_thread *t, u32 dom, int create, long *err)
{
	struct sd_timespec recheck = {0, RECHECK_NS};
	struct sd_chan *c = t->files->chan[dom];
	u32 made = calls_made(c), turn;
	s64 since = sd_now();
	struct sd_qp *l;

	__atomic_fetch_add(&sd_leave_work, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		turn = sd_load_acquire(&turns);
		l = try_qp(t, dom, create, err);
		if (*err != -EAGAIN)
			break;
		if (calls_made(c) != made) {
			made = calls_made(c);
			since = sd_now();
		} else if (sd_now() - since > GIVE_UP_NS) {
			break;
		}
		sys(__NR_futex, &turns, FUTEX_WAIT_PRIVATE, turn, &recheck);
	}
	__atomic_fetch_sub(&sd_leave_work, 1, __ATOMIC_RELAXED);
	return l;
}

void sd_qp_freed(void)
{
	__atomic_fetch_add(&turns, 1, __ATOMIC_RELEASE);
	sys(__NR_futex, &turns, FUTEX_WAKE_PRIVATE, 1);
}

void sd_hook_left(struct sd_thread *t)
{
	if (t->nlate)
		sd_fd_close_late(t);
	sd_qp_freed();
}

/* Somebody traces the domain's programs: the next call's entry sees to it (trace.h), since here
 * the program is in the middle of one. */
static inline void qp_look(struct sd_thread *t, const struct sd_chan *c)
{
	if (sd_unlikely(sd_load_relaxed(&c->wake_page->trace)))
		sd_store_relaxed(&t->traced, 1);
}

struct sd_qp *sd_qp_of(struct sd_thread *t, u32 dom, int create, long *err)
{
	struct sd_chan *c = t->files ? t->files->chan[dom] : NULL;
	struct sd_qp *l;

	if (sd_unlikely(sd_load_relaxed(&t->traced)))
		t->traced_dom = 1 + dom;
	sd_store_relaxed(&t->qps_in_use, t->qps_in_use | 1);
	asm volatile("" ::: "memory"); /* see borrow_qp() */
	/* A call that needs no fd of the old domain goes to the restarted one, even if no thread
	 * here has noticed the end of the old one. */
	if (sd_likely(c && sd_load_relaxed(&t->chan[dom]) == c && c->state == SD_CHAN_LIVE &&
		      (!create || sd_chan_alive(c)))) {
		qp_look(t, c);
		return t->qp[dom];
	}
	if (!sd_files_of(t)) {
		*err = -ENOMEM;
		return NULL;
	}
	sd_mask_until_exit(t);
	l = try_qp(t, dom, create, err);
	if (*err == -EAGAIN)
		l = wait_for_qp(t, dom, create, err);
	sd_unmask_now(t); /* what follows may wait */
	if (l)
		qp_look(t, l->priv);
	return l;
}

void sd_qps_pass(struct sd_thread *t)
{
	for (u32 d = 0; d < SD_DOMAINS && t->files; d++) {
		struct sd_chan *c;

		if (!sd_load_relaxed(&t->chan[d]) || !(t->qp[d]->flags & SD_F_NOWAIT))
			continue;
		sd_mask_until_exit(t);
		sd_files_lock(t->files); /* not while somebody borrows it */
		c = t->chan[d];
		t->chan[d] = NULL;
		if (c)
			give_qp(c, t->qp[d]);
		sd_unlock(&t->files->lock);
		sd_unmask_now(t);
		if (sd_load_relaxed(&sd_leave_work))
			sd_qp_freed();
	}
}

void sd_qps_free(struct sd_thread *t)
{
	sd_store_relaxed(&t->qps_in_use, 1);
	sd_full_fence();
	for (u32 d = 0; d < SD_DOMAINS && t->files; d++) {
		struct sd_chan *c;

		sd_lock(&t->files->lock); /* not while somebody borrows it */
		c = t->chan[d];
		t->chan[d] = NULL;
		if (c)
			give_qp(c, t->qp[d]);
		sd_unlock(&t->files->lock);
	}
	if (sd_load_relaxed(&sd_leave_work))
		sd_qp_freed();
}

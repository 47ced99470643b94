/* SPDX-License-Identifier: MIT */
/*
 * lanes.c: which thread has which lane of a channel. A thread keeps the lane it got; when all lanes
 * have owners, one is taken from a thread that isn't in a call. The last few lanes are for threads
 * that find none that way: calls in them don't wait (SD_F_NOWAIT) but are issued again, see
 * sd_refused_pause(), each time in a better lane if there is one. So threads that wait never keep
 * others from their calls. When these lanes are in use as well, a thread sleeps until a call ends.
 */
#include "channel/channel.h"
#include "channel/wait.h"

#define RECHECK_NS 100000000 /* a thread that frees a lane looks for waiters without a fence */
#define GIVE_UP_NS \
	30000000000ll /* without a single call made: a busy host may keep the domain waiting for \
			 seconds */

#define WAITING (SD_LANES - 8) /* lanes whose calls may wait */

static u32 turns; /* threads that wait for a lane sleep on it; sd_leave_work counts them */

void sd_lanes_reset(void)
{
	sd_leave_work = 0;
}

/* A lane nobody has, from `from` to before `to`, position found where an image before us used it.
 * With the lock held. */
static struct sd_lane *take_lane(struct sd_chan *c, u32 from, u32 to)
{
	for (u32 i = from; i < to; i++) {
		u32 bit = 1u << i % 32, *used = &c->lane_used[i / 32], *old = &c->lane_old[i / 32];
		struct sd_lane *l = &c->lane[i];

		if (*used & bit)
			continue;
		if (*old & bit) {
			if (sd_lane_resume(l, c->region, i, c->bell, c->tr))
				continue;
			*old &= ~bit;
		} else if (!l->mem) {
			sd_lane_init(l, c->region, i, c->bell, c->tr);
		}
		__atomic_fetch_or(used, bit, __ATOMIC_ACQUIRE);
		l->priv = c;
		l->gone = sd_lane_gone;
		l->flags = i < WAITING ? 0 : SD_F_NOWAIT;
		return l;
	}
	return NULL;
}

struct sd_lane *sd_lane_own(struct sd_thread *t, struct sd_chan *c)
{
	struct sd_lane *l;

	sd_files_lock(t->files);
	l = take_lane(c, 0, WAITING);
	sd_unlock(&t->files->lock);
	return l;
}

static void give_lane(struct sd_chan *c, const struct sd_lane *l)
{
	u32 i = l - c->lane;

	__atomic_fetch_and(&c->lane_used[i / 32], ~(1u << i % 32), __ATOMIC_RELEASE);
}

void sd_lane_give(struct sd_chan *c, struct sd_lane *l)
{
	give_lane(c, l);
	if (sd_load_relaxed(&sd_leave_work))
		sd_lane_freed();
}

/*
 * All lanes have owners: take one of a thread that isn't in a call. Its owner says lanes_in_use,
 * then looks at chan[], with no fence between; the fence is ours. With the files' lock held.
 */
static struct sd_lane *borrow_lane(struct sd_thread *t, struct sd_chan *c, u16 flags)
{
	struct sd_lane *l = NULL;

	sys(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
	sd_threads_lock();
	for (struct sd_thread *o = sd_threads(); o && !l; o = o->next) {
		if (o == t || !o->busy || o->files != t->files || o->chan[c->dom] != c ||
		    sd_load_relaxed(&o->lanes_in_use) || o->lane[c->dom]->flags != flags)
			continue;
		sd_store_relaxed(&o->chan[c->dom], NULL);
		if (sys(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED) ||
		    sd_load_acquire(&o->lanes_in_use))
			sd_store_release(&o->chan[c->dom],
					 c); /* it waits for our lock, or has it */
		else
			l = o->lane[c->dom];
	}
	sd_threads_unlock();
	return l;
}

/* The slow way to a lane, with the files' lock held. */
static struct sd_lane *find_lane(struct sd_thread *t, u32 dom, int create, long *err)
{
	struct sd_files *f = t->files;
	struct sd_chan *c = f->chan[dom];
	struct sd_lane *l;

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
		return t->lane[dom];
	l = take_lane(c, 0, WAITING) ?: borrow_lane(t, c, 0);
	l = l ?: take_lane(c, WAITING, SD_LANES) ?: borrow_lane(t, c, SD_F_NOWAIT);
	t->chan[dom] = l ? c : NULL;
	t->lane[dom] = l;
	if (!l)
		*err = -EAGAIN;
	if (l && c->fresh) {
		c->fresh = 0;
		sd_introduce(l, dom);
	}
	return l;
}

struct sd_lane *sd_lane_at_once(struct sd_thread *t, u32 dom)
{
	long err = 0;

	return find_lane(t, dom, 0, &err);
}

/* Moves as long as calls end somewhere in this process. */
static u32 calls_made(const struct sd_chan *c)
{
	u32 n = 0;

	for (u32 i = 0; c && i < SD_LANES; i++)
		n += sd_load_relaxed(&c->lane[i].tail);
	return n;
}

static struct sd_lane *try_lane(struct sd_thread *t, u32 dom, int create, long *err)
{
	struct sd_files *f = t->files;
	struct sd_lane *l;

	*err = 0;
	sd_files_lock(f);
	l = find_lane(t, dom, create, err);
	sd_unlock(&f->lock);
	return l;
}

/* As many calls as there are lanes are being made. If they all block, this one can't be. */
static struct sd_lane *wait_for_lane(struct sd_thread *t, u32 dom, int create, long *err)
{
	struct sd_timespec recheck = {0, RECHECK_NS};
	struct sd_chan *c = t->files->chan[dom];
	u32 made = calls_made(c), turn;
	s64 since = sd_now();
	struct sd_lane *l;

	__atomic_fetch_add(&sd_leave_work, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		turn = sd_load_acquire(&turns);
		l = try_lane(t, dom, create, err);
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

void sd_lane_freed(void)
{
	__atomic_fetch_add(&turns, 1, __ATOMIC_RELEASE);
	sys(__NR_futex, &turns, FUTEX_WAKE_PRIVATE, 1);
}

void sd_hook_left(struct sd_thread *t)
{
	if (t->nlate)
		sd_fd_close_late(t);
	sd_lane_freed();
}

struct sd_lane *sd_lane_of(struct sd_thread *t, u32 dom, int create, long *err)
{
	struct sd_chan *c = t->files ? t->files->chan[dom] : NULL;
	struct sd_lane *l;

	if (sd_unlikely(t->look & SD_LOOK_TRACE))
		t->traced_dom = 1 + dom;
	sd_store_relaxed(&t->lanes_in_use, t->lanes_in_use | 1);
	asm volatile("" ::: "memory"); /* see borrow_lane() */
	/* A call that needs no fd of the old domain is made in the one that was started again, even
	 * if no thread here has noticed the end of the old. */
	if (sd_likely(c && sd_load_relaxed(&t->chan[dom]) == c && c->state == SD_CHAN_LIVE &&
		      (!create || sd_chan_alive(c))))
		return t->lane[dom];
	if (!sd_files_of(t)) {
		*err = -ENOMEM;
		return NULL;
	}
	sd_mask_until_exit(t);
	l = try_lane(t, dom, create, err);
	if (*err == -EAGAIN)
		l = wait_for_lane(t, dom, create, err);
	sd_unmask_now(t); /* what follows may wait */
	return l;
}

void sd_lanes_pass(struct sd_thread *t)
{
	for (u32 d = 0; d < SD_DOMAINS && t->files; d++) {
		struct sd_chan *c;

		if (!sd_load_relaxed(&t->chan[d]) || !(t->lane[d]->flags & SD_F_NOWAIT))
			continue;
		sd_mask_until_exit(t);
		sd_files_lock(t->files); /* not while somebody borrows it */
		c = t->chan[d];
		t->chan[d] = NULL;
		if (c)
			give_lane(c, t->lane[d]);
		sd_unlock(&t->files->lock);
		sd_unmask_now(t);
		if (sd_load_relaxed(&sd_leave_work))
			sd_lane_freed();
	}
}

void sd_lanes_free(struct sd_thread *t)
{
	sd_store_relaxed(&t->lanes_in_use, 1);
	sd_full_fence();
	for (u32 d = 0; d < SD_DOMAINS && t->files; d++) {
		struct sd_chan *c;

		sd_lock(&t->files->lock); /* not while somebody borrows it */
		c = t->chan[d];
		t->chan[d] = NULL;
		if (c)
			give_lane(c, t->lane[d]);
		sd_unlock(&t->files->lock);
	}
	if (sd_load_relaxed(&sd_leave_work))
		sd_lane_freed();
}

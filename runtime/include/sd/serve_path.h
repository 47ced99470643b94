/* SPDX-License-Identifier: MIT */
/*
 * serve_path.h: the path that every call takes at the domain's end: take, look, answer. It is
 * inline, since a null call takes a few dozen instructions, of which function calls between files
 * were a third. Everything else is in server.h.
 */
#ifndef SD_SERVE_PATH_H
#define SD_SERVE_PATH_H

#include <sd/server.h>

/*
 * How far ahead the cache lines of a batch are fetched: far enough to hide a transfer, not so far
 * that they aren't written yet. Measured in manual sweeps (tests/bench/batch.c, with qp.c's
 * AHEAD).
 */
#define SD_AHEAD      16u /* entries */
#define SD_AHEAD_DONE 4u  /* completions, 4 to a line */
#define SD_RUN_MAX    16u /* calls of one queue pair before the next queue pair's turn */

static inline bool sd_op_known(const struct sd_table *t, u16 op)
{
	return op < SD_OP_OWN || (op >= SD_OP_CALLS && (u32)op - SD_OP_CALLS < t->n);
}

static inline bool sd_flags_good(u16 flags)
{
	u16 kind = flags & (SD_F_CQ | SD_F_SYNC | SD_F_EARLY);

	return !(flags & ~SD_F_ALL) && !(kind & (kind - 1));
}

/* A copy by relaxed loads: the compiler can't read the entry again later. */
static inline void sd_copy_entry(struct sd_req *q, const struct sd_entry *e)
{
	int i;

	q->op = sd_load_relaxed(&e->op);
	q->flags = sd_load_relaxed(&e->flags);
	for (i = 0; i < 6; i++)
		q->arg[i] = sd_load_relaxed(&e->arg[i]);
	q->early = q->flags & SD_F_EARLY ? sd_load_relaxed(&e->ret) : 0;
	q->credit = 0;
	q->last = false;
}

/*
 * Next entry of a queue pair. 1: taken, *q is its checked copy; 0: none; -EPROTO: the client broke
 * the protocol, the region must be ended. One acquire load when there is none.
 */
static inline int sd_srv_take(struct sd_sqp *l, const struct sd_table *t, struct sd_req *q)
{
	u32 slot = l->slot;
	const struct sd_entry *e = &l->mem->sq[slot];
	u32 seq = sd_load_acquire(&e->seq);

	if (sd_unlikely(seq != l->expect))
		return sd_srv_odd(l, seq);
	sd_copy_entry(q, e);
	if (sd_unlikely(!(seq & 1) || l->busy >> slot & 1)) /* published over a call in flight */
		return -EPROTO;
	if (sd_unlikely(!sd_op_known(t, q->op) || !sd_flags_good(q->flags)))
		return -EPROTO;
	if (q->flags & SD_F_CQ)
		sd_prefetch(&l->mem->sq[(slot + SD_AHEAD) % SD_RING]);
	else
		sd_prefetchw(e); /* the answer is written there: have the cache line by then */
	q->qp = l;
	q->n = l->head++;
	q->slot = (u16)slot;
	q->cancelled = sd_unlikely(l->early) && sd_srv_cancelled_early(l, q->n);
	if (!(q->flags & SD_F_SYNC))
		l->slot = (slot + 1) % SD_RING;
	l->expect = 2 * l->head + 1;
	if (q->flags & SD_F_EARLY) {
		l->expect += !l->early; /* a cancelled entry doesn't wait for it */
		l->left = 0;
	}
	l->fresh = true;
	l->busy |= 1ull << slot;
	l->reg->serving++;
	l->idle = 0;
	return 1;
}

static inline void sd_complete(struct sd_sqp *l, const struct sd_req *q, long ret, u16 rflags)
{
	struct sd_done *d = &l->mem->cq[l->done % SD_RING];

	if (!(l->done % (SD_CACHELINE / sizeof(*d))))
		sd_prefetchw(&l->mem->cq[(l->done + SD_AHEAD_DONE) % SD_RING]);
	sd_store_relaxed(&d->slot, q->slot);
	sd_store_relaxed(&d->flags, rflags);
	sd_store_relaxed(&d->ret, ret);
	sd_store_release(&d->seq, ++l->done);
}

/* Answer. rflags: SD_R_*. Nothing is written once the region has ended. */
static inline void sd_srv_reply(const struct sd_req *q, long ret, u16 rflags)
{
	struct sd_sqp *l = q->qp;
	struct sd_entry *e = &l->mem->sq[q->slot];

	l->busy &= ~(1ull << q->slot);
	l->reg->serving--;
	if (sd_unlikely(l->reg->ended))
		return;
	l->owes = true;
	rflags |= SD_R_CREDIT(q->credit);
	if (q->flags & SD_F_CQ) {
		sd_complete(l, q, ret, rflags);
		return;
	}
	if (sd_unlikely(q->flags & SD_F_EARLY)) {
		l->expect = 2 * l->head + 1;
		if (sd_srv_ready(l)) /* its client waits for that next entry's answer */
			l->owes = false;
		l->left = SD_R_SETTLED | SD_R_LEFT(q->credit) | (ret != q->early ? SD_R_BROKEN : 0);
	} else {
		rflags |= l->left;
		l->left = 0;
	}
	if (q->slot == l->slot) { /* it is also the head's slot: our own store isn't a new entry */
		l->seen = 2 * q->n + 2;
		l->fresh = false;
	}
	sd_store_relaxed(&e->flags, rflags | (q->flags & SD_F_SYNC));
	sd_store_relaxed(&e->ret, ret);
	sd_store_release(&e->seq, 2 * q->n + 2);
}

/*
 * Has a queue pair (other than `but`) a call? One look at each, and nothing else: sd_poll_next()
 * begins with the queue pair that has one. Most looks find nothing, which trains the branch
 * predictor: any further branch on the way to a call would be mispredicted.
 */
static inline bool sd_poll_glance(struct sd_poller *p, const struct sd_sqp *but)
{
	struct sd_sqp *l = p->at;
	u32 n;

	if (sd_unlikely(p->many))
		return sd_poll_glance_fair(p, but);
	for (n = p->qps; n; n--, l = l->next) {
		if (l == but || sd_likely(!sd_srv_ready(l)))
			continue;
		if (p->at != l) {
			p->at = l;
			p->run = 0;
		}
		return true;
	}
	return false;
}

/*
 * The next call of any queue pair, queue pairs taking turns. 1: *q; 0: a pass over all queue pairs
 * found nothing; -EPROTO: *liar broke the protocol: the region must be ended and removed.
 */
static inline int sd_poll_next(struct sd_poller *p, struct sd_req *q, struct sd_sregion **liar)
{
	u32 n = p->qps;
	int ret;

again:
	for (; n; n--) {
		struct sd_sqp *l = p->at;

		ret = sd_srv_take(l, p->table, q);
		if (sd_likely(ret > 0)) {
			if (sd_unlikely(++p->run >= SD_RUN_MAX))
				sd_poll_turn(p);
			return 1;
		}
		if (sd_unlikely(ret)) {
			*liar = l->reg;
			return ret;
		}
		sd_poll_quiet(p, l);
	}
	if (sd_unlikely(p->many) &&
	    sd_poll_glance_fair(
		    p, NULL)) { /* as many looks as there are queue pairs, but not one at each */
		n = 1;
		goto again;
	}
	sd_poll_passed(p);
	return 0;
}

/* Answer a call taken from sd_poll_next(), and wake its client if it sleeps and no later pass
 * would notice that. */
static inline void sd_poll_reply(const struct sd_req *q, long ret, u16 rflags)
{
	sd_srv_reply(q, ret, rflags);
	if (sd_unlikely(!q->qp->polled) && !q->qp->reg->ended) {
		sd_full_fence();
		sd_poll_owed(q->qp, true);
	}
}

#endif

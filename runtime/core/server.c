// SPDX-License-Identifier: MIT
/* server.c: the domain's end of the rings. Every value is read from the region once, then checked,
 * then used. */
#include <sd/server.h>

/* How far ahead the lines of a batch are fetched: far enough to hide a transfer, not so far that
 * they aren't written yet. */
#define AHEAD	   6u /* entries */
#define AHEAD_DONE 8u /* completions, 4 to a line */

void sd_sregion_init(struct sd_sregion *r, void *base, void *owner)
{
	u32 i;

	r->head = base;
	r->owner = owner;
	r->ended = SD_LIVE;
	r->serving = 0;
	for (i = 0; i < SD_LANES; i++)
		r->lane[i] = (struct sd_slane){
			.mem = (struct sd_lane_mem *)((u8 *)base + SD_HEAD_SIZE +
						      (u64)i * SD_LANE_SIZE),
			.reg = r,
			.index = (u16)i,
			.fresh = true,
		};
}

/* The copy is finished here: nothing later is re-read from the entry by the compiler. */
static void copy_entry(struct sd_req *q, const struct sd_entry *e)
{
	int i;

	q->op = sd_load_relaxed(&e->op);
	q->flags = sd_load_relaxed(&e->flags);
	for (i = 0; i < 6; i++)
		q->arg[i] = sd_load_relaxed(&e->arg[i]);
}

static bool op_known(const struct sd_table *t, u16 op)
{
	return op <= SD_OP_EXEC || (op >= SD_OP_CALLS && (u32)op - SD_OP_CALLS < t->n);
}

static bool flags_good(u16 flags)
{
	return !(flags & ~SD_F_ALL) && (flags & (SD_F_CQ | SD_F_SYNC)) != (SD_F_CQ | SD_F_SYNC);
}

static bool cancel_wanted(const struct sd_slane *l, u32 *n)
{
	u32 word = sd_load_acquire(&l->mem->client.cancel);

	*n = word / 2;
	return word % 2 && word != sd_load_relaxed(&l->mem->domain.cancelled);
}

bool sd_srv_cancel(struct sd_slane *l, u32 *n)
{
	if (!cancel_wanted(l, n))
		return false;
	l->early = (s32)(2 * *n - 2 * l->head) >= 0; /* the word holds 31 bits of a number */
	return !l->early;
}

void sd_srv_cancelled(struct sd_slane *l, u32 n)
{
	sd_store_release(&l->mem->domain.cancelled, 2 * n + 1);
	l->owes = true;
}

/* Entry n is being taken, and some entry was cancelled before that. */
static bool cancelled_early(struct sd_slane *l, u32 n)
{
	u32 which;

	if (cancel_wanted(l, &which)) {
		if ((s32)(2 * which - 2 * n) > 0)
			return false; /* a later one */
		sd_srv_cancelled(l, which);
	}
	l->early = false;
	return 2 * which == 2 * n;
}

int sd_srv_take(struct sd_slane *l, const struct sd_table *t, struct sd_req *q)
{
	u32 slot = l->slot;
	const struct sd_entry *e = &l->mem->sq[slot];
	u32 seq = sd_load_acquire(&e->seq);

	if (sd_likely(seq != 2 * l->head + 1)) {
		if (sd_likely(seq == l->seen && !l->fresh))
			return 0;
		if (!l->fresh)
			return -EPROTO;
		l->seen = seq;
		l->fresh = false;
		return 0;
	}
	copy_entry(q, e);
	if (sd_unlikely(l->busy >> slot & 1)) /* published over a call in flight */
		return -EPROTO;
	if (sd_unlikely(!op_known(t, q->op) || !flags_good(q->flags)))
		return -EPROTO;
	if (q->flags & SD_F_CQ)
		sd_prefetch(&l->mem->sq[(slot + AHEAD) % SD_RING]);
	else
		sd_prefetchw(e); /* the answer goes there: have the line when it is ready */
	q->lane = l;
	q->n = l->head++;
	q->slot = (u16)slot;
	q->cancelled = sd_unlikely(l->early) && cancelled_early(l, q->n);
	if (!(q->flags & SD_F_SYNC))
		l->slot = (slot + 1) % SD_RING;
	l->fresh = true;
	l->busy |= 1ull << slot;
	l->reg->serving++;
	l->idle = 0;
	return 1;
}

static void free_scratch(struct sd_serve *s)
{
	void *p, *next;

	for (p = s->scratch; p; p = next) {
		next = *(void **)p;
		sd_mem_put(p);
	}
}

long sd_srv_call(const struct sd_table *t, const struct sd_req *q, bool *bad)
{
	struct sd_serve s;
	long ret;
	int i;

	for (i = 0; i < 6; i++)
		s.arg[i] = q->arg[i];
	s.arena = q->lane->mem->arena;
	s.bad = false;
	s.scratch = NULL;
	ret = t->call[q->op - SD_OP_CALLS].fn(&s);
	if (sd_unlikely(s.scratch))
		free_scratch(&s);
	*bad = s.bad;
	return ret;
}

static void complete(struct sd_slane *l, const struct sd_req *q, long ret, u16 rflags)
{
	struct sd_done *d = &l->mem->cq[l->done % SD_RING];

	if (!(l->done % (SD_CACHELINE / sizeof(*d))))
		sd_prefetchw(&l->mem->cq[(l->done + AHEAD_DONE) % SD_RING]);
	sd_store_relaxed(&d->slot, q->slot);
	sd_store_relaxed(&d->flags, rflags);
	sd_store_relaxed(&d->ret, ret);
	sd_store_release(&d->seq, ++l->done);
}

void sd_srv_reply(const struct sd_req *q, long ret, u16 rflags)
{
	struct sd_slane *l = q->lane;
	struct sd_entry *e = &l->mem->sq[q->slot];

	l->busy &= ~(1ull << q->slot);
	l->reg->serving--;
	if (sd_unlikely(l->reg->ended))
		return;
	l->owes = true;
	if (q->flags & SD_F_CQ) {
		complete(l, q, ret, rflags);
		return;
	}
	if (q->slot == l->slot) { /* it is the head's as well: our own store is no news */
		l->seen = 2 * q->n + 2;
		l->fresh = false;
	}
	sd_store_relaxed(&e->flags, rflags | (q->flags & SD_F_SYNC));
	sd_store_relaxed(&e->ret, ret);
	sd_store_release(&e->seq, 2 * q->n + 2);
}

u32 *sd_srv_wake(struct sd_slane *l, bool fenced)
{
	struct sd_client_ctl *c = &l->mem->client;
	u32 sleep, want;

	if (!l->owes)
		return NULL;
	sleep = sd_load_acquire(&c->sleep);
	if (sd_likely(!sleep)) {
		l->owes = !fenced;
		return NULL;
	}
	want = sd_load_relaxed(&c->want);
	if (want && (s32)(l->done - want) < 0) {
		l->owes = !fenced;
		return NULL;
	}
	/* Fails if it woke by itself meanwhile; it may be asleep again, so look again later. */
	if (!sd_cas(&c->sleep, sleep, 0))
		return NULL;
	l->owes = false;
	return &c->sleep;
}

u32 sd_srv_doorbell(struct sd_sregion *r, u32 w)
{
	u32 *word = &r->head->doorbell[w];

	if (sd_likely(!sd_load_relaxed(word)))
		return 0;
	return sd_xchg(word, 0);
}

void sd_srv_end(struct sd_sregion *r, u32 why)
{
	if (r->ended)
		return;
	r->ended = why;
	sd_store_release(&r->head->ended, why);
}

// SPDX-License-Identifier: MIT
/* server.c: the domain's end of the rings. Every value is read from the region once, then checked,
 * then used. */
#include <sd/server.h>

void sd_sregion_init(struct sd_sregion *r, void *base, void *owner, const struct sd_server_ops *ops)
{
	u32 i;

	r->head = base;
	r->next = r->prev = NULL;
	r->owner = owner;
	r->ops = ops;
	r->ended = SD_LIVE;
	r->serving = 0;
	r->polled = r->vain = 0;
	r->deaf = r->deafness = 0;
	for (i = 0; i < SD_QPS; i++)
		r->qp[i] = (struct sd_sqp){
			.mem = (struct sd_qp_mem *)((u8 *)base + SD_HEAD_SIZE +
						    (u64)i * SD_QP_SIZE),
			.reg = r,
			.index = (u16)i,
			.expect = 1,
			.fresh = true,
		};
}

static bool cancel_wanted(const struct sd_sqp *l, u32 *n)
{
	u32 word = sd_load_acquire(&l->mem->client.cancel);

	*n = word / 2;
	return word % 2 && word != sd_load_relaxed(&l->mem->domain.cancelled);
}

bool sd_srv_cancel(struct sd_sqp *l, u32 *n)
{
	if (!cancel_wanted(l, n))
		return false;
	l->early = (s32)(2 * *n - 2 * l->head) >= 0; /* the word holds 31 bits of a number */
	if (l->early)
		l->expect = 2 * l->head + 1; /* it must not wait for an early call either */
	return !l->early;
}

void sd_srv_cancelled(struct sd_sqp *l, u32 n)
{
	sd_store_release(&l->mem->domain.cancelled, 2 * n + 1);
	l->owes = true;
}

bool sd_srv_cancelled_early(struct sd_sqp *l, u32 n)
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

/* The head's slot doesn't hold its entry: is its seq a valid one? */
int sd_srv_odd(struct sd_sqp *l, u32 seq)
{
	if (seq == l->seen && !l->fresh)
		return 0;
	/* While an early call is pending the next entry may be published, but isn't taken yet. */
	if (!l->fresh && (l->expect & 1 || seq != 2 * l->head + 1))
		return -EPROTO;
	l->seen = seq;
	l->fresh = false;
	return 0;
}

static void free_scratch(struct sd_serve *s)
{
	void *p, *next;

	for (p = s->scratch; p; p = next) {
		next = *(void **)p;
		s->reg->ops->mem_put(p);
	}
}

long sd_srv_call(const struct sd_table *t, struct sd_req *q, bool *bad)
{
	struct sd_serve s;
	long ret;
	int i;

	for (i = 0; i < 6; i++)
		s.arg[i] = q->arg[i];
	s.arena = q->qp->mem->arena;
	s.bad = false;
	s.early = q->flags & SD_F_EARLY;
	s.last = q->last;
	s.credit = 0;
	s.scratch = NULL;
	s.spare = SD_ARENA_SIZE;
	s.reg = q->qp->reg;
	ret = t->call[q->op - SD_OP_CALLS].fn(&s);
	if (sd_unlikely(s.scratch))
		free_scratch(&s);
	*bad = s.bad;
	q->credit = s.credit;
	return ret;
}

u32 *sd_srv_wake(struct sd_sqp *l, bool fenced)
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
	/* Fails if the client has woken up on its own. It may sleep again, so look again later. */
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

// SPDX-License-Identifier: MIT
/* qp.c: the client's end of the rings: publish, recognise answers, take them. */
#include <sd/qp.h>

#define AHEAD 4u /* entries of a batch whose lines are fetched before they are filled */

enum sd_status sd_qp_fail(struct sd_qp *l, enum sd_status st)
{
	if (l->status == SD_OK)
		l->status = st;
	return l->status;
}

void sd_qp_init(struct sd_qp *l, void *base, u32 index, const struct sd_wake_page *wake_page,
		const struct sd_client_side *tr)
{
	u8 *qps = (u8 *)base + SD_HEAD_SIZE;

	*l = (struct sd_qp){
		.mem = (struct sd_qp_mem *)(qps + (u64)index * SD_QP_SIZE),
		.head = base,
		.wake_page = wake_page,
		.tr = tr,
		.index = index,
		.level = SD_OFF_MIN,
		.base = SD_OFF_MIN,
		.limit = SD_ARENA_SIZE,
		.cpu = ~0u,
	};
}

int sd_qp_resume(struct sd_qp *l, void *base, u32 index, const struct sd_wake_page *wake_page,
		 const struct sd_client_side *tr)
{
	u32 s, seq;

	sd_qp_init(l, base, index, wake_page, tr);
	for (s = 0; s < SD_RING; s++) {
		const struct sd_entry *e = &l->mem->sq[s];

		seq = sd_load_acquire(&e->seq);
		if (seq % 2) /* in flight, or batched: its completion went with the old image */
			return -EBUSY;
		if (seq / 2 <= l->tail)
			continue;
		l->tail = seq / 2;
		l->slot = (sd_load_relaxed(&e->flags) & SD_F_SYNC ? s : s + 1) % SD_RING;
	}
	for (s = 0; s < SD_RING; s++) {
		seq = sd_load_acquire(&l->mem->cq[s].seq);
		if (seq > l->taken)
			l->taken = seq;
	}
	l->posted = l->taken;
	l->sleeps = sd_load_relaxed(&l->mem->client.sleep);
	sd_store_relaxed(&l->mem->client.sleep, 0);
	return 0;
}

enum sd_status sd_submit(struct sd_qp *l, u16 op, u16 flags, const u64 arg[6],
			 struct sd_entry_ref *ref)
{
	u32 slot = l->slot;
	struct sd_entry *e = &l->mem->sq[slot];
	int i;

	if (sd_unlikely(l->status != SD_OK))
		return l->status;
	if (sd_unlikely(l->sync || l->busy >> slot & 1))
		return SD_REFUSED;
	e->op = op;
	e->flags = flags;
	for (i = 0; i < 6; i++)
		e->arg[i] = arg[i];
	l->busy |= 1ull << slot;
	l->op = op;
	ref->n = l->tail++;
	ref->slot = slot;
	if (flags & SD_F_SYNC)
		l->sync = true;
	else
		l->slot = (slot + 1) % SD_RING;
	if (flags & SD_F_CQ) {
		l->posted++;
		sd_prefetchw(&l->mem->sq[(slot + AHEAD) % SD_RING]);
	}
	sd_store_release(&e->seq, sd_seq(ref->n));
	return SD_OK;
}

bool sd_answered(const struct sd_qp *l, struct sd_entry_ref ref)
{
	return sd_load_acquire(&l->mem->sq[ref.slot].seq) != sd_seq(ref.n);
}

enum sd_status sd_wait(struct sd_qp *l, struct sd_entry_ref ref, long *ret)
{
	struct sd_entry *e = &l->mem->sq[ref.slot];
	enum sd_status st;
	u32 flags;

	if (!sd_answered(l, ref)) {
		st = l->tr->wait(l, &e->seq, sd_seq(ref.n), 0);
		if (sd_unlikely(st == SD_INTR))
			return st;
		if (sd_unlikely(st != SD_OK))
			return sd_qp_fail(l, st);
	}
	if (sd_unlikely(sd_load_acquire(&e->seq) != sd_seq(ref.n) + 1))
		return sd_qp_fail(l, SD_PROTO);
	*ret = sd_load_relaxed(&e->ret);
	flags = sd_load_relaxed(&e->flags);
	l->answer = (u16)flags;
	l->busy &= ~(1ull << ref.slot);
	l->sync = false; /* while it was in flight there was no other */
	return sd_unlikely(flags & SD_R_REFUSED) ? SD_REFUSED : SD_OK;
}

enum sd_status sd_cancel(struct sd_qp *l, struct sd_entry_ref ref)
{
	const u32 *seen = &l->mem->domain.cancelled;
	u32 word = sd_seq(ref.n), before = sd_load_relaxed(seen);
	enum sd_status st = SD_OK;

	if (before == word)
		return SD_OK;
	sd_store_release(&l->mem->client.cancel, word);
	sd_or(&l->head->doorbell[l->index / 32], 1u << l->index % 32);
	while (st == SD_OK && sd_load_acquire(seen) == before) {
		st = l->tr->wait(l, seen, before, 0);
		if (st == SD_INTR)
			st = SD_OK;
	}
	return st == SD_OK ? st : sd_qp_fail(l, st);
}

enum sd_status sd_wait_done(struct sd_qp *l, u32 m)
{
	const struct sd_done *d = &l->mem->cq[m % SD_RING];
	enum sd_status st;
	u32 seq = sd_load_acquire(&d->seq);

	if (seq != m + 1) {
		st = l->tr->wait(l, &d->seq, seq, m + 1);
		if (st == SD_INTR)
			return st;
		if (st != SD_OK)
			return sd_qp_fail(l, st);
		if (sd_load_acquire(&d->seq) != m + 1)
			return sd_qp_fail(l, SD_PROTO);
	}
	return SD_OK;
}

enum sd_status sd_take_done(struct sd_qp *l, u32 *slot, long *ret, bool *refused)
{
	const struct sd_done *d = &l->mem->cq[l->taken % SD_RING];

	if (sd_unlikely(sd_load_acquire(&d->seq) != l->taken + 1))
		return sd_qp_fail(l, SD_PROTO);
	*slot = sd_load_relaxed(&d->slot);
	*ret = sd_load_relaxed(&d->ret);
	*refused = sd_load_relaxed(&d->flags) & SD_R_REFUSED;
	if (sd_unlikely(*slot >= SD_RING || !(l->busy >> *slot & 1)))
		return sd_qp_fail(l, SD_PROTO);
	l->busy &= ~(1ull << *slot);
	l->taken++;
	return SD_OK;
}

void sd_qp_interrupt(struct sd_qp *l)
{
	l->intr = 1;
	sd_store_release(&l->mem->client.sleep,
			 0); /* a FUTEX_WAIT about to begin returns at once */
}

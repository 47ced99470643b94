// SPDX-License-Identifier: MIT
/* batch.c: many calls in flight, answered in the completion ring, with one wait for the last. */
#include <sd/batch.h>
#include <sd/qp.h>

_Static_assert(sizeof(((struct sd_batch *)0)->cookie) / sizeof(u64) == SD_RING,
	       "a cookie per slot");

void sd_batch_begin(struct sd_batch *b, struct sd_qp *qp)
{
	sd_early_settle(qp);
	sd_credit_forget(qp);
	sd_call_begin(qp, &b->c, SD_OP_NULL);
	b->n = b->got = 0;
}

enum sd_status sd_batch_add(struct sd_batch *b, u16 op, const u64 arg[6], u64 cookie)
{
	enum sd_status st;
	struct sd_entry_ref ref;

	if (sd_unlikely(b->c.status != SD_OK))
		return b->c.status;
	st = sd_submit(b->c.qp, op, SD_F_CQ, arg, &ref);
	if (sd_unlikely(st != SD_OK))
		return st;
	b->cookie[ref.slot] = cookie;
	b->n++;
	return SD_OK;
}

/* Fetches in parallel the lines that sd_take_done() will read one after the other. */
static void fetch_done(const struct sd_qp *l, u32 end)
{
	u32 m, per_line = SD_CACHELINE / sizeof(struct sd_done);

	for (m = l->taken; (s32)(end - m) > 0; m += per_line)
		sd_prefetch(&l->mem->cq[m % SD_RING]);
}

enum sd_status sd_batch_some(struct sd_batch *b, u32 n)
{
	struct sd_qp *l = b->c.qp;
	enum sd_status st;

	n = n < b->n - b->got ? n : b->n - b->got;
	if (sd_unlikely(b->c.status != SD_OK) || !n)
		return b->c.status;
	/* Completions appear in order of their number: the last one's line is the only one looked
	 * at. */
	do
		st = sd_wait_done(l, l->taken + n - 1);
	while (st == SD_INTR);
	if (st == SD_OK)
		fetch_done(l, l->taken + n);
	return b->c.status = st;
}

enum sd_status sd_batch_wait(struct sd_batch *b)
{
	return sd_batch_some(b, SD_RING);
}

bool sd_batch_next(struct sd_batch *b, u64 *cookie, long *ret, enum sd_status *st)
{
	bool refused = false;
	u32 slot;

	if (b->got == b->n || b->c.status != SD_OK)
		return false;
	b->c.status = sd_take_done(b->c.qp, &slot, ret, &refused);
	if (b->c.status != SD_OK)
		return false;
	b->got++;
	*cookie = b->cookie[slot];
	*st = refused ? SD_REFUSED : SD_OK;
	return true;
}

enum sd_status sd_batch_end(struct sd_batch *b)
{
	while (b->c.status == SD_OK && b->got < b->n) {
		u64 cookie;
		enum sd_status st;
		long ret;

		if (sd_batch_wait(b) == SD_OK)
			while (sd_batch_next(b, &cookie, &ret, &st))
				;
	}
	return sd_call_end(&b->c);
}

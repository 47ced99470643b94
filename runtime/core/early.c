// SPDX-License-Identifier: MIT
/*
 * early.c: calls whose result the program gets before the domain has answered. See ring.h and
 * rpc.h.
 *
 * At most one is pending. Its data stay where they are in the arena, and other calls use the space
 * below or above them, so that a stream of early calls alternates between two places.
 */
#include <sd/qp.h>

/*
 * How often an early call is resubmitted. Normally the domain itself waits until the call
 * succeeds, and in the end reports an error to the fd; it refuses the call when it has no task that
 * may wait. With the pauses in between the retries may last half a minute.
 */
#define REPAY_TRIES   4096u
#define REPAY_AT_ONCE 16u

void sd_credit_forget(struct sd_qp *l)
{
	u32 i;

	if (!l->credits)
		return;
	l->credits = false;
	for (i = 0; i < SD_CREDITS; i++)
		l->credit[i].fd = 0;
}

void sd_credit_set(struct sd_qp *l, u32 fd, u32 level)
{
	u32 i = fd % SD_CREDITS;

	if (fd && (level || l->credit[i].fd == fd)) {
		l->credit[i].fd = fd;
		l->credit[i].level = (u8)level;
		l->credits = true;
	}
}

static u64 credit_of(const struct sd_qp *l, u32 fd)
{
	static const u32 bytes[] = {0, SD_CREDIT_SMALL, SD_CREDIT_BIG, 0};
	u32 i = fd % SD_CREDITS;

	return l->credit[i].fd == fd ? bytes[l->credit[i].level & 3] : 0;
}

static enum sd_status submit_early(struct sd_qp *l, const struct sd_early *p,
				   struct sd_entry_ref *ref)
{
	if (sd_unlikely(l->busy >> l->slot & 1))
		return SD_REFUSED;
	l->mem->sq[l->slot].ret = p->result;
	return sd_submit(l, p->op, SD_F_EARLY, p->arg, ref);
}

static struct sd_entry_ref early_entry(const struct sd_early *p)
{
	return (struct sd_entry_ref){p->n, p->slot};
}

/* Waits for an entry in spite of interruptions, which are kept for the next wait. A refusal
 * counts as an answer, -EAGAIN. */
static enum sd_status wait_through(struct sd_qp *l, struct sd_entry_ref ref, long *ret)
{
	enum sd_status st;
	bool intr = false;

	while ((st = sd_wait(l, ref, ret)) == SD_INTR)
		intr = true;
	if (intr)
		l->intr = 1;
	if (st == SD_REFUSED) {
		*ret = -EAGAIN;
		return SD_OK;
	}
	return st;
}

/* The call took less than was completed early: submits the rest, before any other call on that
 * fd. Returns the new ret. */
static long repay_once(struct sd_qp *l, struct sd_early *p, long ret)
{
	enum sd_status st;
	struct sd_entry_ref ref;

	if (ret > 0) {
		p->arg[p->data] += (u64)ret;
		p->arg[p->len] -= (u64)ret;
		p->result -= ret;
	}
	st = submit_early(l, p, &ref);
	if (st == SD_REFUSED)
		return -EAGAIN;
	if (st == SD_OK)
		st = wait_through(l, ref, &ret);
	return st == SD_OK ? ret : -EIO; /* the queue pair has failed, every later call says why */
}

/*
 * The early call has ended with ret; no other is in flight. An error is not handled here: the
 * domain keeps it for the fd's next call, see sd_file_error(). A call that was refused is
 * resubmitted.
 */
static void early_ended(struct sd_qp *l, long ret)
{
	struct sd_early *p = &l->early;
	u32 tries = 0;

	p->on = false;
	if (sd_likely(ret == p->result) || !p->fd)
		return;
	sd_credit_set(l, p->fd, 0);
	while (ret != p->result && (ret >= 0 || ret == -EAGAIN || ret == -EINTR)) {
		if (ret > p->result || ++tries > REPAY_TRIES) {
			sd_qp_fail(l, SD_PROTO);
			return;
		}
		if (tries > REPAY_AT_ONCE && l->tr->rest)
			l->tr->rest(l);
		ret = repay_once(l, p, ret);
	}
}

void sd_early_answered(struct sd_qp *l, u16 flags)
{
	struct sd_early *p = &l->early;
	const struct sd_entry *e = &l->mem->sq[p->slot];

	if (sd_unlikely(!(flags & SD_R_SETTLED)))
		return; /* the later call was cancelled */
	l->busy &= ~(1ull << p->slot);
	sd_credit_set(l, p->fd, SD_LEFT_OF(flags));
	if (sd_likely(!(flags & SD_R_BROKEN))) {
		p->on = false;
		return;
	}
	if (sd_load_acquire(&e->seq) != sd_seq(p->n) + 1) {
		p->on = false;
		sd_qp_fail(l, SD_PROTO);
		return;
	}
	early_ended(l, sd_load_relaxed(&e->ret));
}

void sd_early_settle(struct sd_qp *l)
{
	struct sd_early *p = &l->early;
	long ret = 0;

	if (!p->on)
		return;
	if (wait_through(l, early_entry(p), &ret) == SD_OK) {
		sd_credit_set(l, p->fd, SD_CREDIT_OF(l->answer));
		early_ended(l, ret);
	}
	p->on = false;
}

void sd_early_widen(struct sd_qp *l)
{
	if (l->early.on || l->level != l->base)
		return;
	l->level = l->base = SD_OFF_MIN;
	l->limit = SD_ARENA_SIZE;
	l->narrow = false;
}

/* Limits the arena to one side of the early call's data: below them if the same amount fits
 * there, else above. */
static void make_room(struct sd_qp *l, const struct sd_early *p)
{
	if (p->mark - SD_OFF_MIN >= p->top - p->mark) {
		l->base = SD_OFF_MIN;
		l->limit = p->mark;
	} else {
		l->base = p->top;
		l->limit = SD_ARENA_SIZE;
	}
	l->narrow = true;
}

/* l->early describes the call, except for the arguments. */
static enum sd_status early_make(struct sd_call *c, long *ret)
{
	struct sd_qp *l = c->qp;
	struct sd_early *p = &l->early;
	struct sd_entry_ref ref;
	u32 i;

	for (i = 0; i < 6; i++)
		p->arg[i] = c->arg[i];
	c->status = submit_early(l, p, &ref);
	if (sd_unlikely(c->status != SD_OK))
		return c->status;
	p->n = ref.n;
	p->slot = ref.slot;
	p->on = true;
	if (p->top > p->mark)
		make_room(l, p);
	c->mark = l->base; /* where sd_call_end() leaves the arena */
	*ret = (long)p->result;
	l->tr->hint(l);
	return SD_OK;
}

enum sd_status sd_call_early(struct sd_call *c, long *ret, u32 data, u32 len, bool may)
{
	struct sd_qp *l = c->qp;
	struct sd_early *p = &l->early;

	if (!may || !l->may_early || c->status != SD_OK || c->mark != l->base || !c->arg[len] ||
	    c->arg[len] > credit_of(l, c->fd) || l->intr) {
		if (l->early.on && l->early.fd == c->fd)
			sd_early_settle(l); /* if it was short, its rest goes first */
		return sd_call_wait(c, ret);
	}
	sd_early_settle(l);
	if (sd_unlikely(l->status != SD_OK || c->arg[len] > credit_of(l, c->fd)))
		return sd_call_wait(c, ret);
	*p = (struct sd_early){
		.op = c->op,
		.mark = c->mark,
		.top = l->level,
		.fd = c->fd,
		.data = data,
		.len = len,
		.result = (s64)c->arg[len],
	};
	return early_make(c, ret);
}

enum sd_status sd_call_known(struct sd_call *c, long *ret, long result)
{
	struct sd_qp *l = c->qp;

	if (!l->may_early || c->status != SD_OK || l->level != l->base || l->intr)
		return sd_call_wait(c, ret);
	sd_early_settle(l);
	sd_early_widen(l);
	if (sd_unlikely(l->status != SD_OK))
		return sd_call_wait(c, ret);
	sd_credit_forget(l);
	l->early = (struct sd_early){.op = c->op, .result = result};
	return early_make(c, ret);
}

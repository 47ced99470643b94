// SPDX-License-Identifier: GPL-2.0
/* qps.c: entries in flight, as ring.h has them: answered in place or in the completion ring, in
 * any order, or cancelled. */
#include "storm.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define CHUNK	 16384u /* of the arena for each slot; a longer one goes alone */
#define DRAIN_MS 30000

static struct sd_qp_mem *mem(struct chan *c, u32 qp)
{
	return outsider_qp(&c->o, qp);
}

static void publish(struct chan *c, u32 qp, const struct draft *d)
{
	struct posted *p = &c->posted[qp];
	struct sd_entry *to = &mem(c, qp)->sq[p->slot];
	u32 how = rnd() % 4, flags = how == 0 ? SD_F_CQ : how == 1 ? SD_F_SYNC : 0;

	if (one_in(8))
		flags |= SD_F_NOTIFY;
	memcpy(mem(c, qp)->arena + d->from, draft_arena() + d->from, d->to - d->from);
	to->op = d->e.op, to->flags = (u16)flags, to->ret = 0;
	memcpy(to->arg, d->e.arg, sizeof(to->arg));
	p->busy |= 1ull << p->slot;
	p->ring &= ~(1ull << p->slot);
	if (flags & SD_F_CQ)
		p->ring |= 1ull << p->slot;
	p->num[p->slot] = p->n;
	p->stub[p->slot] = d->stub;
	p->pair[p->slot] = d->pair;
	__atomic_store_n(&to->seq, sd_seq(p->n++), __ATOMIC_SEQ_CST);
	if (flags & SD_F_SYNC)
		p->sync = 1 + p->slot;
	else
		p->slot = (p->slot + 1) % SD_RING;
	if (!one_in(16)) /* or the next one's doorbell does for both */
		outsider_ring(&c->o, qp);
	count(COUNT_calls, 1);
}

void qp_post(struct chan *c)
{
	u32 qp = 1 + rnd() % (QPS - 1), from;
	struct posted *p = &c->posted[qp];
	struct draft d = {.stub = NULL};
	bool alone = !p->busy && one_in(4);

	if (p->sync || p->alone || p->busy >> p->slot & 1)
		return;
	from = alone ? SD_OFF_MIN : SD_OFF_MIN + p->slot * CHUNK;
	if (one_in(12)) {
		if (!own_entry(&d.e, c, from))
			return;
		d.from = d.to = from;
	} else if (!draft_make(&d, c, from)) {
		return;
	}
	if (!alone && d.to > from + CHUNK)
		return;
	p->alone = alone ? 1 + p->slot : 0;
	publish(c, qp, &d);
}

static void answered(struct chan *c, u32 qp, u32 slot, s64 ret, u32 flags)
{
	struct posted *p = &c->posted[qp];
	u32 fd[2];

	p->busy &= ~(1ull << slot);
	if (p->sync == 1 + slot)
		p->sync = 0;
	if (p->alone == 1 + slot)
		p->alone = 0;
	count(flags & SD_R_REFUSED ? COUNT_refused : COUNT_answered, 1);
	if (flags & SD_R_REFUSED || ret < 0)
		return;
	if (p->stub[slot] && p->stub[slot]->ret_fd)
		keep_fd(c, ret);
	if (p->pair[slot]) {
		memcpy(fd, mem(c, qp)->arena + p->pair[slot], sizeof(fd));
		keep_fd(c, fd[0]), keep_fd(c, fd[1]);
	}
}

static void collect_ring(struct chan *c, u32 qp)
{
	struct posted *p = &c->posted[qp];

	for (;;) {
		const struct sd_done *d = &mem(c, qp)->cq[p->taken % SD_RING];

		if (__atomic_load_n(&d->seq, __ATOMIC_ACQUIRE) != p->taken + 1)
			return;
		if (d->slot >= SD_RING || !(p->busy & p->ring & 1ull << d->slot))
			life_over(LIFE_LIE);
		answered(c, qp, d->slot, d->ret, d->flags);
		p->taken++;
	}
}

void qp_collect(struct chan *c)
{
	for (u32 qp = 1; qp < QPS; qp++) {
		struct posted *p = &c->posted[qp];

		for (u32 s = 0; s < SD_RING; s++) {
			const struct sd_entry *e = &mem(c, qp)->sq[s];
			u32 seq;

			if (!(p->busy & ~p->ring & 1ull << s))
				continue;
			seq = __atomic_load_n(&e->seq, __ATOMIC_ACQUIRE);
			if (seq == sd_seq(p->num[s]) + 1)
				answered(c, qp, s, e->ret, e->flags);
			else if (seq != sd_seq(p->num[s]))
				life_over(LIFE_LIE);
		}
		collect_ring(c, qp);
	}
	if (__atomic_load_n(&c->o.head->ended, __ATOMIC_ACQUIRE))
		life_cut_off(c);
}

static void cancel_on(struct chan *c, u32 qp)
{
	struct posted *p = &c->posted[qp];
	struct sd_qp_mem *m = mem(c, qp);
	u32 s = rnd() % SD_RING;

	if (!p->busy ||
	    (p->cancel && __atomic_load_n(&m->domain.cancelled, __ATOMIC_ACQUIRE) != p->cancel))
		return; /* one at a time */
	while (!(p->busy >> s & 1))
		s = (s + 1) % SD_RING;
	p->cancel = sd_seq(p->num[s]);
	__atomic_store_n(&m->client.cancel, p->cancel, __ATOMIC_SEQ_CST);
	outsider_ring(&c->o, qp);
	count(COUNT_cancels, 1);
}

void qp_cancel(struct chan *c)
{
	cancel_on(c, 1 + rnd() % (QPS - 1));
}

u32 qp_left(const struct chan *c)
{
	u32 n = 0;

	for (u32 qp = 1; qp < QPS; qp++)
		n += (u32)__builtin_popcountll(c->posted[qp].busy);
	return n;
}

void qp_tell(const struct chan *c)
{
	for (u32 i = 0; i < QPS * SD_RING; i++) {
		const struct posted *p = &c->posted[i / SD_RING];
		const struct sd_entry *e = &outsider_qp(&c->o, i / SD_RING)->sq[i % SD_RING];
		const struct sd_stub *st = p->stub[i % SD_RING];

		if (p->busy >> i % SD_RING & 1)
			fprintf(stderr,
				"storm: in flight: %s (op %u, flags %x): %llx %llx %llx %llx %llx %llx\n",
				st ? st->name : "own", e->op, e->flags,
				(unsigned long long)e->arg[0], (unsigned long long)e->arg[1],
				(unsigned long long)e->arg[2], (unsigned long long)e->arg[3],
				(unsigned long long)e->arg[4], (unsigned long long)e->arg[5]);
	}
}

void qp_drain(struct chan *c)
{
	struct timespec ms = {0, 1000000};

	for (u32 i = 0; qp_left(c); i++) {
		if (i > DRAIN_MS)
			life_over(LIFE_SILENT);
		for (u32 qp = 1; qp < QPS; qp++)
			outsider_ring(&c->o, qp), cancel_on(c, qp);
		qp_collect(c);
		nanosleep(&ms, NULL);
	}
}

// SPDX-License-Identifier: GPL-2.0
/* test_ring.c: both ends of a lane in one thread: what each promises, and each single lie that it
 * must see. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include <sd/batch.h>
#include <sd/lane.h>
#include <sd/serve_path.h>
#include "hostdom.h"

struct world {
	struct sd_bell bell;
	struct hostdom dom;
	struct sd_sregion reg, other;
	struct sd_lane lane, second;
	void *base, *base2;
};

static struct world *w;
static u32 liars;
static int fault; /* copies from and to the program fail */

int sd_copy_from_prog(void *dst, const void *prog, u64 len)
{
	if (fault)
		return -EFAULT;
	memcpy(dst, prog, len);
	return 0;
}

int sd_copy_to_prog(void *prog, const void *src, u64 len)
{
	if (fault)
		return -EFAULT;
	memcpy(prog, src, len);
	return 0;
}

static void on_liar(struct hostdom *d, struct sd_sregion *r)
{
	(void)d, (void)r;
	liars++;
}

/* The domain runs where the client would wait. */
static u32 inline_wait(struct sd_lane *l, const u32 *word, u32 pending, u32 want)
{
	(void)want;
	if (l->intr) {
		l->intr = 0;
		return SD_INTR;
	}
	sd_poll_settle(&w->dom.poll);
	hostdom_round(&w->dom, ~0u);
	if (l->head->ended)
		return SD_PROTO;
	return sd_load_acquire(word) != pending ? SD_OK : SD_DEAD;
}

static void inline_kick(struct sd_lane *l)
{
	l->head->doorbell[l->index / 32] |= 1u << l->index % 32;
}

static const struct sd_transport inline_transport = {"inline", inline_kick, inline_kick, inline_wait};

static struct sd_lane *lane(u32 i)
{
	static struct sd_lane l[SD_LANES];

	sd_lane_init(&l[i], w->base, i, &w->bell, &inline_transport);
	inline_kick(&l[i]);
	return &l[i];
}

static int setup(void **state)
{
	(void)state;
	w = calloc(1, sizeof(*w));
	w->base = hostdom_map(SD_REGION_SIZE);
	w->base2 = hostdom_map(SD_REGION_SIZE);
	hostdom_init(&w->dom, &w->bell);
	w->dom.liar = on_liar;
	liars = 0;
	fault = 0;
	sd_sregion_init(&w->reg, w->base, NULL);
	sd_sregion_init(&w->other, w->base2, NULL);
	sd_poll_add(&w->dom.poll, &w->reg);
	sd_poll_add(&w->dom.poll, &w->other);
	sd_lane_init(&w->lane, w->base, 0, &w->bell, &inline_transport);
	sd_lane_init(&w->second, w->base2, 5, &w->bell, &inline_transport);
	inline_kick(&w->lane);
	inline_kick(&w->second);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	munmap(w->base, SD_REGION_SIZE);
	munmap(w->base2, SD_REGION_SIZE);
	free(w);
	return 0;
}

static enum sd_status call(struct sd_lane *l, u16 op, u64 a, u64 b, u64 c, long *ret)
{
	struct sd_call k;

	sd_call_begin(l, &k, op);
	k.arg[0] = a;
	k.arg[1] = b;
	k.arg[2] = c;
	sd_call_wait(&k, ret);
	return sd_call_end(&k);
}

static void echo_is(struct sd_lane *l, u64 v)
{
	long ret = -1;

	assert_int_equal(call(l, HD_ECHO, v, 0, 0, &ret), SD_OK);
	assert_int_equal(ret, v);
}

static void rounds(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 5 * SD_RING; i++)
		echo_is(&w->lane, i);
	assert_int_equal(w->lane.tail, 5 * SD_RING);
	assert_int_equal(w->lane.busy, 0);
}

static void data(void **state)
{
	char out[100], in[100];
	struct sd_call c;
	long ret;

	(void)state;
	memset(in, 3, sizeof(in));
	sd_call_begin(&w->lane, &c, HD_SUM);
	c.arg[0] = sd_put(&c, in, sizeof(in));
	c.arg[1] = sizeof(in);
	assert_int_equal(sd_call_wait(&c, &ret), SD_OK);
	assert_int_equal(ret, 300);
	assert_int_equal(sd_call_end(&c), SD_OK);

	sd_call_begin(&w->lane, &c, HD_FILL);
	c.arg[0] = sd_room(&c, sizeof(out));
	c.arg[1] = sizeof(out);
	c.arg[2] = 'x';
	assert_int_equal(sd_call_wait(&c, &ret), SD_OK);
	assert_int_equal(sd_get(&c, out, c.arg[0], sizeof(out), ret), 100);
	assert_int_equal(out[99], 'x');
	assert_int_equal(sd_call_end(&c), SD_OK);
	assert_int_equal(w->lane.level, SD_OFF_MIN);
}

static void null_and_fault(void **state)
{
	struct sd_call c;
	long ret;
	char b[8];

	(void)state;
	sd_call_begin(&w->lane, &c, HD_SUM);
	assert_int_equal(sd_put(&c, NULL, 8), SD_OFF_NULL);
	fault = 1;
	c.arg[0] = sd_put(&c, b, 8);
	assert_true(c.arg[0] == SD_OFF_FAULT);
	assert_int_equal(w->lane.level, SD_OFF_MIN); /* what couldn't be read takes no room */
	c.arg[1] = 8;
	assert_int_equal(sd_call_wait(&c, &ret), SD_OK);
	assert_int_equal(ret, -EFAULT);
	sd_call_end(&c);

	sd_call_begin(&w->lane, &c, HD_FILL);
	c.arg[0] = sd_room(&c, 8);
	c.arg[1] = 8;
	assert_int_equal(sd_call_wait(&c, &ret), SD_OK);
	assert_int_equal(sd_get(&c, b, c.arg[0], 8, ret), -EFAULT);
	assert_int_equal(sd_call_end(&c), SD_OK);
}

static void arena_limits(void **state)
{
	struct sd_call c, d;
	long ret;

	(void)state;
	sd_call_begin(&w->lane, &c, HD_ECHO);
	assert_int_equal(sd_room(&c, SD_ARENA_SIZE - SD_OFF_MIN), SD_OFF_MIN);
	sd_call_begin(&w->lane, &d, HD_ECHO);
	assert_int_equal(sd_room(&d, 1), SD_OFF_NULL);
	assert_int_equal(sd_call_wait(&d, &ret), SD_TOO_BIG);
	assert_int_equal(sd_call_end(&d), SD_TOO_BIG);
	assert_int_equal(sd_call_end(&c), SD_OK);
	sd_call_begin(&w->lane, &c, HD_ECHO);
	assert_int_equal(sd_room(&c, ~0ull), SD_OFF_NULL);
	assert_int_equal(sd_call_end(&c), SD_TOO_BIG);
	echo_is(&w->lane, 7);
}

static void batch(void **state)
{
	u64 arg[6] = {0}, cookie, seen = 0;
	struct sd_batch b;
	enum sd_status st;
	long ret;
	u32 i, round;

	(void)state;
	for (round = 0; round < 3; round++, seen = 0) {
		sd_batch_begin(&b, &w->lane);
		for (i = 0; i < SD_RING; i++) {
			arg[0] = 1000 + i;
			assert_int_equal(sd_batch_add(&b, HD_ECHO, arg, i), SD_OK);
		}
		assert_int_equal(sd_batch_add(&b, HD_ECHO, arg, i), SD_REFUSED);
		assert_int_equal(sd_batch_wait(&b), SD_OK);
		while (sd_batch_next(&b, &cookie, &ret, &st)) {
			assert_int_equal(ret, 1000 + cookie);
			seen |= 1ull << cookie;
		}
		assert_true(seen == ~0ull);
		assert_int_equal(sd_batch_end(&b), SD_OK);
		echo_is(&w->lane, round);
	}
}

static void posted(void **state)
{
	struct sd_call a, b;
	long ret;

	(void)state;
	sd_call_begin(&w->lane, &a, HD_ECHO);
	a.arg[0] = 1;
	assert_int_equal(sd_call_post(&a), SD_OK);
	assert_false(sd_call_done(&a));
	sd_call_begin(&w->lane, &b, HD_ECHO);
	b.arg[0] = 2;
	assert_int_equal(sd_call_wait(&b, &ret), SD_OK);
	assert_int_equal(ret, 2);
	sd_call_end(&b);
	assert_true(sd_call_done(&a));
	assert_int_equal(sd_call_finish(&a, &ret), SD_OK);
	assert_int_equal(ret, 1);
	sd_call_end(&a);
}

static void interrupted(void **state)
{
	struct sd_call c;
	long ret;

	(void)state;
	w->lane.mem->client.sleep = 3; /* as if it were about to sleep */
	sd_lane_interrupt(&w->lane);
	assert_int_equal(w->lane.mem->client.sleep, 0);
	sd_call_begin(&w->lane, &c, HD_ECHO);
	assert_int_equal(sd_call_wait(&c, &ret), SD_INTR);
	sd_call_end(&c);
	echo_is(&w->lane, 3); /* only once */
	sd_call_begin(&w->lane, &c, HD_ECHO);
	c.arg[0] = 9;
	assert_int_equal(sd_call_post(&c), SD_OK);
	sd_lane_interrupt(&w->lane);
	assert_int_equal(sd_call_finish(&c, &ret), SD_OK); /* cancels, and takes what came of it */
	assert_int_equal(ret, 9);
	assert_int_equal(sd_call_end(&c), SD_OK);
}

static void cancelled(void **state)
{
	struct sd_call c;
	long ret;

	(void)state;
	echo_is(&w->lane, 1);
	sd_call_begin(&w->lane, &c, HD_ECHO);
	assert_int_equal(sd_call_post(&c), SD_OK);
	assert_int_equal(sd_call_cancel(&c), SD_OK);
	assert_int_equal(w->lane.mem->domain.cancelled, sd_seq(1));
	assert_int_equal(sd_call_finish(&c, &ret), SD_OK);
	assert_int_equal(sd_call_end(&c), SD_OK);
}

/* The doorbell may be seen before the entry is. */
static void cancelled_before_taken(void **state)
{
	struct sd_slane *l = &w->reg.lane[0];
	struct sd_ticket t;
	struct sd_req q;
	u32 n;

	(void)state;
	sd_submit(&w->lane, HD_ECHO, 0, (u64[6]){0}, &t);
	sd_submit(&w->lane, HD_ECHO, 0, (u64[6]){0}, &t);
	w->lane.mem->client.cancel = sd_seq(t.n);
	assert_false(sd_srv_cancel(l, &n));
	assert_int_equal(w->lane.mem->domain.cancelled, 0);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	assert_false(q.cancelled);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	assert_true(q.cancelled);
	assert_int_equal(w->lane.mem->domain.cancelled, sd_seq(t.n));
	sd_submit(&w->lane, HD_ECHO, 0, (u64[6]){0}, &t);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	assert_false(q.cancelled);
}

static void one_slot(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 10; i++)
		echo_is(&w->lane, i);
	assert_int_equal(w->lane.slot, 0); /* calls one at a time stay in their line */
	assert_int_equal(w->reg.lane[0].slot, 0);
}

static void batch_of(struct sd_lane *l, u32 n)
{
	u64 arg[6] = {0}, cookie;
	struct sd_batch b;
	enum sd_status st;
	u32 i, got = 0;
	long ret;

	sd_batch_begin(&b, l);
	for (i = 0; i < n; i++)
		assert_int_equal(sd_batch_add(&b, HD_ECHO, arg, i), SD_OK);
	assert_int_equal(sd_batch_wait(&b), SD_OK);
	while (sd_batch_next(&b, &cookie, &ret, &st))
		got++;
	assert_int_equal(got, n);
	assert_int_equal(sd_batch_end(&b), SD_OK);
}

/* Completions go on where they were, too, once nothing in the ring shows a batch any more. */
static void resumed_after_batch(void **state)
{
	struct sd_lane l;
	struct sd_call c;
	long ret;
	u32 i;

	(void)state;
	batch_of(&w->lane, SD_RING);
	batch_of(&w->lane, 5);
	assert_int_equal(sd_lane_resume(&l, w->base, 0, &w->bell, &inline_transport), -EBUSY);
	for (i = 0; i < SD_RING; i++) {
		sd_call_begin(&w->lane, &c, HD_ECHO);
		assert_int_equal(sd_call_post(&c), SD_OK);
		assert_int_equal(sd_call_finish(&c, &ret), SD_OK);
		sd_call_end(&c);
	}
	assert_int_equal(sd_lane_resume(&l, w->base, 0, &w->bell, &inline_transport), 0);
	assert_int_equal(l.taken, SD_RING + 5);
	batch_of(&l, 7);
	echo_is(&l, 5);
}

static void resumed(void **state)
{
	struct sd_lane l;
	struct sd_ticket n;
	u32 i;

	(void)state;
	for (i = 0; i < SD_RING + 10; i++)
		echo_is(&w->lane, i);
	assert_int_equal(sd_lane_resume(&l, w->base, 0, &w->bell, &inline_transport), 0);
	assert_int_equal(l.tail, SD_RING + 10);
	echo_is(&l, 5);
	assert_int_equal(sd_submit(&l, HD_ECHO, 0, (u64[6]){0}, &n), SD_OK);
	assert_int_equal(sd_lane_resume(&w->lane, w->base, 0, &w->bell, &inline_transport), -EBUSY);
	assert_int_equal(sd_lane_resume(&l, w->base, 9, &w->bell, &inline_transport), 0);
	assert_int_equal(l.tail, 0);
}

static void many_lanes(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < SD_LANES; i++)
		echo_is(lane(i), i);
	assert_true(w->dom.poll.lanes > 100);
	for (i = 0; i < 10000; i++)
		hostdom_round(&w->dom, ~0u);
	assert_true(w->dom.poll.lanes <= 8);
	assert_int_equal(w->reg.lane[100].mem->domain.polled, w->reg.lane[100].polled);
}

/* Lane 100 after it was told that it isn't looked at any more, and while it still is. */
static struct sd_lane *leaving_lane(void)
{
	const struct sd_slane *s = &w->reg.lane[100];
	struct sd_lane *l = NULL, *other;
	u32 i;

	for (i = 0; i < SD_LANES; i++) {
		other = lane(i);
		echo_is(other, i);
		l = i == 100 ? other : l;
	}
	for (i = 0; i < 10000 && s->mem->domain.polled; i++)
		hostdom_round(&w->dom, ~0u);
	assert_int_equal(s->mem->domain.polled, 0);
	return l;
}

/* Who publishes without a fence, and goes on, may have read the word before the domain changed it. */
static void told_before_dropped(void **state)
{
	struct sd_lane *l = leaving_lane();
	struct sd_ticket t;

	(void)state;
	assert_int_equal(sd_submit(l, HD_ECHO, 0, (u64[6]){7}, &t), SD_OK); /* and no doorbell */
	hostdom_round(&w->dom, ~0u);
	assert_true(sd_answered(l, t));
	hostdom_round(&w->dom, ~0u);
	assert_int_equal(l->mem->domain.polled, 1);
}

/* The last look before a lane is dropped sees what came since the one that found nothing. */
static void looks_before_dropping(void **state)
{
	struct sd_slane *s = &w->reg.lane[100];
	struct sd_lane *l = leaving_lane();
	struct sd_ticket t;
	u32 i;

	(void)state;
	assert_int_equal(sd_submit(l, HD_ECHO, 0, (u64[6]){7}, &t), SD_OK);
	for (i = 0; i < 10000 && s->leaving; i++)
		sd_poll_quiet(&w->dom.poll, s); /* as if nothing had been there */
	assert_true(s->polled);
	assert_int_equal(l->mem->domain.polled, 1);
	hostdom_round(&w->dom, ~0u);
	assert_true(sd_answered(l, t));
}

static void lane_order(void **state)
{
	u64 arg[6] = {0};
	struct sd_req q;
	struct sd_sregion *bad;
	struct sd_ticket n;
	u32 i, first = 0;

	(void)state;
	for (i = 0; i < SD_RING; i++)
		sd_submit(&w->lane, HD_ECHO, 0, arg, &n);
	sd_submit(&w->second, HD_ECHO, 0, arg, &n);
	sd_poll_settle(&w->dom.poll);
	while (sd_poll_next(&w->dom.poll, &q, &bad) > 0) {
		if (q.lane->reg == &w->other)
			break;
		first++;
		sd_poll_reply(&q, 0, 0);
	}
	assert_true(first <= 16); /* a busy lane doesn't starve the other */
	assert_ptr_equal(q.lane->reg, &w->other);
}

static void wakes(void **state)
{
	struct sd_client_ctl *c = &w->lane.mem->client;
	struct sd_slane *l = &w->reg.lane[0];
	struct sd_ticket n;
	struct sd_req q;

	(void)state;
	assert_null(sd_srv_wake(l, true)); /* nothing owed */
	c->sleep = 5;
	assert_null(sd_srv_wake(l, true));
	sd_submit(&w->lane, HD_ECHO, 0, (u64[6]){0}, &n);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	sd_srv_reply(&q, 0, 0);
	assert_ptr_equal(sd_srv_wake(l, false), &c->sleep);
	assert_int_equal(c->sleep, 0); /* a FUTEX_WAIT about to begin returns */
	assert_null(sd_srv_wake(l, true));

	sd_submit(&w->lane, HD_ECHO, SD_F_CQ, (u64[6]){0}, &n);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	sd_srv_reply(&q, 0, 0);
	c->want = 2;
	c->sleep = 6;
	assert_null(sd_srv_wake(l, false)); /* it waits for the second */
	sd_submit(&w->lane, HD_ECHO, SD_F_CQ, (u64[6]){0}, &n);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	sd_srv_reply(&q, 0, 0);
	assert_ptr_equal(sd_srv_wake(l, false), &c->sleep);
}

static void refused(void **state)
{
	struct sd_ticket n;
	struct sd_req q;
	long ret;

	(void)state;
	sd_submit(&w->lane, HD_ECHO, 0, (u64[6]){0}, &n);
	assert_int_equal(sd_srv_take(&w->reg.lane[0], &hostdom_table, &q), 1);
	sd_srv_reply(&q, -EAGAIN, SD_R_REFUSED);
	assert_int_equal(sd_wait(&w->lane, n, &ret), SD_REFUSED);
}

/* ---- lies ---- */

static void publish(u32 n, u16 op, u16 flags, u64 a, u64 b, u32 seq)
{
	struct sd_entry *e = &w->lane.mem->sq[n % SD_RING];

	e->op = op;
	e->flags = flags;
	e->arg[0] = a;
	e->arg[1] = b;
	sd_store_release(&e->seq, seq);
}

static void ends_liar(void)
{
	hostdom_round(&w->dom, ~0u);
	sd_poll_settle(&w->dom.poll);
	hostdom_round(&w->dom, ~0u);
	assert_int_equal(liars, 1);
	assert_int_equal(w->lane.head->ended, SD_ENDED_PROTO);
	assert_int_equal(w->second.head->ended, SD_LIVE);
	echo_is(&w->second, 77);
}

static void lie_seq(void **state)
{
	(void)state;
	echo_is(&w->second, 1); /* the domain has looked into the empty slot */
	publish(0, HD_ECHO, 0, 0, 0, 3);
	ends_liar();
}

static void lie_op(void **state)
{
	(void)state;
	publish(0, HD_END, 0, 0, 0, 1);
	ends_liar();
}

static void lie_reserved_op(void **state)
{
	(void)state;
	publish(0, SD_OP_CALLS - 1, 0, 0, 0, 1);
	ends_liar();
}

static void lie_sync_and_batched(void **state)
{
	(void)state;
	publish(0, HD_ECHO, SD_F_SYNC | SD_F_CQ, 0, 0, 1);
	ends_liar();
}

static void lie_after_sync(void **state)
{
	struct sd_slane *l = &w->reg.lane[0];
	struct sd_req q;

	(void)state;
	publish(0, HD_ECHO, SD_F_SYNC, 0, 0, 1);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	publish(0, HD_ECHO, SD_F_SYNC, 0, 0, 3); /* before the answer it had promised to await */
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), -EPROTO);
}

static void lie_flags(void **state)
{
	(void)state;
	publish(0, HD_ECHO, SD_R_REFUSED, 0, 0, 1);
	ends_liar();
}

static void lie_offset(void **state)
{
	(void)state;
	publish(0, HD_SUM, 0, SD_OFF_MIN - 1, 4, 1);
	ends_liar();
}

static void lie_length(void **state)
{
	(void)state;
	publish(0, HD_SUM, 0, SD_ARENA_SIZE - 4, 5, 1);
	ends_liar();
}

static void lie_length_wraps(void **state)
{
	(void)state;
	publish(0, HD_FILL, 0, 4096, ~0ull - 4000, 1);
	ends_liar();
}

static void lie_over_in_flight(void **state)
{
	struct sd_slane *l = &w->reg.lane[0];
	struct sd_req q, first;
	u32 n;

	(void)state;
	publish(0, HD_ECHO, 0, 0, 0, 1);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &first), 1);
	for (n = 1; n < SD_RING; n++) {
		publish(n, HD_ECHO, 0, 0, 0, sd_seq(n));
		assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
		sd_srv_reply(&q, 0, 0);
	}
	publish(SD_RING, HD_ECHO, 0, 0, 0,
		sd_seq(SD_RING)); /* its slot's call of the round before isn't answered */
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), -EPROTO);
	sd_srv_reply(&first, 0, 0);
}

static void in_bounds_is_no_lie(void **state)
{
	(void)state;
	publish(0, HD_SUM, 0, SD_ARENA_SIZE - 4, 4, 1);
	hostdom_round(&w->dom, ~0u);
	sd_poll_settle(&w->dom.poll);
	hostdom_round(&w->dom, ~0u);
	assert_int_equal(liars, 0);
	assert_int_equal(w->lane.mem->sq[0].seq, 2);
}

/* What the domain says in the one call that is in flight. */
static void domain_says(u32 seq, u16 flags, s64 ret)
{
	struct sd_entry *e = &w->lane.mem->sq[0];

	e->flags = flags;
	e->ret = ret;
	e->seq = seq;
}

static void lying_answer_seq(void **state)
{
	struct sd_ticket n;
	long ret;

	(void)state;
	sd_submit(&w->lane, HD_ECHO, 0, (u64[6]){0}, &n);
	domain_says(7, 0, 0);
	assert_int_equal(sd_wait(&w->lane, n, &ret), SD_PROTO);
	assert_int_equal(call(&w->lane, HD_ECHO, 0, 0, 0, &ret), SD_PROTO); /* for ever */
}

static void lying_answer_length(void **state)
{
	char small[16];
	struct sd_call c;
	long ret;

	(void)state;
	sd_call_begin(&w->lane, &c, HD_ECHO);
	c.arg[0] = sd_room(&c, sizeof(small));
	assert_int_equal(sd_call_post(&c), SD_OK);
	domain_says(2, 0, 4000);
	assert_int_equal(sd_call_finish(&c, &ret), SD_OK);
	assert_int_equal(sd_get(&c, small, c.arg[0], (u64)ret, ret), -EPROTO);
	assert_int_equal(sd_call_end(&c), SD_PROTO);
}

/* What lies in the arena below a call is another's. */
static void not_its_room(void **state)
{
	struct sd_call outer, c;
	char small[16];
	u64 off;

	(void)state;
	sd_call_begin(&w->lane, &outer, HD_ECHO);
	off = sd_room(&outer, sizeof(small));
	sd_call_begin(&w->lane, &c, HD_ECHO);
	assert_int_equal(sd_get(&c, small, off, 1, 0), -EPROTO);
	assert_int_equal(sd_call_end(&c), SD_PROTO);
	sd_call_end(&outer);
}

static void lying_completion(u32 seq, u16 slot)
{
	u64 arg[6] = {0}, cookie;
	struct sd_batch b;
	enum sd_status st;
	long ret;

	sd_batch_begin(&b, &w->lane);
	sd_batch_add(&b, HD_ECHO, arg, 0);
	sd_batch_add(&b, HD_ECHO, arg, 1);
	w->lane.mem->cq[0].slot = slot;
	w->lane.mem->cq[0].seq = seq;
	w->lane.mem->cq[1].slot = 1;
	w->lane.mem->cq[1].seq = 2;
	assert_int_equal(sd_batch_wait(&b), SD_OK);
	while (sd_batch_next(&b, &cookie, &ret, &st))
		;
	assert_int_equal(sd_batch_end(&b), SD_PROTO);
}

static void lying_completion_slot(void **state)
{
	(void)state;
	lying_completion(1, SD_RING);
}

static void lying_completion_twice(void **state)
{
	(void)state;
	lying_completion(1, 1);
}

static void lying_completion_idle_slot(void **state)
{
	(void)state;
	lying_completion(1, 40);
}

static void lying_completion_seq(void **state)
{
	(void)state;
	lying_completion(9, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rounds),
		T(data),
		T(null_and_fault),
		T(arena_limits),
		T(batch),
		T(posted),
		T(interrupted),
		T(cancelled),
		T(cancelled_before_taken),
		T(one_slot),
		T(resumed),
		T(resumed_after_batch),
		T(many_lanes),
		T(told_before_dropped),
		T(looks_before_dropping),
		T(lane_order),
		T(wakes),
		T(refused),
		T(lie_seq),
		T(lie_op),
		T(lie_reserved_op),
		T(lie_flags),
		T(lie_sync_and_batched),
		T(lie_after_sync),
		T(lie_offset),
		T(lie_length),
		T(lie_length_wraps),
		T(lie_over_in_flight),
		T(in_bounds_is_no_lie),
		T(lying_answer_seq),
		T(lying_answer_length),
		T(not_its_room),
		T(lying_completion_slot),
		T(lying_completion_twice),
		T(lying_completion_idle_slot),
		T(lying_completion_seq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

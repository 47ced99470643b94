// SPDX-License-Identifier: GPL-2.0
/* test_ring.c: both ends of a queue pair in one thread. */
#include "ring_world.h"

static void rounds(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 5 * SD_RING; i++)
		echo_is(&w->qp, i);
	assert_int_equal(w->qp.tail, 5 * SD_RING);
	assert_int_equal(w->qp.busy, 0);
}

static void data(void **state)
{
	char out[100], in[100];
	struct sd_call c;
	long ret;

	(void)state;
	memset(in, 3, sizeof(in));
	sd_call_begin(&w->qp, &c, HD_SUM);
	c.arg[0] = sd_put(&c, in, sizeof(in));
	c.arg[1] = sizeof(in);
	assert_int_equal(sd_call_wait(&c, &ret), SD_OK);
	assert_int_equal(ret, 300);
	assert_int_equal(sd_call_end(&c), SD_OK);

	sd_call_begin(&w->qp, &c, HD_FILL);
	c.arg[0] = sd_room(&c, sizeof(out));
	c.arg[1] = sizeof(out);
	c.arg[2] = 'x';
	assert_int_equal(sd_call_wait(&c, &ret), SD_OK);
	assert_int_equal(sd_get(&c, out, c.arg[0], sizeof(out), ret), 100);
	assert_int_equal(out[99], 'x');
	assert_int_equal(sd_call_end(&c), SD_OK);
	assert_int_equal(w->qp.level, SD_OFF_MIN);
}

static void null_and_fault(void **state)
{
	struct sd_call c;
	long ret;
	char b[8];

	(void)state;
	sd_call_begin(&w->qp, &c, HD_SUM);
	assert_int_equal(sd_put(&c, NULL, 8), SD_OFF_NULL);
	fault = 1;
	c.arg[0] = sd_put(&c, b, 8);
	assert_true(c.arg[0] == SD_OFF_FAULT);
	assert_int_equal(w->qp.level, SD_OFF_MIN); /* what couldn't be read takes no room */
	c.arg[1] = 8;
	assert_int_equal(sd_call_wait(&c, &ret), SD_OK);
	assert_int_equal(ret, -EFAULT);
	sd_call_end(&c);

	sd_call_begin(&w->qp, &c, HD_FILL);
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
	sd_call_begin(&w->qp, &c, HD_ECHO);
	assert_int_equal(sd_room(&c, SD_ARENA_SIZE - SD_OFF_MIN), SD_OFF_MIN);
	sd_call_begin(&w->qp, &d, HD_ECHO);
	assert_int_equal(sd_room(&d, 1), SD_OFF_NULL);
	assert_int_equal(sd_call_wait(&d, &ret), SD_TOO_BIG);
	assert_int_equal(sd_call_end(&d), SD_TOO_BIG);
	assert_int_equal(sd_call_end(&c), SD_OK);
	sd_call_begin(&w->qp, &c, HD_ECHO);
	assert_int_equal(sd_room(&c, ~0ull), SD_OFF_NULL);
	assert_int_equal(sd_call_end(&c), SD_TOO_BIG);
	echo_is(&w->qp, 7);
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
		sd_batch_begin(&b, &w->qp);
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
		echo_is(&w->qp, round);
	}
}

/* A rolling batch: 8 in flight, each one that is answered followed by another. */
static void rolling(void **state)
{
	u64 arg[6] = {0}, cookie, sum = 0;
	struct sd_batch b;
	enum sd_status st;
	long ret;
	u32 made = 0, taken = 0;

	(void)state;
	sd_batch_begin(&b, &w->qp);
	while (taken < 1000) {
		for (; made < 1000 && made < taken + 8; made++) {
			arg[0] = made;
			assert_int_equal(sd_batch_add(&b, HD_ECHO, arg, 7 * made), SD_OK);
		}
		u32 n = made - taken < 4 ? made - taken : 4;

		assert_int_equal(sd_batch_some(&b, n), SD_OK);
		for (; n; n--, taken++) {
			assert_true(sd_batch_next(&b, &cookie, &ret, &st));
			assert_int_equal(st, SD_OK);
			assert_int_equal(cookie, 7 * ret);
			sum += ret;
		}
	}
	assert_int_equal(sum, 999 * 1000 / 2);
	assert_int_equal(sd_batch_some(&b, 1), SD_OK); /* nothing is in flight: no wait */
	assert_false(sd_batch_next(&b, &cookie, &ret, &st));
	assert_int_equal(sd_batch_end(&b), SD_OK);
	echo_is(&w->qp, 1);
}

static void posted(void **state)
{
	struct sd_call a, b;
	long ret;

	(void)state;
	sd_call_begin(&w->qp, &a, HD_ECHO);
	a.arg[0] = 1;
	assert_int_equal(sd_call_post(&a), SD_OK);
	assert_false(sd_call_done(&a));
	sd_call_begin(&w->qp, &b, HD_ECHO);
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
	w->qp.mem->client.sleep = 3; /* as if it were about to sleep */
	sd_qp_interrupt(&w->qp);
	assert_int_equal(w->qp.mem->client.sleep, 0);
	sd_call_begin(&w->qp, &c, HD_ECHO);
	assert_int_equal(sd_call_wait(&c, &ret), SD_INTR);
	sd_call_end(&c);
	echo_is(&w->qp, 3); /* only once */
	sd_call_begin(&w->qp, &c, HD_ECHO);
	c.arg[0] = 9;
	assert_int_equal(sd_call_post(&c), SD_OK);
	sd_qp_interrupt(&w->qp);
	assert_int_equal(sd_call_finish(&c, &ret), SD_OK); /* cancels, and takes the result */
	assert_int_equal(ret, 9);
	assert_int_equal(sd_call_end(&c), SD_OK);
}

static void cancelled(void **state)
{
	struct sd_call c;
	long ret;

	(void)state;
	echo_is(&w->qp, 1);
	sd_call_begin(&w->qp, &c, HD_ECHO);
	assert_int_equal(sd_call_post(&c), SD_OK);
	assert_int_equal(sd_call_cancel(&c), SD_OK);
	assert_int_equal(w->qp.mem->domain.cancelled, sd_seq(1));
	assert_int_equal(sd_call_finish(&c, &ret), SD_OK);
	assert_int_equal(sd_call_end(&c), SD_OK);
}

/* The doorbell may be seen before the entry is. */
static void cancelled_before_taken(void **state)
{
	struct sd_sqp *l = &w->reg.qp[0];
	struct sd_entry_ref t;
	struct sd_req q;
	u32 n;

	(void)state;
	sd_submit(&w->qp, HD_ECHO, 0, (u64[6]){0}, &t);
	sd_submit(&w->qp, HD_ECHO, 0, (u64[6]){0}, &t);
	w->qp.mem->client.cancel = sd_seq(t.n);
	assert_false(sd_srv_cancel(l, &n));
	assert_int_equal(w->qp.mem->domain.cancelled, 0);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	assert_false(q.cancelled);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	assert_true(q.cancelled);
	assert_int_equal(w->qp.mem->domain.cancelled, sd_seq(t.n));
	sd_submit(&w->qp, HD_ECHO, 0, (u64[6]){0}, &t);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	assert_false(q.cancelled);
}

static void one_slot(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 10; i++)
		echo_is(&w->qp, i);
	assert_int_equal(w->qp.slot, 0); /* calls one at a time stay in their line */
	assert_int_equal(w->reg.qp[0].slot, 0);
}

static void batch_of(struct sd_qp *l, u32 n)
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

/* Completions also continue where they were, once nothing in the ring shows a batch any more. */
static void resumed_after_batch(void **state)
{
	struct sd_qp l;
	struct sd_call c;
	long ret;
	u32 i;

	(void)state;
	batch_of(&w->qp, SD_RING);
	batch_of(&w->qp, 5);
	assert_int_equal(sd_qp_resume(&l, w->base, 0, &w->wake_page, &inline_transport), -EBUSY);
	for (i = 0; i < SD_RING; i++) {
		sd_call_begin(&w->qp, &c, HD_ECHO);
		assert_int_equal(sd_call_post(&c), SD_OK);
		assert_int_equal(sd_call_finish(&c, &ret), SD_OK);
		sd_call_end(&c);
	}
	assert_int_equal(sd_qp_resume(&l, w->base, 0, &w->wake_page, &inline_transport), 0);
	assert_int_equal(l.taken, SD_RING + 5);
	batch_of(&l, 7);
	echo_is(&l, 5);
}

static void resumed(void **state)
{
	struct sd_qp l;
	struct sd_entry_ref n;
	u32 i;

	(void)state;
	for (i = 0; i < SD_RING + 10; i++)
		echo_is(&w->qp, i);
	assert_int_equal(sd_qp_resume(&l, w->base, 0, &w->wake_page, &inline_transport), 0);
	assert_int_equal(l.tail, SD_RING + 10);
	echo_is(&l, 5);
	assert_int_equal(sd_submit(&l, HD_ECHO, 0, (u64[6]){0}, &n), SD_OK);
	assert_int_equal(sd_qp_resume(&w->qp, w->base, 0, &w->wake_page, &inline_transport),
			 -EBUSY);
	assert_int_equal(sd_qp_resume(&l, w->base, 9, &w->wake_page, &inline_transport), 0);
	assert_int_equal(l.tail, 0);
}

#define LOOKS 10000000u /* limit for loops that wait for time to pass */

static void many_qps(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < SD_QPS; i++) {
		echo_is(qp(i), i);
		assert_true(w->reg.qp[i].polled);
	}
	for (i = 0; i < LOOKS && w->dom.poll.qps > 8; i++)
		hostdom_round(&w->dom, ~0u);
	assert_true(w->dom.poll.qps <= 8);
	assert_int_equal(w->reg.qp[100].mem->domain.polled, w->reg.qp[100].polled);
}

/* Always keeps a call in flight. Returns how many were answered. */
static u32 keep_busy(struct sd_qp *l, struct sd_entry_ref *t)
{
	long ret;

	if (l->tail) {
		if (!sd_answered(l, *t))
			return 0;
		assert_int_equal(sd_wait(l, *t, &ret), SD_OK);
	}
	assert_int_equal(sd_submit(l, HD_ECHO, SD_F_SYNC, (u64[6]){0}, t), SD_OK);
	if (l->tail == 1)
		inline_kick(l);
	return l->tail > 1;
}

/* Calls of one client's queue pair among the first thousand, beside as many queue pairs of another
 * as there are. */
static u32 turns_of_one(bool glance)
{
	static struct sd_entry_ref t[SD_QPS], one;
	struct sd_qp *l[SD_QPS];
	u32 i, n, got = 0;

	for (i = 0; i < SD_QPS; i++)
		l[i] = qp(i);
	for (n = 0; n < 1000; n++) {
		got += keep_busy(&w->second, &one);
		for (i = 0; i < SD_QPS; i++)
			keep_busy(l[i], &t[i]);
		if (!n)
			sd_poll_settle(&w->dom.poll);
		if (glance)
			assert_true(sd_poll_glance(&w->dom.poll, NULL));
		assert_int_equal(hostdom_round(&w->dom, 1), 1);
	}
	return got;
}

static void fair_turns(void **state)
{
	(void)state;
	assert_true(turns_of_one(false) > 300);
}

static void fair_glances(void **state)
{
	(void)state;
	assert_true(turns_of_one(true) > 300);
}

/* Queue pairs of a crowd come and go, and every one that has a call gets its turn. */
static void turns_come_and_go(void **state)
{
	u32 i, k;

	(void)state;
	for (k = 0; k < 20; k++) {
		for (i = k % 3; i < SD_QPS; i += 1 + k % 5) {
			echo_is(qp(i), i);
			echo_is(&w->second, i);
		}
		for (i = 0; i < LOOKS && w->dom.poll.qps > 8; i++)
			hostdom_round(&w->dom, ~0u);
		assert_true(w->dom.poll.on <= w->dom.poll.qps);
		sd_poll_remove(&w->dom.poll, &w->reg);
		munmap(w->base, SD_REGION_SIZE);
		w->base = hostdom_map(SD_REGION_SIZE);
		assert_true(w->dom.poll.on <= 1 && w->dom.poll.qps <= 1);
		sd_sregion_init(&w->reg, w->base, NULL, &hostdom_ops);
		sd_poll_add(&w->dom.poll, &w->reg);
	}
}

#define STORM 20u /* clients that ring all their doorbells, and call nothing */

static u32 still_ringing(struct sd_sregion *r)
{
	u32 n = 0;

	for (u32 i = 0; i < STORM; i++)
		for (u32 k = 0; k < SD_QPS / 32; k++)
			n += (u32)__builtin_popcount(r[i].head->doorbell[k]);
	return n;
}

static void ring_all(struct sd_sregion *r)
{
	for (u32 i = 0; i < STORM; i++)
		memset(r[i].head->doorbell, 0xff, sizeof(r[i].head->doorbell));
}

/* One look at doorbells is bounded, no queue pair is polled for useless ones, and a client that
 * keeps ringing is looked at less and less often. */
static void doorbell_storm(void **state)
{
	static struct sd_sregion r[STORM];
	u32 i;

	(void)state;
	for (i = 0; i < STORM; i++) {
		sd_sregion_init(&r[i], hostdom_map(SD_REGION_SIZE), NULL, &hostdom_ops);
		sd_poll_add(&w->dom.poll, &r[i]);
	}
	echo_is(&w->second, 1);
	ring_all(r);
	for (i = 0; i < 16; i++)
		sd_poll_passed(&w->dom.poll);
	assert_true(still_ringing(r) >= STORM * SD_QPS - 200);
	for (i = 0; i < 100; i++) {
		ring_all(r);
		assert_true(sd_poll_settle(&w->dom.poll)); /* they are looked at again, later */
		echo_is(&w->second, i);
	}
	assert_true(w->dom.poll.qps <= 2);
	assert_true(still_ringing(r) > STORM);
	for (i = 0; i < STORM; i++) {
		assert_true(r[i].deafness > 0);
		sd_poll_remove(&w->dom.poll, &r[i]);
		munmap(r[i].head, SD_REGION_SIZE);
	}
}

/* Queue pair 100 after its polled became 0, while it is still looked at. */
static struct sd_qp *leaving_qp(void)
{
	struct sd_sqp *s = &w->reg.qp[100];
	struct sd_qp *l = NULL, *other;
	u32 i;

	for (i = 0; i < SD_QPS; i++) {
		other = qp(i);
		echo_is(other, i);
		w->reg.qp[i].idle = 1;
		w->reg.qp[i].since =
			sd_tsc() +
			(1ull << 40); /* not quiet for long, however slow this process is */
		l = i == 100 ? other : l;
	}
	s->since = sd_tsc() - (1ull << 40);
	for (i = 0; i < LOOKS && s->mem->domain.polled; i++)
		hostdom_round(&w->dom, ~0u);
	assert_int_equal(s->mem->domain.polled, 0);
	return l;
}

/* A client that publishes without a fence may have read the word before the domain changed it. */
static void told_before_dropped(void **state)
{
	struct sd_qp *l = leaving_qp();
	struct sd_entry_ref t;

	(void)state;
	assert_int_equal(sd_submit(l, HD_ECHO, 0, (u64[6]){7}, &t), SD_OK); /* and no doorbell */
	hostdom_round(&w->dom, ~0u);
	assert_true(sd_answered(l, t));
	hostdom_round(&w->dom, ~0u);
	assert_int_equal(l->mem->domain.polled, 1);
}

/* The last look before a queue pair is dropped sees what came since the one that found nothing. */
static void looks_before_dropping(void **state)
{
	struct sd_sqp *s = &w->reg.qp[100];
	struct sd_qp *l = leaving_qp();
	struct sd_entry_ref t;
	u32 i;

	(void)state;
	assert_int_equal(sd_submit(l, HD_ECHO, 0, (u64[6]){7}, &t), SD_OK);
	for (i = 0; i < LOOKS && s->leaving; i++) {
		w->dom.poll.now = sd_tsc();
		sd_poll_quiet(&w->dom.poll, s); /* as if nothing had been there */
	}
	assert_true(s->polled);
	assert_int_equal(l->mem->domain.polled, 1);
	hostdom_round(&w->dom, ~0u);
	assert_true(sd_answered(l, t));
}

static void qp_order(void **state)
{
	u64 arg[6] = {0};
	struct sd_req q;
	struct sd_sregion *bad;
	struct sd_entry_ref n;
	u32 i, first = 0;

	(void)state;
	for (i = 0; i < SD_RING; i++)
		sd_submit(&w->qp, HD_ECHO, 0, arg, &n);
	sd_submit(&w->second, HD_ECHO, 0, arg, &n);
	sd_poll_settle(&w->dom.poll);
	while (sd_poll_next(&w->dom.poll, &q, &bad) > 0) {
		if (q.qp->reg == &w->other)
			break;
		first++;
		sd_poll_reply(&q, 0, 0);
	}
	assert_true(first <= 16); /* a busy queue pair doesn't starve the other */
	assert_ptr_equal(q.qp->reg, &w->other);
}

static void wakes(void **state)
{
	struct sd_client_ctl *c = &w->qp.mem->client;
	struct sd_sqp *l = &w->reg.qp[0];
	struct sd_entry_ref n;
	struct sd_req q;

	(void)state;
	assert_null(sd_srv_wake(l, true)); /* nothing owed */
	c->sleep = 5;
	assert_null(sd_srv_wake(l, true));
	sd_submit(&w->qp, HD_ECHO, 0, (u64[6]){0}, &n);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	sd_srv_reply(&q, 0, 0);
	assert_ptr_equal(sd_srv_wake(l, false), &c->sleep);
	assert_int_equal(c->sleep, 0); /* a FUTEX_WAIT about to begin returns */
	assert_null(sd_srv_wake(l, true));

	sd_submit(&w->qp, HD_ECHO, SD_F_CQ, (u64[6]){0}, &n);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	sd_srv_reply(&q, 0, 0);
	c->want = 2;
	c->sleep = 6;
	assert_null(sd_srv_wake(l, false)); /* it waits for the second */
	sd_submit(&w->qp, HD_ECHO, SD_F_CQ, (u64[6]){0}, &n);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	sd_srv_reply(&q, 0, 0);
	assert_ptr_equal(sd_srv_wake(l, false), &c->sleep);

	c->want = 0; /* an unpolled queue pair: there is no later look */
	sd_submit(&w->qp, HD_ECHO, 0, (u64[6]){0}, &n);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	assert_false(l->polled);
	c->sleep = 7;
	sd_poll_reply(&q, 0, 0);
	assert_int_equal(c->sleep, 0);
}

static void answer_one(struct sd_req *q)
{
	struct sd_entry_ref n;

	sd_submit(&w->qp, HD_ECHO, 0, (u64[6]){0}, &n);
	assert_int_equal(sd_srv_take(&w->reg.qp[0], &hostdom_table, q), 1);
	sd_srv_reply(q, 0, 0);
}

/* Of a queue pair that is looked at, the next look, and at the latest the last one before the
 * domain sleeps, sees what there is. */
static void last_looks(void **state)
{
	struct sd_client_ctl *c = &w->qp.mem->client;
	struct sd_entry_ref n;
	struct sd_req q;

	(void)state;
	echo_is(&w->qp, 1);
	assert_true(w->reg.qp[0].polled);
	assert_false(sd_poll_settle(&w->dom.poll));
	answer_one(&q);
	c->sleep = 5;
	hostdom_round(&w->dom, ~0u);
	assert_int_equal(c->sleep, 0);
	answer_one(&q);
	c->sleep = 6;
	assert_false(sd_poll_settle(&w->dom.poll));
	assert_int_equal(c->sleep, 0);
	sd_submit(&w->qp, HD_ECHO, 0, (u64[6]){0}, &n);
	assert_true(sd_poll_settle(&w->dom.poll)); /* not now */
}

static void refused(void **state)
{
	struct sd_entry_ref n;
	struct sd_req q;
	long ret;

	(void)state;
	sd_submit(&w->qp, HD_ECHO, 0, (u64[6]){0}, &n);
	assert_int_equal(sd_srv_take(&w->reg.qp[0], &hostdom_table, &q), 1);
	sd_srv_reply(&q, -EAGAIN, SD_R_REFUSED);
	assert_int_equal(sd_wait(&w->qp, n, &ret), SD_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rounds),
		T(data),
		T(null_and_fault),
		T(arena_limits),
		T(batch),
		T(rolling),
		T(posted),
		T(interrupted),
		T(cancelled),
		T(cancelled_before_taken),
		T(one_slot),
		T(resumed),
		T(resumed_after_batch),
		T(many_qps),
		T(fair_turns),
		T(fair_glances),
		T(turns_come_and_go),
		T(doorbell_storm),
		T(told_before_dropped),
		T(looks_before_dropping),
		T(qp_order),
		T(wakes),
		T(last_looks),
		T(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

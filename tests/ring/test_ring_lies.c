// SPDX-License-Identifier: GPL-2.0
/* test_ring_lies.c: every protocol violation that either end of a queue pair must detect. */
#include "ring_world.h"

static void publish(u32 n, u16 op, u16 flags, u64 a, u64 b, u32 seq)
{
	struct sd_entry *e = &w->qp.mem->sq[n % SD_RING];

	e->op = op;
	e->flags = flags;
	e->arg[0] = a;
	e->arg[1] = b;
	sd_store_release(&e->seq, seq);
}

static void ends_liar(void)
{
	inline_kick(&w->qp);
	hostdom_round(&w->dom, ~0u);
	sd_poll_settle(&w->dom.poll);
	hostdom_round(&w->dom, ~0u);
	assert_int_equal(w->dom.liars, 1);
	assert_int_equal(w->qp.head->ended, SD_ENDED_PROTO);
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
	struct sd_sqp *l = &w->reg.qp[0];
	struct sd_req q;

	(void)state;
	publish(0, HD_ECHO, SD_F_SYNC, 0, 0, 1);
	assert_int_equal(sd_srv_take(l, &hostdom_table, &q), 1);
	publish(0, HD_ECHO, SD_F_SYNC, 0, 0,
		3); /* before the answer that SD_F_SYNC promises to await */
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
	struct sd_sqp *l = &w->reg.qp[0];
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
	assert_int_equal(w->dom.liars, 0);
	assert_int_equal(w->qp.mem->sq[0].seq, 2);
}

/* The domain's answer to the one call in flight. */
static void domain_says(u32 seq, u16 flags, s64 ret)
{
	struct sd_entry *e = &w->qp.mem->sq[0];

	e->flags = flags;
	e->ret = ret;
	e->seq = seq;
}

static void lying_answer_seq(void **state)
{
	struct sd_entry_ref n;
	long ret;

	(void)state;
	sd_submit(&w->qp, HD_ECHO, 0, (u64[6]){0}, &n);
	domain_says(7, 0, 0);
	assert_int_equal(sd_wait(&w->qp, n, &ret), SD_PROTO);
	assert_int_equal(call(&w->qp, HD_ECHO, 0, 0, 0, &ret), SD_PROTO); /* permanently */
}

static void lying_answer_length(void **state)
{
	char small[16];
	struct sd_call c;
	long ret;

	(void)state;
	sd_call_begin(&w->qp, &c, HD_ECHO);
	c.arg[0] = sd_room(&c, sizeof(small));
	assert_int_equal(sd_call_post(&c), SD_OK);
	domain_says(2, 0, 4000);
	assert_int_equal(sd_call_finish(&c, &ret), SD_OK);
	assert_int_equal(sd_get(&c, small, c.arg[0], (u64)ret, ret), -EPROTO);
	assert_int_equal(sd_call_end(&c), SD_PROTO);
}

/* The arena below a call belongs to another call. */
static void not_its_room(void **state)
{
	struct sd_call outer, c;
	char small[16];
	u64 off;

	(void)state;
	sd_call_begin(&w->qp, &outer, HD_ECHO);
	off = sd_room(&outer, sizeof(small));
	sd_call_begin(&w->qp, &c, HD_ECHO);
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

	sd_batch_begin(&b, &w->qp);
	sd_batch_add(&b, HD_ECHO, arg, 0);
	sd_batch_add(&b, HD_ECHO, arg, 1);
	w->qp.mem->cq[0].slot = slot;
	w->qp.mem->cq[0].seq = seq;
	w->qp.mem->cq[1].slot = 1;
	w->qp.mem->cq[1].seq = 2;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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

// SPDX-License-Identifier: GPL-2.0
/*
 * test_early_ends.c: each end of a queue pair alone: which entries the domain holds back behind an
 * early call and how it reports that call's end, and every violation about early calls that either
 * end must detect.
 */
#include "early_world.h"

/* ---- the domain's end by hand ---- */
static void publish(u32 n, u32 slot, u16 flags, s64 ret, u32 seq)
{
	struct sd_entry *e = &w->qp.mem->sq[slot];

	e->op = HD_ECHO;
	e->flags = flags;
	e->arg[0] = n;
	e->ret = ret;
	sd_store_release(&e->seq, seq);
}

static int takes(struct sd_req *q)
{
	return sd_srv_take(&w->reg.qp[0], &hostdom_table, q);
}

static void held(void **state)
{
	struct sd_req p, q;

	(void)state;
	publish(0, 0, SD_F_EARLY, 5, sd_seq(0));
	assert_int_equal(takes(&p), 1);
	assert_int_equal(p.early, 5);
	publish(1, 1, SD_F_SYNC, 0, sd_seq(1));
	assert_int_equal(takes(&q), 0);
	assert_int_equal(takes(&q), 0);
	assert_false(sd_srv_ready(&w->reg.qp[0]));
	sd_srv_reply(&p, 5, 0);
	assert_true(sd_srv_ready(&w->reg.qp[0]));
	assert_true(sd_srv_news(&w->reg.qp[0]));
	assert_int_equal(takes(&q), 1);
	assert_int_equal(q.n, 1);
	sd_srv_reply(&q, 0, 0);
	assert_int_equal(w->qp.mem->sq[1].flags & (SD_R_SETTLED | SD_R_BROKEN), SD_R_SETTLED);
}

/* The domain looks at the slot while it is empty, too. */
static void held_and_watched(void **state)
{
	struct sd_req p, q;

	(void)state;
	publish(0, 0, SD_F_EARLY, 5, sd_seq(0));
	assert_int_equal(takes(&p), 1);
	assert_int_equal(takes(&q), 0);
	publish(1, 1, SD_F_SYNC, 0, sd_seq(1));
	assert_int_equal(takes(&q), 0);
	assert_int_equal(takes(&q), 0);
	sd_srv_reply(&p, 6, 0);
	assert_int_equal(takes(&q), 1);
	sd_srv_reply(&q, 0, 0);
	assert_true(w->qp.mem->sq[1].flags & SD_R_BROKEN);
}

/* Answered before anything follows it, and watched. */
static void answered_and_watched(void **state)
{
	struct sd_req p, q;

	(void)state;
	publish(0, 0, SD_F_EARLY, 5, sd_seq(0));
	assert_int_equal(takes(&p), 1);
	assert_int_equal(takes(&q), 0);
	sd_srv_reply(&p, 5, 0);
	assert_int_equal(takes(&q), 0);
	publish(1, 1, SD_F_EARLY, 8, sd_seq(1));
	assert_int_equal(takes(&q), 1);
	assert_int_equal(q.early, 8);
	sd_srv_reply(&q, 8, 0);
	assert_int_equal(takes(&q), 0);
	assert_int_equal(w->reg.qp[0].busy, 0);
}

/* A call may end after its region has: then there is no client to answer. */
static void answers_nobody(void **state)
{
	struct sd_req q;

	(void)state;
	publish(0, 0, SD_F_SYNC, 0, sd_seq(0));
	assert_int_equal(takes(&q), 1);
	sd_srv_end(&w->reg, SD_ENDED_PROTO);
	sd_srv_reply(&q, 5, 0);
	assert_int_equal(w->qp.mem->sq[0].seq, sd_seq(0));
	assert_int_equal(w->qp.mem->sq[0].ret, 0);
	assert_int_equal(w->reg.serving, 0);
	sd_srv_end(&w->reg, SD_ENDED_PROTO + 1);
	assert_int_equal(w->qp.head->ended, SD_ENDED_PROTO); /* the first reason stays */
}

static void wants_cancel(u32 n)
{
	u32 which;

	w->qp.mem->client.cancel = sd_seq(n);
	assert_false(sd_srv_cancel(&w->reg.qp[0], &which)); /* it isn't in service */
}

static void cancel_lifts(void **state)
{
	struct sd_req p, q;

	(void)state;
	publish(0, 0, SD_F_EARLY, 5, sd_seq(0));
	assert_int_equal(takes(&p), 1);
	publish(1, 1, SD_F_SYNC, 0, sd_seq(1));
	assert_int_equal(takes(&q), 0);
	wants_cancel(1);
	assert_int_equal(takes(&q), 1);
	assert_true(q.cancelled);
	assert_int_equal(w->qp.mem->domain.cancelled, sd_seq(1));
	w->qp.mem->client.sleep = 1; /* it may sleep until that is said */
	assert_ptr_equal(sd_srv_wake(&w->reg.qp[0], false), &w->qp.mem->client.sleep);
	sd_srv_reply(&q, -EINTR, 0);
	assert_false(w->qp.mem->sq[1].flags & SD_R_SETTLED);
	sd_srv_reply(&p, 5, 0);
	publish(2, 1, SD_F_SYNC, 0, sd_seq(2));
	assert_int_equal(takes(&q), 1);
	assert_false(q.cancelled);
	sd_srv_reply(&q, 0, 0);
	assert_true(w->qp.mem->sq[1].flags & SD_R_SETTLED);
}

/* The cancel may be seen before even the early call is. */
static void cancel_before_taken_lifts(void **state)
{
	struct sd_req p, q;

	(void)state;
	publish(0, 0, SD_F_EARLY, 5, sd_seq(0));
	publish(1, 1, SD_F_SYNC, 0, sd_seq(1));
	wants_cancel(1);
	assert_int_equal(takes(&p), 1);
	assert_false(p.cancelled);
	assert_int_equal(takes(&q), 1);
	assert_true(q.cancelled);
	sd_srv_reply(&q, -EINTR, 0);
	sd_srv_reply(&p, 5, 0);
}

/* The outcome of one early call isn't reported for the next. */
static void settled_is_the_last(void **state)
{
	struct sd_req p, q;

	(void)state;
	publish(0, 0, SD_F_EARLY, 5, sd_seq(0));
	assert_int_equal(takes(&p), 1);
	sd_srv_reply(&p, 5, 0);
	publish(1, 1, SD_F_EARLY, 5, sd_seq(1));
	assert_int_equal(takes(&p), 1);
	publish(2, 2, SD_F_SYNC, 0, sd_seq(2));
	wants_cancel(2);
	assert_int_equal(takes(&q), 1);
	sd_srv_reply(&q, -EINTR, 0);
	assert_false(w->qp.mem->sq[2].flags & SD_R_SETTLED);
	sd_srv_reply(&p, 4, 0);
	publish(3, 2, SD_F_SYNC, 0, sd_seq(3));
	assert_int_equal(takes(&q), 1);
	sd_srv_reply(&q, 0, 0);
	assert_true(w->qp.mem->sq[2].flags & SD_R_SETTLED);
	assert_true(w->qp.mem->sq[2].flags & SD_R_BROKEN);
}

static void says_credit_left(void **state)
{
	struct sd_req p, q;

	(void)state;
	publish(0, 0, SD_F_EARLY, 5, sd_seq(0));
	assert_int_equal(takes(&p), 1);
	p.credit = 2;
	sd_srv_reply(&p, 5, 0);
	assert_int_equal(SD_CREDIT_OF(w->qp.mem->sq[0].flags), 2);
	publish(1, 1, SD_F_SYNC, 0, sd_seq(1));
	assert_int_equal(takes(&q), 1);
	q.credit = 1;
	sd_srv_reply(&q, 0, 0);
	assert_int_equal(SD_CREDIT_OF(w->qp.mem->sq[1].flags), 1);
	assert_int_equal(SD_LEFT_OF(w->qp.mem->sq[1].flags), 2);
}

/* ---- violations ---- */
static void lie_even_seq(void **state)
{
	struct sd_req p, q;

	(void)state;
	publish(0, 0, SD_F_EARLY, 5, sd_seq(0));
	assert_int_equal(takes(&p), 1);
	publish(1, 1, SD_F_SYNC, 0, w->reg.qp[0].expect);
	assert_int_equal(takes(&q), -EPROTO);
	sd_srv_reply(&p, 5, 0);
}

static void lie_changed_while_held(void **state)
{
	struct sd_req p, q;

	(void)state;
	publish(0, 0, SD_F_EARLY, 5, sd_seq(0));
	assert_int_equal(takes(&p), 1);
	publish(1, 1, SD_F_SYNC, 0, sd_seq(1));
	assert_int_equal(takes(&q), 0);
	publish(1, 1, SD_F_SYNC, 0, sd_seq(2));
	assert_int_equal(takes(&q), -EPROTO);
	sd_srv_reply(&p, 5, 0);
}

static void lie_flags(u16 flags)
{
	publish(0, 0, flags, 5, sd_seq(0));
	domain_runs();
	assert_int_equal(w->dom.liars, 1);
	assert_int_equal(w->qp.head->ended, SD_ENDED_PROTO);
}

static void lie_early_and_sync(void **state)
{
	(void)state;
	lie_flags(SD_F_EARLY | SD_F_SYNC);
}

static void lie_early_and_batched(void **state)
{
	(void)state;
	lie_flags(SD_F_EARLY | SD_F_CQ);
}

/* What the domain writes instead of an answer, against the protocol: at most two entries. */
static struct lie {
	u32 slot, n;
	u16 flags;
	s64 ret;
} lie[2];
static u32 lies;

static void puppet(void)
{
	u32 i;

	for (i = 0; i < lies; i++) {
		struct sd_entry *e = &w->qp.mem->sq[lie[i].slot];

		e->flags = lie[i].flags;
		e->ret = lie[i].ret;
		sd_store_release(&e->seq, sd_seq(lie[i].n) + 1);
	}
}

/* FD's call of 100 bytes is completed early in slot 0 as entry 1; the next is entry 2 in slot 1. */
static void lying(u32 n, struct lie a, struct lie b)
{
	earn(2);
	gives_early(FD, 100);
	assert_int_equal(w->qp.early.n, 1);
	assert_int_equal(w->qp.early.slot, 0);
	lie[0] = a;
	lie[1] = b;
	lies = n;
	inline_puppet = puppet;
}

static void ends_in_proto(void)
{
	struct sd_call c;

	assert_int_equal(w->qp.status, SD_PROTO);
	assert_false(w->qp.early.on);
	assert_int_equal(sd_call_begin(&w->qp, &c, HD_ECHO), SD_PROTO);
	sd_call_end(&c);
}

static void waits_once(void)
{
	struct sd_call c;
	long ret;

	begin_take(&c, OTHER, 10);
	sd_call_wait(&c, &ret);
	sd_call_end(&c);
}

static void lying_broken_unanswered(void **state)
{
	(void)state;
	lying(1, (struct lie){1, 2, SD_R_SETTLED | SD_R_BROKEN, 10}, (struct lie){0});
	waits_once();
	ends_in_proto();
}

static void lying_larger(void **state)
{
	(void)state;
	lying(2, (struct lie){0, 1, 0, 101}, (struct lie){1, 2, SD_R_SETTLED | SD_R_BROKEN, 10});
	waits_once();
	ends_in_proto();
}

static void lying_larger_settled(void **state)
{
	(void)state;
	lying(1, (struct lie){0, 1, 0, 101}, (struct lie){0});
	sd_early_settle(&w->qp);
	ends_in_proto();
}

/* 60 taken, then 41 of the 40 that are left. */
static void lying_larger_rest(void **state)
{
	(void)state;
	lying(2, (struct lie){0, 1, 0, 60}, (struct lie){1, 2, 0, 41});
	sd_early_settle(&w->qp);
	ends_in_proto();
	assert_int_equal(w->qp.tail, 3);
}

static void not_now(void)
{
	struct sd_entry *e = &w->qp.mem->sq[(w->qp.slot + SD_RING - 1) % SD_RING];

	e->ret = -EAGAIN;
	e->flags = 0;
	sd_store_release(&e->seq, sd_seq(w->qp.tail - 1) + 1);
}

/* The domain has no task for the early call, which is resubmitted until it has one. */
static u32 refusals;

static void refuses(void)
{
	struct sd_entry *e = &w->qp.mem->sq[(w->qp.slot + SD_RING - 1) % SD_RING];

	if (refusals) {
		e->ret = -EAGAIN;
		e->flags = SD_R_REFUSED;
		refusals--;
	} else {
		e->ret = 100;
		e->flags = 0;
	}
	sd_store_release(&e->seq, sd_seq(w->qp.tail - 1) + 1);
}

static void refused(void **state)
{
	(void)state;
	lying(0, (struct lie){0}, (struct lie){0});
	refusals = 20;
	inline_puppet = refuses;
	sd_early_settle(&w->qp);
	assert_int_equal(w->qp.status, SD_OK);
	assert_int_equal(refusals, 0);
	assert_int_equal(w->qp.tail, 1 + 1 + 20);
	assert_int_equal(w->qp.busy, 0);
}

/* A domain that has given credit must accept the data, sooner or later. */
static void lying_never(void **state)
{
	(void)state;
	lying(0, (struct lie){0}, (struct lie){0});
	inline_puppet = not_now;
	sd_early_settle(&w->qp);
	ends_in_proto();
}

static void lying_seq(void **state)
{
	(void)state;
	lying(1, (struct lie){0, 5, 0, 100}, (struct lie){0});
	sd_early_settle(&w->qp);
	ends_in_proto();
}

static void nothing_to_break(void **state)
{
	(void)state;
	lie[0] = (struct lie){0, 0, SD_R_SETTLED | SD_R_BROKEN | SD_R_LEFT(2), 10};
	lies = 1;
	inline_puppet = puppet;
	waits_once();
	inline_puppet = NULL;
	assert_int_equal(w->qp.status, SD_OK);
	assert_int_equal(w->qp.busy, 0);
	assert_false(w->qp.early.on);
}

/* The next call is cancelled while the early one waits: its answer tells nothing about that one,
 * which is still pending. */
static void cancels(void)
{
	w->qp.mem->domain.cancelled = w->qp.mem->client.cancel;
	puppet();
}

static void cancelled_leaves_it_out(void **state)
{
	struct sd_call c;
	long ret;

	(void)state;
	lying(1, (struct lie){1, 2, 0, -EINTR}, (struct lie){0});
	inline_puppet = cancels;
	begin_take(&c, OTHER, 10);
	assert_int_equal(sd_call_post(&c), SD_OK);
	assert_int_equal(sd_call_cancel(&c), SD_OK);
	assert_int_equal(sd_call_finish(&c, &ret), SD_OK);
	assert_int_equal(ret, -EINTR);
	assert_int_equal(sd_call_end(&c), SD_OK);
	assert_true(w->qp.early.on);
	assert_int_equal(w->qp.busy, 1);
	lie[0] = (struct lie){0, 1, 0, 100};
	sd_early_settle(&w->qp);
	assert_int_equal(w->qp.status, SD_OK);
	assert_int_equal(w->qp.busy, 0);
	assert_false(w->qp.early.on);
}

static void domain_dies(void **state)
{
	(void)state;
	lying(0, (struct lie){0}, (struct lie){0});
	sd_early_settle(&w->qp);
	assert_int_equal(w->qp.status, SD_DEAD);
	assert_false(w->qp.early.on);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(held),
		T(held_and_watched),
		T(answered_and_watched),
		T(answers_nobody),
		T(cancel_lifts),
		T(cancel_before_taken_lifts),
		T(settled_is_the_last),
		T(says_credit_left),
		T(lie_even_seq),
		T(lie_changed_while_held),
		T(lie_early_and_sync),
		T(lie_early_and_batched),
		T(lying_broken_unanswered),
		T(lying_larger),
		T(lying_larger_settled),
		T(lying_larger_rest),
		T(refused),
		T(lying_never),
		T(lying_seq),
		T(nothing_to_break),
		T(cancelled_leaves_it_out),
		T(domain_dies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

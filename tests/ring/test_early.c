// SPDX-License-Identifier: GPL-2.0
/*
 * test_early.c: when a call is completed early and when it waits; early data are taken completely
 * and in order; early calls that fail.
 */
#include "early_world.h"

/* ---- when ---- */
static void no_credit(void **state)
{
	(void)state;
	gives_waited(FD, 1);
	earn(0);
	gives_waited(FD, 1);
	at_rest();
}

static void levels(void **state)
{
	static const u32 most[] = {0, SD_CREDIT_SMALL, SD_CREDIT_BIG};
	u8 level;

	(void)state;
	for (level = 1; level <= 2; level++) {
		earn(level);
		gives_early(FD, 1);
		earn(level);
		gives_early(FD, most[level]);
		earn(level);
		gives_waited(FD, most[level] + 1);
		gives_early(FD, 1); /* that it waited is no reason to forget */
		sd_early_settle(&w->qp);
		all_taken();
	}
	hostdom_take.credit = 3; /* means nothing so far */
	waited(FD, 0);
	gives_waited(FD, 1);
	at_rest();
}

static void not_allowed(void **state)
{
	(void)state;
	earn(2);
	w->qp.may_early = false;
	gives_waited(FD, 10);
	w->qp.may_early = true;
	gives_early(FD, 10);
}

static void nothing_to_give(void **state)
{
	(void)state;
	earn(2);
	assert_int_equal(give(FD, 0), 0);
	at_rest();
}

static void of_its_fd(void **state)
{
	(void)state;
	earn(2);
	gives_waited(OTHER, 5); /* and earns its own */
	gives_early(OTHER, 5);
	gives_early(FD, 5);
	sd_early_settle(&w->qp);
	gives_waited(SAME_ROW, 5); /* takes the place of FD's */
	gives_early(SAME_ROW, 5);
	sd_early_settle(&w->qp);
	gives_waited(FD, 5);
	all_taken();
}

static void others_forget(void **state)
{
	struct sd_batch b;

	(void)state;
	earn(2);
	echo_is(3);
	gives_waited(FD, 10);
	gives_early(FD, 10);
	sd_batch_begin(&b, &w->qp);
	assert_false(w->qp.early.on);
	assert_int_equal(sd_batch_end(&b), SD_OK);
	gives_waited(FD, 10);
	all_taken();
}

/* The credit in the early call's own answer counts, once it is there. */
static void credit_spent(void **state)
{
	(void)state;
	earn(2);
	gives_early(FD, 100);
	hostdom_take.credit = 0;
	sd_early_settle(&w->qp);
	gives_waited(FD, 100);
	earn(2);
	gives_early(FD, 100);
	hostdom_take.credit = 0;
	gives_waited(FD, 100); /* the one before has been answered by then */
	all_taken();
}

/* The later of two answers about one fd counts. */
static void credit_of_the_later(void **state)
{
	(void)state;
	earn(2);
	gives_early(FD, 100);
	domain_runs();
	hostdom_take.credit = 0;
	assert_int_equal(waited(FD, 100), 100);
	gives_waited(FD, 100);
	all_taken();
	at_rest();
}

/* ---- the good end ---- */
static void then_waited(void **state)
{
	(void)state;
	earn(2);
	gives_early(FD, 1000);
	assert_int_equal(hostdom_take.len, 0);
	assert_int_equal(waited(OTHER, 500), 500);
	assert_true(w->qp.answer & SD_R_SETTLED);
	assert_false(w->qp.answer & SD_R_BROKEN);
	all_taken();
	at_rest();
	assert_int_equal(waited(OTHER, 1), 1);
	assert_false(w->qp.answer & SD_R_SETTLED); /* said once */
}

static void settled(void **state)
{
	(void)state;
	sd_early_settle(&w->qp);
	earn(1);
	gives_early(FD, 1000);
	hostdom_take.credit = 2;
	sd_early_settle(&w->qp);
	all_taken();
	at_rest();
	gives_early(FD, SD_CREDIT_BIG); /* the answer's credit counts */
	sd_early_settle(&w->qp);
	sd_early_settle(&w->qp);
	all_taken();
}

static void stream(void **state)
{
	u32 i, last = 0, changes = 0;

	(void)state;
	earn(2);
	for (i = 0; i < 1000; i++) {
		gives_early(FD, 1 + (i * 37) % SD_CREDIT_SMALL);
		changes += w->qp.early.mark != last;
		last = w->qp.early.mark;
		assert_true(w->qp.early.top <=
			    4 * SD_CREDIT_SMALL); /* alternates between two places */
		if (i % 50 == 49)
			assert_int_equal(waited(OTHER, i % 200), i % 200);
	}
	assert_true(changes > 500);
	sd_early_settle(&w->qp);
	all_taken();
	at_rest();
}

static void stream_of_big_ones(void **state)
{
	u32 i;

	(void)state;
	earn(2);
	for (i = 0; i < 30; i++)
		gives_early(FD, SD_CREDIT_BIG - i);
	sd_early_settle(&w->qp);
	all_taken();
	at_rest();
}

/* Beside an early call's data there is less room; once it is settled, all of it. */
static void no_room_beside(void **state)
{
	struct sd_call c;
	long ret;

	(void)state;
	earn(2);
	gives_early(FD, SD_CREDIT_BIG);
	sd_call_begin(&w->qp, &c, HD_TAKE);
	c.arg[1] = sd_put(&c, w->buf, SD_MAX_DATA);
	c.arg[2] = SD_MAX_DATA;
	sd_call_credit(&c, FD);
	assert_int_equal(sd_call_early(&c, &ret, 1, 2, true), SD_TOO_BIG);
	assert_int_equal(sd_call_end(&c), SD_TOO_BIG);
	sd_early_settle(&w->qp);
	assert_int_equal(waited(FD, SD_MAX_DATA), SD_MAX_DATA);
	all_taken();
	at_rest();
}

static void nested(void **state)
{
	struct sd_call a, b;
	long ret;

	(void)state;
	earn(2);
	gives_early(FD, 300);
	begin_take(&a, FD, 200); /* in flight with another: calls nest */
	assert_int_equal(sd_call_post(&a), SD_OK);
	w->sent += 200;
	begin_take(&b, OTHER, 100);
	w->sent += 100;
	assert_int_equal(sd_call_early(&b, &ret, 1, 2, true),
			 SD_OK); /* not at the arena's beginning: waits */
	assert_int_equal(hostdom_take.calls, 4);
	assert_int_equal(sd_call_end(&b), SD_OK);
	assert_int_equal(sd_call_finish(&a, &ret), SD_OK);
	assert_int_equal(sd_call_end(&a), SD_OK);
	sd_early_settle(&w->qp);
	all_taken();
	at_rest();
}

/* No early call is pending, and there is credit; still a nested call isn't completed early,
 * since the arena below it is in use. */
static void nested_with_credit(void **state)
{
	struct sd_call a, b;
	long ret;

	(void)state;
	earn(2);
	begin_take(&a, OTHER, 200);
	assert_int_equal(sd_call_post(&a), SD_OK);
	w->sent += 200;
	begin_take(&b, FD, 100);
	w->sent += 100;
	assert_int_equal(sd_call_early(&b, &ret, 1, 2, true), SD_OK);
	assert_false(w->qp.early.on);
	assert_int_equal(sd_call_end(&b), SD_OK);
	assert_int_equal(sd_call_finish(&a, &ret), SD_OK);
	assert_int_equal(sd_call_end(&a), SD_OK);
	all_taken();
	at_rest();
}

/* A call in flight holds the slot that is next: its answer, there but not yet taken, isn't written
 * over. */
static void slot_in_use(void **state)
{
	struct sd_call a, c;
	long ret;
	u32 i;

	(void)state;
	sd_call_begin(&w->qp, &a, HD_ECHO);
	a.arg[0] = 12345;
	assert_int_equal(sd_call_post(&a), SD_OK);
	earn(2); /* a SYNC call stays in its slot */
	for (i = 0; i < SD_RING - 1; i++)
		gives_early(FD, 10);
	assert_int_equal(w->qp.slot, a.slot);
	sd_early_settle(&w->qp);
	begin_take(&c, FD, 10);
	assert_int_equal(sd_call_early(&c, &ret, 1, 2, true), SD_REFUSED);
	assert_int_equal(sd_call_end(&c), SD_REFUSED);
	assert_int_equal(sd_call_finish(&a, &ret), SD_OK);
	assert_int_equal(ret, 12345);
	assert_int_equal(sd_call_end(&a), SD_OK);
	all_taken();
	at_rest();
}

static void interrupted(void **state)
{
	struct sd_call c;
	long ret;

	(void)state;
	earn(2);
	sd_qp_interrupt(&w->qp);
	begin_take(&c, FD, 10);
	assert_int_equal(sd_call_early(&c, &ret, 1, 2, true),
			 SD_INTR); /* not begun, not completed early */
	sd_call_end(&c);
	gives_early(FD, 10);
	sd_qp_interrupt(&w->qp);
	sd_early_settle(&w->qp);
	all_taken();
	begin_take(&c, FD, 10);
	assert_int_equal(sd_call_wait(&c, &ret), SD_INTR); /* settling has kept it for this */
	sd_call_end(&c);
	at_rest();
}

static void resumed(void **state)
{
	struct sd_qp l;

	(void)state;
	earn(2);
	gives_early(FD, 10);
	assert_int_equal(sd_qp_resume(&l, w->base, 0, &w->wake_page, w->qp.tr), -EBUSY);
	sd_early_settle(&w->qp);
	assert_int_equal(sd_qp_resume(&l, w->base, 0, &w->wake_page, w->qp.tr), 0);
	assert_int_equal(l.tail, w->qp.tail);
	assert_int_equal(l.slot, w->qp.slot);
	w->qp = l;
	echo_is(4);
}

/* ---- results that are known ---- */
/* A call that returns v, and whose result is known to be 0. */
static enum sd_status known(u64 v, long *ret)
{
	struct sd_call c;

	sd_call_begin(&w->qp, &c, HD_ECHO);
	c.arg[0] = v;
	sd_call_known(&c, ret, 0);
	return sd_call_end(&c);
}

static u32 taken(void)
{
	return w->reg.qp[0].head;
}

static void known_at_once(void **state)
{
	u32 before = taken();
	long ret = -1;

	(void)state;
	assert_int_equal(known(0, &ret), SD_OK);
	assert_int_equal(ret, 0);
	assert_true(w->qp.early.on);
	assert_int_equal(taken(), before);
	echo_is(3);
	assert_false(w->qp.early.on);
	assert_int_equal(taken(), before + 2);
	assert_int_equal(known(0, &ret), SD_OK);
	assert_int_equal(known(0, &ret), SD_OK); /* the first has been answered */
	assert_int_equal(taken(), before + 3);
	sd_early_settle(&w->qp);
	assert_int_equal(taken(), before + 4);
	at_rest();
}

/* Whatever its result, it is made once, and later calls aren't affected. */
static void known_wrongly(void **state)
{
	static const u64 ends[] = {7, (u64)-EIO, (u64)-EINTR, (u64)-EAGAIN};
	long ret;
	u32 i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		u32 before = taken();

		ret = -1;
		assert_int_equal(known(ends[i], &ret), SD_OK);
		assert_int_equal(ret, 0);
		if (i & 1)
			echo_is(5);
		else
			sd_early_settle(&w->qp);
		assert_int_equal(taken(), before + 1 + (i & 1));
		at_rest();
	}
}

static void known_or_waited(void **state)
{
	struct sd_call posted;
	long ret = -1;

	(void)state;
	w->qp.may_early = false;
	assert_int_equal(known(7, &ret), SD_OK);
	assert_int_equal(ret, 7);
	w->qp.may_early = true;
	sd_call_begin(&w->qp, &posted, HD_TAKE); /* its data are in the arena, below this call's */
	posted.arg[1] = sd_put(&posted, w->buf, 100);
	assert_int_equal(known(8, &ret), SD_OK);
	assert_int_equal(ret, 8);
	assert_int_equal(sd_call_end(&posted), SD_OK);
	w->qp.intr = 1;
	assert_int_equal(known(9, &ret), SD_INTR);
	assert_false(w->qp.early.on);
	at_rest();
}

/* Beside data that were completed early; and what they rested on is forgotten. */
static void known_beside(void **state)
{
	struct sd_call c;
	long ret = -1;

	(void)state;
	earn(2);
	gives_early(FD, 1000);
	assert_int_equal(known(0, &ret), SD_OK);
	all_taken();
	assert_true(w->qp.early.on);
	sd_call_begin(&w->qp, &c, HD_ECHO);
	assert_int_equal(sd_room(&c, SD_ARENA_SIZE - SD_OFF_MIN), SD_OFF_MIN);
	assert_int_equal(sd_call_end(&c), SD_OK);
	gives_waited(FD, 1);
	gives_early(FD, 1);
	sd_early_settle(&w->qp);
	all_taken();
	at_rest();
}

/* ---- early calls that fail ---- */
/* The errno that a domain's file would have to keep for its next call. */
static void kept_is(s32 err)
{
	assert_int_equal(hostdom_take.kept, err);
}

static void broken_then_early(void **state)
{
	(void)state;
	earn(2);
	says(1, -ECONNRESET, 0, 0, 0);
	gives_early(FD, 100);
	w->sent = 0; /* the first hasn't come */
	hostdom_take.credit = 0;
	gives_waited(FD, 100); /* credit is gone, so the domain's result is used */
	kept_is(ECONNRESET);
	all_taken();
	at_rest();
}

static void broken_then_waited(void **state)
{
	(void)state;
	earn(2);
	says(1, -ECONNRESET, 0, 0, 0);
	gives_early(FD, 100);
	w->sent = 0;
	assert_int_equal(waited(OTHER, 50), 50);
	assert_true(w->qp.answer & SD_R_BROKEN);
	kept_is(ECONNRESET);
	all_taken();
	at_rest();
	hostdom_take.credit = 2;
	gives_early(OTHER, 50); /* other fds aren't told */
}

static void broken_then_settled(void **state)
{
	(void)state;
	earn(2);
	says(1, -ECONNREFUSED, 0, 0, 0);
	gives_early(FD, 100);
	w->sent = 0;
	sd_early_settle(&w->qp);
	kept_is(ECONNREFUSED);
	at_rest();
	hostdom_take.credit = 0;
	gives_waited(FD, 10); /* credit is gone */
}

static void shortened(void **state)
{
	(void)state;
	earn(2);
	says(4, 30, 1, 900, 60); /* 9 are left after that */
	gives_early(FD, 1000);
	sd_early_settle(&w->qp);
	assert_int_equal(hostdom_take.calls, 1 + 5);
	all_taken();
	kept_is(0);
	at_rest();
	says(4, 0, 400, SD_MAX_DATA, SD_MAX_DATA);
	earn(2);
	gives_early(FD, 1000);
	assert_int_equal(give(FD, 500), 500);
	sd_early_settle(&w->qp);
	all_taken();
	kept_is(0);
	at_rest();
}

/* An answer from before the rest was sent tells nothing about the room after it. */
static void shortened_then_no_credit(void **state)
{
	(void)state;
	earn(2);
	says(1, 400, 0, 0, 0);
	gives_early(FD, 1000);
	assert_int_equal(waited(FD, 0), 0);
	all_taken();
	gives_waited(FD, 10);
	at_rest();
}

/* The rest is sent before any later call. */
static void shortened_then_waited(void **state)
{
	(void)state;
	earn(2);
	says(4, 400, SD_MAX_DATA, SD_MAX_DATA, SD_MAX_DATA);
	gives_early(FD, 1000);
	assert_int_equal(give(FD, SD_CREDIT_BIG + 1),
			 SD_CREDIT_BIG + 1); /* more than the credit: waits */
	sd_early_settle(&w->qp);
	all_taken();
	kept_is(0);
	at_rest();
}

static void not_yet(void **state)
{
	(void)state;
	earn(2);
	says(4, -EAGAIN, -EAGAIN, -EINTR, 10);
	gives_early(FD, 1000);
	sd_early_settle(&w->qp);
	all_taken();
	kept_is(EINTR); /* which a file doesn't keep: sd_file_error() */
	at_rest();
}

static void half_then_error(void **state)
{
	(void)state;
	earn(2);
	says(3, 400, -EAGAIN, -EPIPE, 0);
	gives_early(FD, 1000);
	sd_early_settle(&w->qp);
	kept_is(EPIPE);
	w->sent = 400;
	all_taken();
	at_rest();
}

static void interrupted_rest(void **state)
{
	struct sd_call c;
	long ret;

	(void)state;
	earn(2);
	says(4, 400, 1, 1, 1);
	gives_early(FD, 1000);
	domain_runs(); /* answered: the first to wait is the rest */
	sd_qp_interrupt(&w->qp);
	sd_early_settle(&w->qp);
	all_taken();
	kept_is(0);
	begin_take(&c, FD, 10);
	assert_int_equal(sd_call_wait(&c, &ret), SD_INTR);
	sd_call_end(&c);
	at_rest();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_credit),
		T(levels),
		T(not_allowed),
		T(nothing_to_give),
		T(of_its_fd),
		T(others_forget),
		T(credit_spent),
		T(credit_of_the_later),
		T(then_waited),
		T(settled),
		T(stream),
		T(stream_of_big_ones),
		T(no_room_beside),
		T(nested),
		T(nested_with_credit),
		T(slot_in_use),
		T(interrupted),
		T(resumed),
		T(known_at_once),
		T(known_wrongly),
		T(known_or_waited),
		T(known_beside),
		T(broken_then_early),
		T(broken_then_waited),
		T(broken_then_settled),
		T(shortened),
		T(shortened_then_no_credit),
		T(shortened_then_waited),
		T(not_yet),
		T(half_then_error),
		T(interrupted_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

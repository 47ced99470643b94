// SPDX-License-Identifier: GPL-2.0
/*
 * test_serve.c: the kernel's serving side as clients see it, through a real image ($KSLICE_IMAGE,
 * built with that domain's calls; kind.h has what differs): what each client owns, blocking and
 * cancelling, fork and exec, what is left of clients that are gone, and liars.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include "kind.h"

#define RESTARTSYS 512 /* ERESTARTSYS, never seen by programs */

static long put(struct sd_qp *l, int fd, const char *text)
{
	memcpy(l->mem->arena + BUF, text, strlen(text));
	return call4(l, OP(WRITE), (u64)fd, BUF, strlen(text), 0);
}

static long get(struct sd_qp *l, int fd, char *text, size_t max)
{
	long n = call4(l, OP(READ), (u64)fd, BUF, max, 0);

	if (n > 0)
		memcpy(text, l->mem->arena + BUF, (size_t)n);
	return n;
}

/* What is there to read now. */
static long get_now(struct sd_qp *l, int fd, char *text, size_t max)
{
	assert_int_equal(call4(l, OP(FCNTL), (u64)fd, F_SETFL, O_NONBLOCK, 0), 0);
	return get(l, fd, text, max);
}

static void post_read(struct sd_qp *l, struct sd_call *k, int fd)
{
	sd_call_begin(l, k, OP(READ));
	k->arg[0] = (u64)fd;
	k->arg[1] = sd_room(k, 64);
	k->arg[2] = 64;
	assert_int_equal(sd_call_post(k), SD_OK);
}

static struct sd_ctl_stats stats(void)
{
	struct sd_ctl_stats s;

	domain_stats(&dom, &s);
	return s;
}

/* A read that waits: posted, taken and asleep. */
static bool parked(struct sd_qp *l, struct sd_call *k, int fd)
{
	u64 before = stats().blocked;

	post_read(l, k, fd);
	while (stats().blocked == before && !sd_call_done(k))
		usleep(100);
	return !sd_call_done(k);
}

static void park(struct sd_qp *l, struct sd_call *k, int fd)
{
	assert_true(parked(l, k, fd));
}

static void files_of_ones_own(void **state)
{
	struct dclient a, b;
	struct sd_qp la, lb;
	int fa[2], fb[2];
	char got[16];

	(void)state;
	attach(&a, &la, 0);
	attach(&b, &lb, 0);
	pair(&la, false, fa);
	assert_int_equal(call4(&lb, OP(CLOSE), (u64)fa[0], 0, 0, 0), -EBADF);
	pair(&lb, false, fb);
	assert_int_equal(fa[0], fb[0]); /* the same number, another file */
	assert_int_equal(put(&la, fa[0], "for a"), 5);
	assert_int_equal(put(&lb, fb[0], "b's"), 3);
	assert_int_equal(get(&la, fa[1], got, sizeof(got)), 5);
	assert_int_equal(get(&lb, fb[1], got, sizeof(got)), 3);
	assert_int_equal(domain_detach(&dom, &a), 0);
	assert_int_equal(put(&lb, fb[0], "still"), 5);
	assert_int_equal(domain_detach(&dom, &b), 0);
}

static void forked(void **state)
{
	struct dclient parent, child;
	struct sd_qp lp, lc;
	char got[16] = "";
	int fd[2];

	(void)state;
	attach(&parent, &lp, 0);
	pair(&lp, false, fd);
	attach(&child, &lc, parent.id);
	assert_int_equal(put(&lp, fd[0], "hello"), 5);
	assert_int_equal(get(&lc, fd[1], got, sizeof(got)), 5);
	assert_string_equal(got, "hello");
	assert_int_equal(domain_detach(&dom, &parent), 0);
	assert_int_equal(put(&lc, fd[0], "x"), 1); /* the child's copies keep the files open */
	assert_int_equal(get(&lc, fd[1], got, sizeof(got)), 1);
	assert_int_equal(domain_detach(&dom, &child), 0);
	assert_int_equal(domain_attach(&dom, &child, parent.id, 0), -ESRCH);
}

static void execed(void **state)
{
	struct dclient c;
	struct sd_qp l, other;
	struct sd_call parked;
	int keep[2], gone[2];
	long ret;

	(void)state;
	attach(&c, &l, 0);
	dclient_qp(&dom, &c, &other, 1);
	pair(&l, false, keep);
	pair(&l, true, gone);
	park(&other, &parked, keep[1]);
	assert_int_equal(call4(&l, SD_OP_EXEC, 0, 0, 0, 0), 0);
	assert_int_equal(sd_call_finish(&parked, &ret), SD_OK); /* its thread would be gone */
	assert_true(ret == -RESTARTSYS || ret == -EINTR);
	assert_int_equal(call4(&l, OP(CLOSE), (u64)gone[0], 0, 0, 0), -EBADF);
	assert_int_equal(put(&l, keep[0], "k"), 1);
	assert_int_equal(domain_detach(&dom, &c), 0);
}

static void blocked_and_woken(void **state)
{
	struct dclient c;
	struct sd_qp l[40];
	struct sd_call k[40];
	int fd[40][2];
	long ret;
	u32 i;

	(void)state;
	attach(&c, &l[0], 0);
	for (i = 0; i < 40; i++) {
		dclient_qp(&dom, &c, &l[i], i);
		pair(&l[i], false, fd[i]);
		post_read(&l[i], &k[i], fd[i][1]);
	}
	while (stats().tasks < 40)
		usleep(100);
	for (i = 40; i-- > 0;)
		assert_int_equal(put(&l[(i + 1) % 40], fd[i][0], "woken"), 5);
	for (i = 0; i < 40; i++) {
		assert_int_equal(sd_call_finish(&k[i], &ret), SD_OK);
		assert_int_equal(ret, 5);
		assert_memory_equal(sd_at(&k[i], k[i].arg[1]), "woken", 5);
		sd_call_end(&k[i]);
	}
	assert_int_equal(domain_detach(&dom, &c), 0);
}

static void cancelled(void **state)
{
	struct dclient c;
	struct sd_qp l;
	struct sd_call k;
	int fd[2], i;
	long ret;

	(void)state;
	attach(&c, &l, 0);
	pair(&l, false, fd);
	for (i = 0; i < 200; i++) { /* before it begins, or when it waits */
		if (i % 2)
			park(&l, &k, fd[1]);
		else
			post_read(&l, &k, fd[1]);
		assert_int_equal(sd_call_cancel(&k), SD_OK);
		assert_int_equal(sd_call_finish(&k, &ret), SD_OK);
		assert_int_equal(ret, -RESTARTSYS); /* the client decides */
		sd_call_end(&k);
	}
	assert_int_equal(put(&l, fd[0], "x"), 1); /* nothing of it is left */
	post_read(&l, &k, fd[1]);
	assert_int_equal(sd_call_finish(&k, &ret), SD_OK);
	assert_int_equal(ret, 1);
	assert_int_equal(sd_call_cancel(&k), SD_OK); /* too late is no error */
	sd_call_end(&k);
	assert_int_equal(domain_detach(&dom, &c), 0);
}

#define CALLS_MAX 1536 /* more than a third of what there is, see serve_fair.c */

/* An empty write: tried again while the domain has no task to spare. */
static enum sd_status write_soon(struct sd_qp *l, int fd)
{
	struct sd_call c;
	long ret;
	u32 i;

	for (i = 0; i < 1000; i++) {
		sd_call_begin(l, &c, OP(WRITE));
		c.arg[0] = (u64)fd;
		sd_call_wait(&c, &ret);
		if (sd_call_end(&c) != SD_REFUSED)
			break;
		usleep(1000);
	}
	return c.status;
}

/* One client's calls in progress have an end, and nobody else feels it. */
static void many_in_progress(void **state)
{
	static struct sd_qp l[CALLS_MAX / SD_RING + 1];
	static struct sd_call k[CALLS_MAX], kb;
	struct sd_qp *last = &l[CALLS_MAX / SD_RING], lb;
	struct dclient a, b;
	int fd[2];
	long ret;
	u32 i;

	(void)state;
	attach(&a, last, 0);
	attach(&b, &lb, 0);
	pair(last, false, fd);
	for (i = 0; i < CALLS_MAX; i++) {
		if (i % SD_RING == 0)
			dclient_qp(&dom, &a, &l[i / SD_RING], 1 + i / SD_RING);
		if (!parked(&l[i / SD_RING], &k[i], fd[1]))
			break;
	}
	assert_true(i >= SD_QPS && i < CALLS_MAX);
	assert_int_equal(sd_call_finish(&k[i], &ret), SD_REFUSED);
	assert_int_equal(write_soon(last, 1000), SD_OK); /* it needn't wait */
	assert_int_equal(write_soon(&lb, 1000), SD_OK);
	pair(&lb, false, fd);
	park(&lb, &kb, fd[1]);
	assert_int_equal(domain_detach(&dom, &a), 0);
	assert_int_equal(domain_detach(&dom, &b), 0);
}

static void notify_arrives(void **state)
{
	struct pollfd p = {.events = POLLIN};
	struct dclient c;
	struct sd_qp l;
	struct sd_call k;
	int fd[2];
	long ret;

	(void)state;
	attach(&c, &l, 0);
	pair(&l, false, fd);
	p.fd = c.notify_fd;
	sd_call_begin(&l, &k, OP(READ));
	k.flags = SD_F_NOTIFY;
	k.arg[0] = (u64)fd[1];
	k.arg[1] = sd_room(&k, 64);
	k.arg[2] = 64;
	assert_int_equal(sd_call_post(&k), SD_OK);
	assert_int_equal(poll(&p, 1, 50), 0);
	assert_int_equal(put(&l, fd[0], "ding"), 4);
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_true(sd_call_done(&k));
	assert_int_equal(sd_call_finish(&k, &ret), SD_OK);
	assert_int_equal(ret, 4);
	sd_call_end(&k);
	assert_int_equal(domain_detach(&dom, &c), 0);
}

/* A writer's end is gone with the last client that has it. */
static void ends_are_gone(void **state)
{
	struct dclient a, b;
	struct sd_qp la, lb;
	char got[4];
	int fd[2];

	(void)state;
	attach(&a, &la, 0);
	pair(&la, false, fd);
	attach(&b, &lb, a.id);
	assert_int_equal(call4(&lb, OP(CLOSE), (u64)fd[0], 0, 0, 0), 0);
	assert_int_equal(put(&la, fd[0], "x"), 1);
	assert_int_equal(domain_detach(&dom, &a), 0);
	assert_int_equal(get(&lb, fd[1], got, sizeof(got)), 1);
	assert_int_equal(get(&lb, fd[1], got, sizeof(got)), 0);
	assert_int_equal(domain_detach(&dom, &b), 0);
}

static void broken_pipe(void **state)
{
	struct dclient c;
	struct sd_qp l;
	int fd[2];

	(void)state;
	attach(&c, &l, 0);
	pair(&l, false, fd);
	no_reader(&l, fd);
	assert_int_equal(put(&l, fd[0], "x"), -EPIPE);
	assert_int_equal(put(&l, fd[0], "x"), -EPIPE); /* no signal waits for anybody */
	pair(&l, false, fd);
	assert_int_equal(put(&l, fd[0], "x"), 1);
	assert_int_equal(domain_detach(&dom, &c), 0);
}

static void wakes_from_sleep(void **state)
{
	struct sd_ctl_stats before = stats();
	struct dclient c;
	struct sd_qp l;
	int i;

	(void)state;
	attach(&c, &l, 0);
	for (i = 0; i < 20; i++) {
		usleep(3000);
		assert_int_equal(call4(&l, SD_OP_NULL, (u64)i, 0, 0, 0), i);
	}
	assert_true(stats().sleeps > before.sleeps);
	assert_int_equal(domain_detach(&dom, &c), 0);
}

/* As sd_call_early() does, but nobody rings: the domain sleeps until the client is detached. */
static void early(struct sd_qp *l, int fd, u64 off, const char *text)
{
	struct sd_entry_ref t;

	while (!sd_load_acquire(&dom.wake_page->sleeping))
		usleep(100);
	memcpy(l->mem->arena + BUF, text, strlen(text));
	l->mem->sq[l->slot].ret = (s64)strlen(text);
	assert_int_equal(
		sd_submit(l, OP(WRITE), SD_F_EARLY, (u64[6]){(u64)fd, off, strlen(text)}, &t),
		SD_OK);
}

/* Calls of a client that completed early, on any of its queue pairs, are done though it is gone. */
static void finishes_early_calls(void **state)
{
	static const u32 qps[] = {0, 1, 77, SD_QPS - 1};
	struct sd_qp la, lb, other, *l;
	struct dclient a, b;
	char got[64];
	int fd[2];
	u32 i;

	(void)state;
	for (i = 0; i < sizeof(qps) / sizeof(*qps); i++) {
		attach(&a, &la, 0);
		pair(&la, false, fd);
		attach(&b, &lb, a.id);
		dclient_qp(&dom, &a, &other, qps[i]);
		l = qps[i] ? &other : &la;
		assert_int_equal(put(l, fd[0], "said, "), 6);
		early(l, fd[0], BUF, "promised");
		assert_int_equal(domain_detach(&dom, &a), 0);
		assert_int_equal(get_now(&lb, fd[1], got, sizeof(got)), 14);
		assert_memory_equal(got, "said, promised", 14);
		assert_int_equal(domain_detach(&dom, &b), 0);
	}
}

/* How many calls are served of a client that ends after a lie, and a good early call after it on
 * another queue pair. */
static u64 calls_of_a_liar(void)
{
	struct sd_qp la, lb;
	struct dclient c;
	u64 before;
	int fd[2];

	attach(&c, &la, 0);
	dclient_qp(&dom, &c, &lb, 1);
	pair(&la, false, fd);
	assert_int_equal(put(&lb, fd[0], "x"), 1);
	before = stats().calls;
	early(&la, fd[0], SD_ARENA_SIZE, "lie");
	early(&lb, fd[0], BUF, "promised");
	assert_int_equal(domain_detach(&dom, &c), 0);
	return stats().calls - before;
}

/* One that lies in its last call has ended with it: the rest isn't done with what no longer is its.
 * A domain that looks round just then, on its way to sleep or for a timer, may take the good call
 * first: each queue pair is on its own. That is rare. */
static void keeps_nothing_of_liars(void **state)
{
	int tries = 10;

	(void)state;
	while (calls_of_a_liar() != 1)
		assert_true(--tries);
}

static void liar(struct dclient *c, struct sd_qp *l, u16 op, u64 off)
{
	struct sd_entry_ref t;
	long ret;

	attach(c, l, 0);
	sd_submit(l, op, 0, (u64[6]){0, off, 64}, &t);
	l->tr->kick(l);
	assert_int_equal(domain_wait_ended(&dom, c->id), -EPROTO);
	assert_int_equal(sd_wait(l, t, &ret), SD_PROTO);
	assert_int_equal(domain_detach(&dom, c), 0);
}

static void liars_end(void **state)
{
	struct dclient honest, c;
	struct sd_qp lh, l;
	int fd[2];

	(void)state;
	attach(&honest, &lh, 0);
	pair(&lh, false, fd);
	liar(&c, &l, 0xffff, 0);
	liar(&c, &l, OP(READ), SD_ARENA_SIZE - 8);
	assert_int_equal(put(&lh, fd[0], "fine"), 4);
	assert_int_equal(domain_detach(&dom, &honest), 0);
}

/* Clients that vanish with a call parked and files open. */
static void vanish(int n)
{
	struct dclient c;
	struct sd_qp l;
	struct sd_call k;
	int fd[2];

	while (n--) {
		attach(&c, &l, 0);
		pair(&l, false, fd);
		pair(&l, true, fd);
		post_read(&l, &k, fd[1]);
		assert_int_equal(domain_detach(&dom, &c), 0);
	}
}

static void nothing_leaks(void **state)
{
	struct sd_ctl_stats before, after;

	(void)state;
	vanish(1000); /* caches fill */
	before = stats();
	vanish(9000);
	after = stats();
	assert_int_equal(after.clients, before.clients);
	assert_true(after.tasks <= before.tasks + 4);
	assert_true(after.mem_free + (512 << 10) > before.mem_free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_ones_own),
		cmocka_unit_test(forked),
		cmocka_unit_test(execed),
		cmocka_unit_test(blocked_and_woken),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(many_in_progress),
		cmocka_unit_test(notify_arrives),
		cmocka_unit_test(credentials),
		cmocka_unit_test(free_again),
		cmocka_unit_test(ends_are_gone),
		cmocka_unit_test(broken_pipe),
		cmocka_unit_test(wakes_from_sleep),
		cmocka_unit_test(finishes_early_calls),
		cmocka_unit_test(keeps_nothing_of_liars),
		cmocka_unit_test(liars_end),
		cmocka_unit_test(nothing_leaks),
	};

	return cmocka_run_group_tests(tests, dom_start, dom_stop);
}

// SPDX-License-Identifier: GPL-2.0
/* test_ticket.c: open files that go from one client to another (sd/ticket.h), and who tries to get
 * at them otherwise. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sd/ticket.h>
#include "kind.h"

static long put(struct sd_qp *l, int fd, const char *text)
{
	memcpy(l->mem->arena + BUF, text, strlen(text));
	return call4(l, OP(WRITE), (u64)fd, BUF, strlen(text), 0);
}

static void give(struct sd_qp *l, int fd, u64 key[2])
{
	long ret = -1;

	assert_int_equal(sd_ticket_make(l, &ret, (u32)fd, key), SD_OK);
	assert_int_equal(ret, 0);
}

static long show(struct sd_qp *l, const u64 key[2], u32 flags)
{
	long ret = -1;

	assert_int_equal(sd_ticket_redeem(l, &ret, key, flags), SD_OK);
	return ret;
}

static long shut(struct sd_qp *l, int fd)
{
	long ret = -1;

	assert_int_equal(sd_ticket_close(l, &ret, (u32)fd), SD_OK);
	return ret;
}

struct two { /* clients, the first with two connected ends */
	struct dclient a, b;
	struct sd_qp la, lb;
	int fd[2];
};

static void begin(struct two *t)
{
	attach(&t->a, &t->la, 0);
	attach(&t->b, &t->lb, 0);
	pair(&t->la, false, t->fd);
}

static void end(struct two *t)
{
	assert_int_equal(domain_detach(&dom, &t->a), 0);
	assert_int_equal(domain_detach(&dom, &t->b), 0);
}

static void handed_over(void **state)
{
	struct two t;
	u64 key[2];
	long fd;

	(void)state;
	begin(&t);
	give(&t.la, t.fd[0], key);
	fd = show(&t.lb, key, 0);
	assert_true(fd >= 0);
	assert_int_equal(shut(&t.la, t.fd[0]), 0);
	assert_int_equal(put(&t.lb, (int)fd, "new"), 3);
	assert_int_equal(call4(&t.la, OP(READ), (u64)t.fd[1], BUF, 16, 0), 3);
	assert_memory_equal(t.la.mem->arena + BUF, "new", 3);
	assert_int_equal(shut(&t.lb, (int)fd), 0);
	assert_int_equal(shut(&t.lb, (int)fd), -EBADF);
	end(&t);
}

static void once_only(void **state)
{
	struct two t;
	u64 key[2];

	(void)state;
	begin(&t);
	give(&t.la, t.fd[0], key);
	assert_true(show(&t.lb, key, SD_REDEEM_KEEP) >= 0);
	assert_true(show(&t.la, key, SD_REDEEM_KEEP) >= 0);
	assert_int_equal(show(&t.lb, key, SD_REDEEM_KEEP << 1), -EINVAL);
	assert_true(show(&t.lb, key, 0) >= 0);
	assert_int_equal(show(&t.lb, key, 0), -ENOENT);
	assert_int_equal(show(&t.la, key, SD_REDEEM_KEEP), -ENOENT);
	end(&t);
}

/* Next to a right one, and anywhere. */
static void guessed(void **state)
{
	struct two t;
	u64 key[2], other[2];
	int i;

	(void)state;
	begin(&t);
	give(&t.la, t.fd[0], key);
	for (i = 0; i < 128; i++) {
		memcpy(other, key, sizeof(other));
		other[i / 64] ^= 1ull << i % 64;
		assert_int_equal(show(&t.lb, other, 0), -ENOENT);
	}
	for (i = 0; i < 2000; i++) {
		other[0] = (u64)random() << 32 ^ (u64)random();
		other[1] = (u64)random() << 32 ^ (u64)random();
		assert_int_equal(show(&t.lb, other, 0), -ENOENT);
	}
	assert_int_equal(show(&t.lb, (u64[2]){0, 0}, 0), -ENOENT);
	assert_true(show(&t.lb, key, 0) >= 0);
	give(&t.la, t.fd[0], other);
	assert_true(memcmp(key, other, sizeof(key)));
	end(&t);
}

static void giver_gone(void **state)
{
	u64 lost[2], held[2], dropped[2];
	struct two t;
	long fd;

	(void)state;
	begin(&t);
	give(&t.la, t.fd[0], lost);
	give(&t.la, t.fd[0], held);
	give(&t.la, t.fd[0], dropped);
	assert_int_equal(domain_ticket(&dom, held, true), 0);
	assert_int_equal(domain_ticket(&dom, dropped, true), 0);
	assert_int_equal(domain_detach(&dom, &t.a), 0);
	assert_int_equal(show(&t.lb, lost, 0), -ENOENT);
	assert_int_equal(domain_ticket(&dom, lost, true), -ENOENT);
	assert_int_equal(domain_ticket(&dom, dropped, false), 0);
	assert_int_equal(domain_ticket(&dom, dropped, false),
			 0); /* it may have been redeemed: no error */
	assert_int_equal(show(&t.lb, dropped, 0), -ENOENT);
	fd = show(&t.lb, held, 0);
	assert_true(fd >= 0);
	assert_int_equal(shut(&t.lb, (int)fd), 0);
	assert_int_equal(domain_detach(&dom, &t.b), 0);
}

static void flood(void **state)
{
	u64 key[2], last[2];
	struct two t;
	long ret = 0;
	u32 n;

	(void)state;
	begin(&t);
	give(&t.la, t.fd[0], key);
	for (n = 1; !ret && n <= SD_TICKETS; n++)
		assert_int_equal(sd_ticket_make(&t.la, &ret, (u32)t.fd[0], last), SD_OK);
	assert_int_equal(ret, -ETOOMANYREFS);
	assert_int_equal(n, SD_TICKETS + 1);
	assert_true(show(&t.lb, key, 0) >= 0); /* one place is free again */
	give(&t.la, t.fd[0], key);
	pair(&t.lb, false, t.fd); /* it is that client's affair only */
	give(&t.lb, t.fd[0], key);
	end(&t);
	begin(&t);
	give(&t.la, t.fd[0], key);
	end(&t);
}

/* Another user's client gets its own. */
static void another_user(const u64 key[2])
{
	struct dclient c;
	struct sd_qp l;
	u64 own[2];
	long fd;

	assert_int_equal(domain_attach(&dom, &c, 0, 1000), 0);
	dclient_qp(&dom, &c, &l, 0);
	fd = show(&l, key, SD_REDEEM_KEEP);
	assert_true(fd >= 0);
	give(&l, (int)fd, own);
	assert_int_equal(domain_detach(&dom, &c), 0);
}

/* Held tickets of clients that come and go: a user's limit. */
static void held_flood(void **state)
{
	static u64 key[SD_TICKETS_ALL + 1][2];
	u32 n = 0, i;
	long ret = 0;

	(void)state;
	while (!ret) {
		struct two t;

		begin(&t);
		for (i = 0; !ret && i < SD_TICKETS; i++) {
			assert_int_equal(sd_ticket_make(&t.la, &ret, (u32)t.fd[0], key[n]), SD_OK);
			if (!ret)
				assert_int_equal(domain_ticket(&dom, key[n++], true), 0);
		}
		end(&t);
	}
	assert_int_equal(ret, -ETOOMANYREFS);
	assert_true(n >= SD_TICKETS_ALL / 3 && n <= SD_TICKETS_ALL / 2);
	another_user(key[0]);
	while (n)
		assert_int_equal(domain_ticket(&dom, key[--n], false), 0);
	giver_gone(NULL);
}

static void bad_arguments(void **state)
{
	struct two t;
	u64 key[2];
	long ret = 0;

	(void)state;
	begin(&t);
	assert_int_equal(sd_ticket_make(&t.la, &ret, 777, key), SD_OK);
	assert_int_equal(ret, -EBADF);
	assert_int_equal(call4(&t.la, SD_OP_TICKET, (u64)t.fd[0], SD_OFF_NULL, 0, 0), -EFAULT);
	assert_int_equal(call4(&t.la, SD_OP_TICKET, (u64)t.fd[0], SD_OFF_FAULT, 0, 0), -EFAULT);
	assert_int_equal(shut(&t.la, -1), -EBADF);
	end(&t);
}

/* A place outside the arena is a lie, which ends the channel. */
static void liar(void **state)
{
	struct sd_call k;
	struct two t;
	long ret;

	(void)state;
	begin(&t);
	sd_call_begin(&t.la, &k, SD_OP_TICKET);
	k.arg[0] = (u64)t.fd[0];
	k.arg[1] = SD_ARENA_SIZE - 8;
	assert_int_equal(sd_call_wait(&k, &ret), SD_PROTO);
	assert_int_equal(domain_wait_ended(&dom, t.a.id), -EPROTO);
	end(&t);
}

static void other_start(void **state)
{
	struct two t;
	u64 key[2];

	begin(&t);
	give(&t.la, t.fd[0], key);
	assert_int_equal(domain_ticket(&dom, key, true), 0);
	end(&t);
	dom_stop(state);
	dom_start(state);
	begin(&t);
	assert_int_equal(show(&t.lb, key, 0), -ENOENT);
	end(&t);
}

/* A client that is a domain: what it was given, and the calls its spec names. */
static void peers(void **state)
{
	struct dclient p;
	struct sd_qp lp;
	struct two t;
	u64 key[2];
	long fd, ret;

	(void)state;
	begin(&t);
	assert_int_equal(domain_attach_peer(&dom, &p, 0, 0, "write,no_such_call"), -EOPNOTSUPP);
	assert_int_equal(domain_attach_peer(&dom, &p, 0, 0, "fcntl,write"), 0);
	dclient_qp(&dom, &p, &lp, 0);
	give(&t.la, t.fd[0], key);
	fd = show(&lp, key, 0);
	assert_true(fd >= 0);
	assert_int_equal(put(&lp, (int)fd, "peer"), 4);
	assert_int_equal(call4(&lp, OP(READ), (u64)fd, BUF, 16, 0), -EPERM);
	assert_int_equal(call4(&lp, SD_OP_EXEC, 0, 0, 0, 0), -EPERM);
	assert_int_equal(sd_ticket_make(&lp, &ret, (u32)fd, key), SD_OK);
	assert_int_equal(ret, -EPERM);
	assert_int_equal(sd_ticket_remote(&lp, &ret, key, "x"), SD_OK);
	assert_int_equal(ret, -EPERM);
	assert_int_equal(shut(&lp, (int)fd), 0);
	assert_int_equal(domain_detach(&dom, &p), 0);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handed_over),	 cmocka_unit_test(once_only),
		cmocka_unit_test(guessed),	 cmocka_unit_test(giver_gone),
		cmocka_unit_test(flood),	 cmocka_unit_test(held_flood),
		cmocka_unit_test(bad_arguments), cmocka_unit_test(liar),
		cmocka_unit_test(peers),	 cmocka_unit_test(other_start),
	};

	return cmocka_run_group_tests(tests, dom_start, dom_stop);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * test_remote.c: a domain calls another one that lies about how much it read or wrote: the call
 * ends in EPROTO, the link with it, and nothing else: neither this domain nor its client.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sd/ticket.h>
#include "kind.h"
#include "peer.h"
#include "../../generated/net/stubs_abi.h"

#define SIZE 131072u

static const struct peer_says lies[] = {
	{true, 1},
	{true, 4096},
	{true, 1 << 20},
	{false, 1 << 30},
	{false, 0x80000000ll},
	{false, 0x7fffffffffffffffll},
	{false, -4096},
	{false, -0x7fffffffffffffffll - 1},
};

#define LIES (sizeof(lies) / sizeof(lies[0]))

struct scene {
	struct dclient c;
	struct sd_qp l;
	long file, remote;
};

static void begin(struct scene *s)
{
	const u64 key[2] = {1, 2};

	attach(&s->c, &s->l, 0);
	snprintf((char *)s->l.mem->arena + BUF, 64, "%s/sent", PREFIX);
	s->file = call4(&s->l, OP(OPEN), BUF, O_RDWR | O_CREAT, 0600, 0);
	assert_true(s->file >= 0);
	memset(s->l.mem->arena + BUF, 0x5a, SIZE);
	assert_int_equal(call4(&s->l, OP(PWRITE64), (u64)s->file, BUF, SIZE, 0), SIZE);
	assert_int_equal(sd_ticket_remote(&s->l, &s->remote, key, "net"), SD_OK);
	assert_true(s->remote >= 0);
}

/* The client is as it was. */
static void end(struct scene *s)
{
	assert_int_equal(call4(&s->l, OP(PREAD64), (u64)s->file, BUF, SIZE, 0), SIZE);
	assert_int_equal(call4(&s->l, OP(CLOSE), (u64)s->remote, 0, 0, 0), 0);
	assert_int_equal(domain_detach(&dom, &s->c), 0);
}

static long sent(struct scene *s)
{
	return call4(&s->l, OP(SENDFILE), (u64)s->remote, (u64)s->file, 0, SIZE);
}

static void honest(void **state)
{
	struct scene s;

	(void)state;
	peer_lie((struct peer_says){true, 0});
	begin(&s);
	assert_int_equal(call4(&s.l, OP(LSEEK), (u64)s.file, 0, SEEK_SET, 0), 0);
	assert_int_equal(sent(&s), SIZE);
	assert_int_equal(call4(&s.l, OP(READ), (u64)s.remote, BUF, 4096, 0), 4096);
	peer_lie((struct peer_says){false, -EPIPE});
	assert_int_equal(call4(&s.l, OP(WRITE), (u64)s.remote, BUF, 4096, 0), -EPIPE);
	end(&s);
}

static void every_lie(long (*call)(struct scene *s))
{
	struct scene s;

	for (size_t i = 0; i < LIES; i++) {
		u32 before = peer_attached();

		peer_lie(lies[i]);
		begin(&s);
		assert_int_equal(call4(&s.l, OP(LSEEK), (u64)s.file, 0, SEEK_SET, 0), 0);
		assert_int_equal(call(&s), -EPROTO);
		assert_int_equal(call(&s),
				 -EREMOTEIO); /* that link is over; the next open makes another */
		end(&s);
		assert_true(peer_attached() <= before + 1);
	}
}

static void lies_of_sendfile(void **state)
{
	(void)state;
	every_lie(sent);
}

static long written(struct scene *s)
{
	return call4(&s->l, OP(WRITE), (u64)s->remote, BUF, 5000, 0);
}

static void lies_of_write(void **state)
{
	(void)state;
	every_lie(written);
}

/* Nothing behind the buffer is written. */
static long got(struct scene *s)
{
	u8 *behind = s->l.mem->arena + BUF + 5000;
	long ret;

	memset(behind, 0x33, 4096);
	ret = call4(&s->l, OP(READ), (u64)s->remote, BUF, 5000, 0);
	for (int i = 0; i < 4096; i++)
		assert_int_equal(behind[i], 0x33);
	return ret;
}

static void lies_of_read(void **state)
{
	(void)state;
	every_lie(got);
}

static int start(void **state)
{
	setenv("KSLICE_PEERS", "1", 1);
	dom_start(state);
	peer_start(&dom, SD_STUBS_ABI);
	return 0;
}

static int stop(void **state)
{
	peer_stop();
	return dom_stop(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest),
		cmocka_unit_test(lies_of_sendfile),
		cmocka_unit_test(lies_of_write),
		cmocka_unit_test(lies_of_read),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * test_limits.c: what a client that isn't ours describes to a server stub: more elements than Linux
 * takes, and one vector named from many headers, which would be copied for each. Linux' own
 * refusal, or the end of that channel: the domain, which has 64 MB, goes on.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include "kind.h"

#define VEC	BUF	      /* where the vector lies */
#define HEADERS (BUF + 4096u) /* ... and the headers */

struct w_msg { /* struct mmsghdr as it lies in an arena */
	u64 name;
	u32 namelen, pad;
	u64 iov, iovlen, control, controllen;
	u32 flags, pad2, len, pad3;
};

static struct dclient bystander;
static struct sd_qp honest;

/* n headers of one vector, of which each entry is empty. */
static void describe(struct sd_qp *l, u64 n, u64 iovlen)
{
	struct w_msg *m = (void *)(l->mem->arena + HEADERS);

	memset(l->mem->arena + BUF, 0, SD_ARENA_SIZE - BUF);
	for (u64 i = 0; i < iovlen && i < 250; i++)
		((u64 *)(l->mem->arena + VEC))[2 * i] = VEC;
	for (u64 i = 0; i < n; i++)
		m[i] = (struct w_msg){.iov = VEC, .iovlen = iovlen};
}

/* The status of one call of a client of its own; *ret as usual. */
static enum sd_status once(u16 op, u64 n, u64 iovlen, u64 where, u64 count, long *ret)
{
	struct dclient c;
	struct sd_qp l;
	struct sd_call k;
	enum sd_status st;
	long fd;

	attach(&c, &l, 0);
	fd = call4(&l, OP(SOCKET), AF_INET, SOCK_DGRAM, 0, 0);
	assert_true(fd >= 0);
	describe(&l, n, iovlen);
	sd_call_begin(&l, &k, op);
	k.arg[0] = (u64)fd;
	k.arg[1] = where;
	k.arg[2] = count;
	k.arg[3] = op == OP(READV) ? 0 : MSG_DONTWAIT;
	*ret = 0;
	st = sd_call_wait(&k, ret);
	sd_call_end(&k);
	assert_int_equal(domain_detach(&dom, &c), 0);
	return st;
}

static void still_there(void)
{
	assert_int_equal(call4(&honest, SD_OP_NULL, 42, 0, 0, 0), 42);
}

/* 4 MB of copies, of 4000 bytes that lie in the arena; 250 MB before headers were cut to what Linux
 * takes. */
static void one_vector_many_headers(void **state)
{
	const u16 ops[] = {OP(SENDMMSG), OP(RECVMMSG)};
	long ret;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(once(ops[i], 16000, 250, HEADERS, 16000, &ret), SD_PROTO);
		assert_int_equal(once(ops[i], 1000, 250, HEADERS, 1000, &ret), SD_PROTO);
		still_there();
	}
}

static void more_than_linux_takes(void **state)
{
	long ret;

	(void)state;
	assert_int_equal(once(OP(SENDMMSG), 3, 60000, HEADERS, 3, &ret), SD_OK);
	assert_int_equal(ret, -EMSGSIZE);
	assert_int_equal(once(OP(RECVMMSG), 3, 60000, HEADERS, 3, &ret), SD_OK);
	assert_int_equal(ret, -EMSGSIZE);
	assert_int_equal(once(OP(SENDMSG), 1, 1025, HEADERS, MSG_DONTWAIT, &ret), SD_OK);
	assert_int_equal(ret, -EMSGSIZE);
	assert_int_equal(once(OP(READV), 0, 0, VEC, 1025, &ret), SD_OK);
	assert_int_equal(ret, -EINVAL);
	assert_int_equal(once(OP(WRITEV), 0, 0, VEC, ~0ull, &ret), SD_OK);
	assert_int_equal(ret, -EINVAL);
	still_there();
}

/* What an honest client may describe still goes: as many headers as Linux takes, each with a
 * vector. */
static void as_much_as_is_right(void **state)
{
	long ret;

	(void)state;
	assert_int_equal(once(OP(RECVMMSG), 1024, 60, HEADERS, 1024, &ret), SD_OK);
	assert_int_equal(ret, -EAGAIN);
	assert_int_equal(once(OP(RECVMSG), 1, 1024, HEADERS, MSG_DONTWAIT, &ret), SD_OK);
	assert_int_equal(ret, -EAGAIN);
	still_there();
}

/* Each call describes no more than it may, and waits; together that would be twice the domain's
 * RAM. Others have room all the same. */
static void a_client_of_many_qps(void **state)
{
	static struct sd_qp l[SD_QPS];
	static struct sd_call k[SD_QPS];
	u32 refused = 0;
	struct dclient c;
	long fd, ret;

	attach(&c, &l[0], 0);
	fd = call4(&l[0], OP(SOCKET), AF_INET, SOCK_DGRAM, 0, 0);
	for (u32 i = 0; i < SD_QPS; i++) {
		if (i)
			dclient_qp(&dom, &c, &l[i], i);
		describe(&l[i], 1024, 60);
		sd_call_begin(&l[i], &k[i], OP(RECVMMSG));
		k[i].arg[0] = (u64)fd;
		k[i].arg[1] = HEADERS;
		k[i].arg[2] = 1024;
		assert_int_equal(sd_call_post(&k[i]), SD_OK);
	}
	while (!refused)
		for (u32 i = 0; i < SD_QPS; i++)
			if (sd_call_done(&k[i]) && sd_call_finish(&k[i], &ret) == SD_OK)
				refused += ret == -ENOMEM;
	as_much_as_is_right(state);
	assert_int_equal(domain_detach(&dom, &c), 0);
}

static int start(void **state)
{
	dom_start(state);
	attach(&bystander, &honest, 0);
	return 0;
}

static int stop(void **state)
{
	domain_detach(&dom, &bystander);
	return dom_stop(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_than_linux_takes),
		cmocka_unit_test(as_much_as_is_right),
		cmocka_unit_test(one_vector_many_headers),
		cmocka_unit_test(a_client_of_many_qps),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * test_answers.c: answers with too large a length beside the result: in structs, in records, in
 * strings. The generated stubs of net and block return SD_PROTO; valid answers pass. (The results
 * themselves: tests/stubs/fuzz.c, for every call.)
 */
#define _GNU_SOURCE
#include <net/if.h>
#include <sd/qp.h>
#include <sd/ticket.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <cmocka.h>

#define STUB(name) enum sd_status sd_##name(struct sd_qp *qp, long *ret, const u64 a[6])
STUB(net_stub_recvmsg);
STUB(net_stub_recvmmsg);
STUB(net_stub_sendmmsg);
STUB(net_stub_getsockname);
STUB(net_stub_getsockopt);
STUB(net_stub_ioctl);
STUB(block_stub_getdents64);
STUB(block_stub_getcwd);
STUB(block_stub_listxattr);

struct w_msg { /* struct mmsghdr on the wire */
	u64 name;
	u32 namelen, pad;
	u64 iov, iovlen, control, controllen;
	u32 flags, pad2, len, pad3;
};

static u8 *region;
static struct sd_qp qp;
static struct sd_wake_page wake_page;
static void (*domain)(u8 *arena, struct sd_entry *e);
static const char path[4096] __attribute__((aligned(4096))) =
	"/sd";	/* read by more than it holds */
static s64 lie; /* what the test's domain makes of it */

static u32 wait_for(struct sd_qp *l, const u32 *word, u32 pending, u32 want)
{
	struct sd_entry *e = (struct sd_entry *)(uintptr_t)word;

	(void)want;
	e->ret = 0;
	e->flags = 0;
	domain(l->mem->arena, e);
	sd_store_release(&e->seq, pending + 1);
	return SD_OK;
}

static void nothing(struct sd_qp *l)
{
	(void)l;
}

static const struct sd_client_side transport = {.kick = nothing, .hint = nothing, .wait = wait_for};

static enum sd_status call(sd_stub_fn stub, void (*answer)(u8 *arena, struct sd_entry *e), s64 what,
			   const u64 a[6], long *ret)
{
	memset(region, 0, SD_HEAD_SIZE + SD_QP_SIZE);
	sd_qp_init(&qp, region, 0, &wake_page, &transport);
	domain = answer;
	lie = what;
	return stub(&qp, ret, a);
}

static void expect(sd_stub_fn stub, void (*answer)(u8 *arena, struct sd_entry *e), s64 what,
		   const u64 a[6], enum sd_status st)
{
	long ret = 0;

	if (call(stub, answer, what, a, &ret) != st)
		fail_msg("what=%lld: status %d, not %d", (long long)what, (int)qp.status, (int)st);
	if (st == SD_OK)
		assert_true(ret >= 0);
}

/* ---- records ---- */
static void put_record(u8 *at, u16 len, const char *name)
{
	memcpy(at + 16, &len, 2);
	strcpy((char *)at + 19, name);
}

/* Two entries of 24 and 32 bytes; lie: the length in the second one. */
static void entries(u8 *arena, struct sd_entry *e)
{
	u8 *at = arena + e->arg[1];

	put_record(at, 24, "abc");
	put_record(at + 24, (u16)lie, "defghijkl");
	e->ret = 56;
}

static void endless_name(u8 *arena, struct sd_entry *e)
{
	entries(arena, e);
	memset(arena + e->arg[1] + 24 + 19, 'x', 13);
}

static void rest_is_none(u8 *arena, struct sd_entry *e)
{
	entries(arena, e);
	e->ret = 55;
}

static void directory_entries(void **state)
{
	static const u16 lies[] = {0, 1, 8, 23, 33, 40, 512, 65535};
	u8 buf[128];
	const u64 a[6] = {3, (u64)(uintptr_t)buf, sizeof(buf)};

	(void)state;
	expect(sd_block_stub_getdents64, entries, 32, a, SD_OK);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		expect(sd_block_stub_getdents64, entries, lies[i], a, SD_PROTO);
	expect(sd_block_stub_getdents64, endless_name, 32, a, SD_PROTO);
	expect(sd_block_stub_getdents64, rest_is_none, 32, a, SD_PROTO);
}

/* ---- strings ---- */
static void text(u8 *arena, struct sd_entry *e)
{
	memcpy(arena + e->arg[0], "/sd/dir\0none", 12);
	e->ret = lie;
}

static void names(u8 *arena, struct sd_entry *e)
{
	memcpy(arena + e->arg[1], "user.a\0user.b", 14);
	e->ret = lie;
}

static void just_says(u8 *arena, struct sd_entry *e)
{
	(void)arena;
	e->ret = lie;
}

static void strings(void **state)
{
	char buf[64];
	const u64 cwd[6] = {(u64)(uintptr_t)buf, sizeof(buf)};
	const u64 list[6] = {(u64)(uintptr_t)path, (u64)(uintptr_t)buf, sizeof(buf)},
		  ask[6] = {(u64)(uintptr_t)path};

	(void)state;
	expect(sd_block_stub_getcwd, text, 8, cwd, SD_OK);
	expect(sd_block_stub_getcwd, text, 7, cwd, SD_PROTO);
	expect(sd_block_stub_getcwd, text, 65, cwd, SD_PROTO);
	expect(sd_block_stub_listxattr, names, 14, list, SD_OK);
	expect(sd_block_stub_listxattr, names, 0, list, SD_OK);
	expect(sd_block_stub_listxattr, names, 6, list, SD_PROTO);
	expect(sd_block_stub_listxattr, names, 65, list, SD_PROTO);
	expect(sd_block_stub_listxattr, just_says, 65536, ask, SD_OK);
	expect(sd_block_stub_listxattr, just_says, 65537, ask, SD_PROTO);
}

/* ---- messages ---- */
static struct prog {
	struct mmsghdr m[2];
	struct iovec iov[2];
	char data[2][64], name[2][16], control[2][64];
} p;

static void program(void)
{
	memset(&p, 0, sizeof(p));
	for (int i = 0; i < 2; i++) {
		p.iov[i] = (struct iovec){p.data[i], sizeof(p.data[i])};
		p.m[i].msg_hdr = (struct msghdr){p.name[i],    sizeof(p.name[i]),    &p.iov[i], 1,
						 p.control[i], sizeof(p.control[i]), 0};
	}
}

static struct w_msg *message(u8 *arena, struct sd_entry *e)
{
	struct w_msg *m = (struct w_msg *)(arena + e->arg[1]);
	const u64 len = 20;

	m->namelen = 16;
	m->controllen = 24;
	memcpy(arena + m->control, &len, sizeof(len));
	e->ret = 10;
	return m;
}

static void says_control(u8 *arena, struct sd_entry *e)
{
	message(arena, e)->controllen = (u64)lie;
}

static void says_cmsg(u8 *arena, struct sd_entry *e)
{
	memcpy(arena + message(arena, e)->control, &lie, sizeof(lie));
}

static void says_name(u8 *arena, struct sd_entry *e)
{
	message(arena, e)->namelen = (u32)lie;
}

static void says_length(u8 *arena, struct sd_entry *e)
{
	message(arena, e);
	e->ret = lie;
}

/* An invalid place: 1 of the data, 2 of the address, 3 of control messages. */
static void says_nowhere(u8 *arena, struct sd_entry *e)
{
	struct w_msg *m = message(arena, e);
	u64 *place[] = {(u64 *)(arena + m->iov), &m->name, &m->control};

	*place[lie - 1] = lie % 2 ? SD_OFF_NULL : SD_OFF_FAULT;
}

static void one_message(void **state)
{
	const u64 a[6] = {3, (u64)(uintptr_t)&p.m[0].msg_hdr},
		  trunc[6] = {3, (u64)(uintptr_t)&p.m[0].msg_hdr, MSG_TRUNC};
	static const s64 cmsgs[] = {0, 15, 25, 65, 1 << 20, -1},
			 over[] = {65, 1 << 20, 1ll << 32, 1ll << 62, -1};

	(void)state;
	program();
	expect(sd_net_stub_recvmsg, says_control, 24, a, SD_OK);
	assert_int_equal(p.m[0].msg_hdr.msg_controllen, 24);
	program();
	for (size_t i = 0; i < sizeof(cmsgs) / sizeof(cmsgs[0]); i++, program())
		expect(sd_net_stub_recvmsg, says_cmsg, cmsgs[i], a, SD_PROTO);
	for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++, program())
		expect(sd_net_stub_recvmsg, says_control, over[i], a, SD_PROTO);
	expect(sd_net_stub_recvmsg, says_name, 110, a, SD_OK); /* so long is it, and cut */
	program();
	expect(sd_net_stub_recvmsg, says_name, 129, a, SD_PROTO);
	program();
	expect(sd_net_stub_recvmsg, says_name, -1, a, SD_PROTO);
	program();
	expect(sd_net_stub_recvmsg, says_length, 64, a, SD_OK);
	program();
	expect(sd_net_stub_recvmsg, says_length, 65, a, SD_PROTO);
	program();
	expect(sd_net_stub_recvmsg, says_length, 5000, trunc, SD_OK);
	for (s64 i = 1; i <= 3; i++) {
		program();
		expect(sd_net_stub_recvmsg, says_nowhere, i, a, SD_PROTO);
	}
}

/* Two messages; lie: bytes of the second. */
static void two(u8 *arena, struct sd_entry *e)
{
	struct w_msg *m = message(arena, e);

	m[0].len = 10;
	m[1].controllen = 0;
	m[1].namelen = 0;
	m[1].len = (u32)lie;
	e->ret = 2;
}

static void many_messages(void **state)
{
	const u64 a[6] = {3, (u64)(uintptr_t)p.m, 2},
		  trunc[6] = {3, (u64)(uintptr_t)p.m, 2, MSG_TRUNC};
	static const u32 lies[] = {65, 1 << 20, 0x7fffffff, 0xffffffff};

	(void)state;
	program();
	expect(sd_net_stub_recvmmsg, two, 64, a, SD_OK);
	assert_int_equal(p.m[1].msg_len, 64);
	program();
	expect(sd_net_stub_recvmmsg, two, 5000, trunc, SD_OK);
	program();
	expect(sd_net_stub_sendmmsg, two, 64, a, SD_OK);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		program();
		expect(sd_net_stub_recvmmsg, two, lies[i], a, SD_PROTO);
		program();
		expect(sd_net_stub_sendmmsg, two, lies[i], a, SD_PROTO);
	}
}

/* ---- value-result lengths ---- */
static void says_at_2(u8 *arena, struct sd_entry *e)
{
	memcpy(arena + e->arg[2], &lie, 4);
}

static void says_at_4(u8 *arena, struct sd_entry *e)
{
	memcpy(arena + e->arg[4], &lie, 4);
}

static void says_first(u8 *arena, struct sd_entry *e)
{
	memcpy(arena + e->arg[2], &lie, 4);
}

static void lengths(void **state)
{
	s32 len = 4;
	char buf[128];
	struct ifconf conf = {80, {buf}};
	const u64 name[6] = {3, (u64)(uintptr_t)buf, (u64)(uintptr_t)&len};
	const u64 opt[6] = {3, SOL_SOCKET, SO_TYPE, (u64)(uintptr_t)buf, (u64)(uintptr_t)&len};
	const u64 ifs[6] = {3, SIOCGIFCONF, (u64)(uintptr_t)&conf};

	(void)state;
	memset(buf, 0x77, sizeof(buf));
	expect(sd_net_stub_getsockname, says_at_2, 16, name,
	       SD_OK); /* so long is it; four bytes of it came */
	assert_int_equal(len, 16);
	assert_int_equal(buf[4], 0x77);
	expect(sd_net_stub_getsockname, says_at_2, 129, name, SD_PROTO);
	expect(sd_net_stub_getsockname, says_at_2, -1, name, SD_PROTO);
	len = 4;
	expect(sd_net_stub_getsockopt, says_at_4, 4, opt, SD_OK);
	expect(sd_net_stub_getsockopt, says_at_4, 5, opt, SD_PROTO);
	expect(sd_net_stub_getsockopt, says_at_4, -4, opt, SD_PROTO);
	expect(sd_net_stub_ioctl, says_first, 80, ifs, SD_OK);
	expect(sd_net_stub_ioctl, says_first, 120, ifs, SD_PROTO);
	conf = (struct ifconf){0, {NULL}};
	expect(sd_net_stub_ioctl, says_first, 120, ifs, SD_OK);
	assert_int_equal(conf.ifc_len, 120);
}

/* ---- the transport's own calls ---- */
static enum sd_status make(struct sd_qp *l, long *ret, const u64 a[6])
{
	u64 key[2];

	return sd_ticket_make(l, ret, (u32)a[0], key);
}

static enum sd_status redeem(struct sd_qp *l, long *ret, const u64 a[6])
{
	return sd_ticket_redeem(l, ret, a, 0);
}

static enum sd_status shut(struct sd_qp *l, long *ret, const u64 a[6])
{
	return sd_ticket_close(l, ret, (u32)a[0]);
}

static void own_calls(void **state)
{
	const u64 a[6] = {5};

	(void)state;
	expect(make, just_says, 0, a, SD_OK);
	expect(make, just_says, 1, a, SD_PROTO);
	expect(redeem, just_says, 7, a, SD_OK);
	expect(redeem, just_says, 1ll << 31, a, SD_PROTO);
	expect(redeem, just_says, -4096, a, SD_PROTO);
	expect(shut, just_says, 1, a, SD_PROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directory_entries), cmocka_unit_test(strings),
		cmocka_unit_test(one_message),	     cmocka_unit_test(many_messages),
		cmocka_unit_test(lengths),	     cmocka_unit_test(own_calls),
	};

	region = mmap(NULL, SD_REGION_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region == MAP_FAILED)
		return 2;
	wake_page.alive = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

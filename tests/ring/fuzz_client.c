// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_client.c: a domain that breaks the protocol against the client's end: queue pairs,
 * batches, and every generated client stub.
 *
 * The transport's wait() is the domain: it answers with random sequence numbers, lengths, flags,
 * slots and data, or not at all, or ends the channel, and scribbles over the region before and
 * after. STUBS is the domain's table of stubs. Checked: no memory outside the region and the
 * program's buffers is touched (guard pages, ASan, UBSan); a call to read n bytes writes at most n
 * to the program, and returns at most n; every call ends with a status of enum sd_status; a
 * channel that ended by a violation stays dead; the arena is released after every call.
 */
#include <sys/mman.h>
#include <sd/batch.h>
#include <sd/client.h>
#include <sd/qp.h>
#include "calls.h"
#include "fuzz.h"

#define PROG_SIZE 65536u

static struct fuzz fz;
static u8 *mem, *prog;
static struct sd_qp qp;
static struct sd_wake_page wake_page;
static u64 write_limit; /* program bytes from here on must stay as they are, 0: no check */
static u64 stats[8];

static bool in_prog(const void *p, u64 len)
{
	u64 at = (u64)(uintptr_t)p - (u64)(uintptr_t)prog;

	return at <= PROG_SIZE && len <= PROG_SIZE - at;
}

int sd_copy_from_prog(void *dst, const void *p, u64 len)
{
	if (!in_prog(p, len))
		return -EFAULT;
	memcpy(dst, p, len);
	return 0;
}

int sd_copy_to_prog(void *p, const void *src, u64 len)
{
	if (!in_prog(p, len))
		return -EFAULT;
	if (write_limit)
		FUZZ_CHECK(&fz, (u64)(uintptr_t)p + len <= write_limit);
	memcpy(p, src, len);
	return 0;
}

u64 sd_writable(void *p, u64 len)
{
	u64 at = (u64)(uintptr_t)p - (u64)(uintptr_t)prog;

	if (at >= PROG_SIZE)
		return 0;
	return len < PROG_SIZE - at ? len : PROG_SIZE - at;
}

static void scribble(void)
{
	u32 n = below(&fz, 12);
	u64 v;

	while (n--) {
		v = nasty(&fz, SD_ARENA_SIZE);
		if (chance(&fz, 3))
			memcpy((u8 *)qp.mem + below(&fz, SD_ARENA_OFF / 8) * 8, &v, 8);
		else
			memcpy(qp.mem->arena + below(&fz, 4096) / 8 * 8, &v, 8);
	}
}

static void answer_entry(struct sd_entry *e, u32 pending)
{
	e->ret = chance(&fz, 2) ? (s64)nasty(&fz, 4096) : -(s64)below(&fz, 600);
	e->flags = chance(&fz, 8) ? (u16)rnd(&fz) : 0;
	e->seq = chance(&fz, 10) ? (u32)nasty(&fz, pending) : pending + 1;
}

static void answer_done(void)
{
	u32 i;

	for (i = qp.taken; i != qp.posted; i++) {
		struct sd_done *d = &qp.mem->cq[i % SD_RING];

		d->slot = (u16)(chance(&fz, 40) ? nasty(&fz, SD_RING)
						: (qp.tail - qp.posted + i) % SD_RING);
		d->flags = chance(&fz, 20) ? (u16)rnd(&fz) : 0;
		d->ret = (s64)nasty(&fz, 4096);
		d->seq = chance(&fz, 60) ? (u32)nasty(&fz, i) : i + 1;
	}
}

static u32 lying_wait(struct sd_qp *l, const u32 *word, u32 pending, u32 want)
{
	int tries;

	for (tries = 0; tries < 50; tries++) {
		if (chance(&fz, 4))
			scribble();
		if (word == &l->mem->domain.cancelled)
			*(u32 *)word = chance(&fz, 2) ? l->mem->client.cancel : (u32)rnd(&fz);
		else if (want)
			answer_done();
		else
			answer_entry((struct sd_entry *)word, pending);
		if (chance(&fz, 300))
			return SD_DEAD;
		if (chance(&fz, 100))
			return SD_INTR;
		if (sd_load_acquire(word) != pending)
			return SD_OK;
	}
	return SD_DEAD;
}

static void lying_kick(struct sd_qp *l)
{
	(void)l;
	if (chance(&fz, 2))
		scribble();
}

static const struct sd_client_side lying = {
	.kick = lying_kick, .hint = lying_kick, .wait = lying_wait};

static void fresh_qp(void)
{
	madvise(mem, SD_REGION_SIZE, MADV_DONTNEED);
	sd_qp_init(&qp, mem, below(&fz, SD_QPS), &wake_page, &lying);
}

static void count(enum sd_status st)
{
	FUZZ_CHECK(&fz, (u32)st <= SD_INTR);
	stats[st]++;
}

/* An argument for a stub: an fd, a length, a pointer into the program's memory, or an invalid
 * one. */
static u64 argument(void)
{
	switch (below(&fz, 4)) {
	case 0:
		return (u64)(uintptr_t)prog + below(&fz, PROG_SIZE);
	case 1:
		return below(&fz, 200);
	case 2:
		return (u64)(uintptr_t)prog + 64 * below(&fz, 64);
	default:
		return nasty(&fz, 4096);
	}
}

static void stub_call(void)
{
	const struct sd_stub *s = &STUBS.stub[below(&fz, STUBS.n)];
	enum sd_status was = qp.status, st;
	u32 level = qp.level;
	u64 arg[6];
	long ret = 0;
	int i;

	for (i = 0; i < 6; i++)
		arg[i] = argument();
	if (chance(&fz, 3)) /* pointers for embedded structures to follow */
		for (i = 0; i < 64; i++) {
			u64 v = argument();

			memcpy(prog + 8 * below(&fz, 512), &v, 8);
		}
	if (!strcmp(s->name, "read") || !strcmp(s->name, "recvfrom")) {
		arg[1] = (u64)(uintptr_t)prog + 1024;
		arg[2] = below(&fz, 8192);
		arg[4] = arg[5] = 0;
		write_limit = arg[1] + arg[2];
	}
	st = s->stub(&qp, &ret, arg);
	if (write_limit && st == SD_OK &&
	    (strcmp(s->name, "recvfrom") || !(arg[3] & 0x20))) /* MSG_TRUNC */
		FUZZ_CHECK(&fz, ret <= (long)arg[2] && ret >= -4095);
	write_limit = 0;
	count(st);
	FUZZ_CHECK(&fz, qp.level == level);
	if (was != SD_OK)
		FUZZ_CHECK(&fz, st != SD_OK && qp.status == was);
}

static void batch(void)
{
	struct sd_batch b;
	enum sd_status st;
	u64 arg[6] = {0}, cookie;
	u32 n = below(&fz, 70), got = 0, i;
	long ret;

	sd_batch_begin(&b, &qp);
	for (i = 0; i < n; i++) {
		if (chance(&fz, 4))
			sd_put(&b.c, prog, below(&fz, 4096));
		if (sd_batch_add(&b, SD_OP_NULL, arg, i) != SD_OK)
			break;
	}
	n = i;
	if (chance(&fz, 2) && sd_batch_wait(&b) == SD_OK)
		while (sd_batch_next(&b, &cookie, &ret, &st)) {
			got++;
			FUZZ_CHECK(&fz, cookie < SD_RING);
		}
	FUZZ_CHECK(&fz, got <= n);
	count(sd_batch_end(&b));
	FUZZ_CHECK(&fz, qp.level == SD_OFF_MIN);
}

static void posted(void)
{
	struct sd_call c;
	enum sd_status st;
	long ret;

	sd_call_begin(&qp, &c, SD_OP_CALLS);
	c.arg[0] = sd_put(&c, prog, below(&fz, PROG_SIZE));
	if (sd_call_post(&c) == SD_OK) {
		if (chance(&fz, 2))
			scribble();
		if (chance(&fz, 2))
			sd_qp_interrupt(&qp);
		if (chance(&fz, 2))
			sd_call_cancel(&c);
		st = sd_call_finish(&c, &ret);
		if (st == SD_OK)
			sd_get(&c, prog, c.arg[0], (u64)ret, ret);
	}
	count(sd_call_end(&c));
}

static void resume(void)
{
	struct sd_qp l;

	scribble();
	if (!sd_qp_resume(&l, mem, qp.index, &wake_page, &lying)) {
		qp = l;
		posted();
	}
}

static void one_case(void)
{
	u32 steps = 5 + below(&fz, 60);

	fresh_qp();
	while (steps--) {
		switch (below(&fz, 12)) {
		case 0:
			batch();
			break;
		case 1:
			posted();
			break;
		case 2:
			resume();
			break;
		default:
			stub_call();
		}
		if (qp.status != SD_OK && chance(&fz, 3))
			fresh_qp();
	}
}

int main(int argc, char **argv)
{
	u64 i;

	fuzz_options(&fz, argc, argv, 3000);
	mem = guarded(SD_REGION_SIZE);
	prog = guarded(PROG_SIZE);
	wake_page.alive = 1;
	for (i = 0; i < fz.cases; i++) {
		fuzz_case(&fz, i);
		one_case();
	}
	printf("fuzz_client: %llu cases from seed %llu: ok %llu dead %llu proto %llu too big %llu "
	       "refused %llu interrupted %llu\n",
	       (unsigned long long)fz.cases, (unsigned long long)fz.seed,
	       (unsigned long long)stats[SD_OK], (unsigned long long)stats[SD_DEAD],
	       (unsigned long long)stats[SD_PROTO], (unsigned long long)stats[SD_TOO_BIG],
	       (unsigned long long)stats[SD_REFUSED], (unsigned long long)stats[SD_INTR]);
	return 0;
}

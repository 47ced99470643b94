// SPDX-License-Identifier: GPL-2.0
/*
 * liar SOCKET ROUNDS SEED OPS PREFIX|- [WAY]: clients that break the protocol, one after the other,
 * each in one of the ways below, in a domain of OPS calls whose paths are below PREFIX. If run by
 * root it changes to another user. If the violation can't be mistaken for a valid call the channel
 * must end with SD_ENDED_PROTO; otherwise (random arguments may be valid) any result is accepted
 * that doesn't affect others: the driver watches a bystander, the domain process and its console.
 * Prints "way N ended N" per way.
 */
#include "attach.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sd/rpc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define QPS	    4
#define NOBODY	    65534
#define PATIENCE_MS 10000

static u64 state;
static u16 ops;
static const char *prefix; /* NULL: the domain has no paths */

static u64 rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Numbers that have found bugs before, and others. */
static u64 nasty(void)
{
	static const u64 list[] = {0,
				   1,
				   63,
				   64,
				   65,
				   4095,
				   4096,
				   SD_ARENA_SIZE - 1,
				   SD_ARENA_SIZE,
				   SD_ARENA_SIZE + 1,
				   SD_MAX_DATA,
				   SD_MAX_DATA + 1,
				   0x7fffffff,
				   0x80000000,
				   0xffffffff,
				   0x100000000,
				   1ull << 63,
				   ~0ull,
				   ~0ull - 63};

	switch (rnd() % 4) {
	case 0:
		return rnd();
	case 1:
		return rnd() % SD_ARENA_SIZE;
	case 2:
		return rnd() % 32;
	default:
		return list[rnd() % (sizeof(list) / sizeof(list[0]))];
	}
}

/* Plausible arguments: zero, or a number that is valid as a length and as an offset in the arena.
 */
static u64 plausible(void)
{
	switch (rnd() % 4) {
	case 0:
		return 0;
	case 1:
		return SD_OFF_MIN + rnd() % 4096;
	default:
		return SD_OFF_MIN + rnd() % 64;
	}
}

/* A path in the domain or outside; names repeat, since there are few. */
static void some_path(char path[56])
{
	static const char *const forms[] = {"%s/%u",  "%s/d%u/..", "%s",	   "%u",
					    "..",     "./%u",	   "%s/../../%u",  "%s//d/%u",
					    "%s/%u/", "/dev/sda",  "/proc/%u/mem", ""};
	const char *form = forms[rnd() % (sizeof(forms) / sizeof(forms[0]))];
	unsigned int n = rnd() % 4;

	if (strstr(form, "%s"))
		snprintf(path, 56, form, prefix, n);
	else
		snprintf(path, 56, form, n);
}

static void fill_arena(struct sd_qp_mem *l)
{
	u64 *p = (u64 *)l->arena;

	for (int i = 0; i < 1024; i++)
		p[i] = rnd() % 64 ? plausible() : nasty();
	/* Every string that begins at a plausible offset ends in a path. */
	for (int i = 0; prefix && i < 128; i++)
		if (rnd() % 2)
			some_path((char *)&p[8 * i]);
}

static struct sd_entry wild(void)
{
	struct sd_entry e = {.op = rnd() % 8 ? SD_OP_CALLS + rnd() % ops : rnd() % SD_OP_OWN,
			     .ret = rnd()};
	int lies = rnd() % 16 == 0;

	if (e.op == SD_OP_EXIT && rnd() % 64) /* no call is served after it */
		e.op = SD_OP_NULL;
	for (int i = 0; i < 6; i++)
		e.arg[i] = lies && rnd() % 3 == 0 ? nasty() : plausible();
	if (!lies) /* a file descriptor, or AF_INET */
		e.arg[0] = rnd() % 4 ? rnd() % 16 : 2;
	return e;
}

/* A valid null call, to show that the channel works before the violation. */
static int honest(struct outsider *o, unsigned int qp, u32 n)
{
	struct sd_entry e = {.op = SD_OP_NULL, .arg = {n + 7}};
	s64 ret = -1;

	outsider_post(o, qp, n, &e);
	return outsider_answer(o, qp, n, &ret, PATIENCE_MS) == 1 && ret == n + 7 ? 0 : -1;
}

static int must_end(struct outsider *o)
{
	return outsider_ended(o, PATIENCE_MS) ? 1 : -1;
}

/* ---- the ways: 1 ended, 0 still alive (allowed), -1 wrong ---- */

/*
 * An entry that the domain finds when it first reads a slot may be from the last lap, and is
 * accepted. We can't know whether it has read the slot since its answer, so break the protocol
 * until it has seen two such entries.
 */
static int bad_seq(struct outsider *o)
{
	struct sd_entry *e = &outsider_qp(o, 0)->sq[1];

	for (int i = 0; i <= PATIENCE_MS; i++) {
		__atomic_store_n(&e->seq, 4 + (u32)rnd() % 0xfffffff0u, __ATOMIC_SEQ_CST);
		if (outsider_ended(o, 1))
			return 1;
	}
	return -1;
}

static int bad_op(struct outsider *o)
{
	struct sd_entry e = {.op = rnd() & 1 ? SD_OP_OWN + rnd() % (SD_OP_CALLS - SD_OP_OWN)
					     : 4096 + rnd() % 61440};

	outsider_post(o, 0, 1, &e);
	return must_end(o);
}

static int bad_flags(struct outsider *o)
{
	struct sd_entry e = {.op = SD_OP_NULL, .flags = (SD_F_ALL + 1u) << rnd() % 11};

	outsider_post(o, 0, 1, &e);
	return must_end(o);
}

static int wild_args(struct outsider *o)
{
	u32 n[QPS] = {1};
	s64 ret;

	for (int i = 0; i < 200; i++) {
		unsigned int qp = rnd() % QPS;
		struct sd_entry e = wild();

		fill_arena(outsider_qp(o, qp));
		outsider_post(o, qp, n[qp], &e);
		int r = outsider_answer(o, qp, n[qp]++, &ret, 2);

		if (r < 0)
			return must_end(o);
		if (!r) /* it blocks, as a valid call may: continue in another queue pair */
			continue;
	}
	return 0;
}

/* The entry and the arena change while the domain reads them. */
struct racer {
	struct sd_qp_mem *qp;
	volatile int stop;
	u64 seed;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	u64 s = r->seed | 1;

	while (!r->stop) {
		s ^= s << 13, s ^= s >> 7, s ^= s << 17;
		((volatile u64 *)r->qp->arena)[s % 512] = s % 5 ? s % 4096 : s;
		((volatile u64 *)r->qp->sq)[2 + s / 512 % (SD_RING * 8 - 2)] = s;
	}
	return NULL;
}

static int changes_after_check(struct outsider *o)
{
	struct racer r = {outsider_qp(o, 0), 0, rnd()};
	pthread_t th;
	s64 ret;

	if (pthread_create(&th, NULL, race, &r))
		return -1;
	for (u32 n = 1; n < 300; n++) {
		struct sd_entry e = wild();

		outsider_post(o, 0, n, &e);
		if (outsider_answer(o, 0, n, &ret, 2) < 0)
			break;
	}
	r.stop = 1;
	pthread_join(th, NULL);
	return o->head->ended == SD_ENDED_PROTO;
}

static int scribbles(struct outsider *o)
{
	u64 bytes = SD_HEAD_SIZE + 8ull * SD_QP_SIZE;
	unsigned char *p = (unsigned char *)o->head;

	for (int i = 0; i < 200000; i++) {
		u64 at = i & 1 ? rnd() % bytes : rnd() % (SD_HEAD_SIZE + SD_ARENA_OFF);

		p[at] = rnd();
		if (!(i % 64))
			outsider_ring(o, i / 64 % SD_QPS);
	}
	return o->head->ended == SD_ENDED_PROTO;
}

static int doorbells(struct outsider *o)
{
	for (int i = 0; i < 20000; i++) {
		__atomic_store_n(&o->head->doorbell[rnd() % 4], (u32)rnd(), __ATOMIC_SEQ_CST);
		outsider_qp(o, rnd() % SD_QPS)->client.sleep = rnd();
		outsider_qp(o, rnd() % SD_QPS)->client.want = rnd();
		if (!(i % 100))
			outsider_ring(o, rnd() % SD_QPS);
	}
	return honest(o, 0, 1) ? -1 : 0;
}

/* The client can't change the region's size or the wake-up page. Holes affect only itself. */
static int memory_tricks(struct outsider *o)
{
	if (!ftruncate(o->region_fd, 4096) || !ftruncate(o->region_fd, SD_REGION_SIZE * 2))
		return -1;
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, o->page_fd, 0) != MAP_FAILED)
		return -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", o->page_fd);
	int fd = open(path, O_RDWR);

	if (fd >= 0 && (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED ||
			pwrite(fd, "\0\0\0\0", 4, 8) == 4))
		return -1;
	if (fd >= 0)
		close(fd);
	if (fallocate(o->region_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SD_REGION_SIZE))
		return -1;
	outsider_ring(o, 0);
	return 0;
}

/* Disappears with 64 calls posted. */
static int leaves(struct outsider *o)
{
	for (u32 n = 1; n < SD_RING; n++) {
		struct sd_entry e = wild();

		outsider_post(o, 0, n, &e);
	}
	return 0;
}

static const struct way {
	const char *name;
	int (*run)(struct outsider *o);
} ways[] = {
	{"bad_seq", bad_seq},
	{"bad_op", bad_op},
	{"bad_flags", bad_flags},
	{"wild_args", wild_args},
	{"changes_after_check", changes_after_check},
	{"scribbles", scribbles},
	{"doorbells", doorbells},
	{"memory_tricks", memory_tricks},
	{"leaves", leaves},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static int lie(const char *path, const struct way *w, long round)
{
	struct outsider o;
	int r = outsider_attach(&o, path);

	if (r) {
		fprintf(stderr, "liar: attach for %s, round %ld: %s\n", w->name, round,
			strerror(-r));
		return -1;
	}
	r = honest(&o, 0, 0) ? -1 : w->run(&o);
	if (r < 0)
		fprintf(stderr, "liar: %s, round %ld: the channel should have %s (ended=%u)\n",
			w->name, round, "answered differently", o.head->ended);
	outsider_detach(&o);
	return r;
}

int main(int argc, char **argv)
{
	long rounds = argc > 2 ? atol(argv[2]) : 1, ended[WAYS] = {0};
	const char *only = argc > 6 ? argv[6] : NULL;
	int bad = 0;

	if (argc < 6) {
		fprintf(stderr, "usage: liar SOCKET ROUNDS SEED OPS PREFIX|- [WAY]\n");
		return 2;
	}
	ops = atoi(argv[4]);
	prefix = strcmp(argv[5], "-") ? argv[5] : NULL;
	if (!getuid() && (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))) {
		perror("liar: becoming somebody else");
		return 1;
	}
	state = strtoull(argv[3], NULL, 0) * 2 + 1;
	for (long i = 0; i < rounds && !bad; i++)
		for (size_t w = 0; w < WAYS && !bad; w++) {
			if (only && strcmp(only, ways[w].name))
				continue;
			int r = lie(argv[1], &ways[w], i);

			ended[w] += r > 0;
			bad |= r < 0;
		}
	for (size_t w = 0; w < WAYS; w++)
		printf("way %s ended %ld of %ld\n", ways[w].name, ended[w], rounds);
	return bad;
}

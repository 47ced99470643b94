// SPDX-License-Identifier: GPL-2.0
/*
 * ring_bench.c: the rings alone, between two processes, over a domain without a kernel
 *(tests/ring/hostdom.c).
 *
 *	ring_bench [DOMAIN_CPU CLIENT_CPU]
 *
 * Prints one line per figure: name, ns (median of the rounds), their 10th and 90th percentile, and
 *beside it a cache-line bounce measured in the same seconds, since near and far are placements of
 *virtual CPUs that move.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <sd/batch.h>
#include <sd/qp.h>
#include "../ring/hostdom.h"
#include "bench.h"

#define ROUNDS 301 /* short ones: what else runs on the host spoils some, not all */

struct bench {
	struct hostdom dom;
	struct sd_sregion reg;
	struct sd_qp qp;
	u32 *ball;
	int cpu[2];
	int calls;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* The other end of the bounce: answers odd numbers by the next even one; 0xffffffff ends it. */
static void bounce_peer(u32 *ball)
{
	u32 v;

	for (;;) {
		v = sd_load_acquire(ball);
		if (v == ~0u)
			_exit(0);
		if (v & 1)
			sd_store_release(ball, v + 1);
	}
}

static double bounce(struct bench *b)
{
	u32 i, n = 20000;
	pid_t pid;
	double t = 0;

	*b->ball = 0;
	pid = fork();
	if (!pid) {
		pin(b->cpu[0]);
		bounce_peer(b->ball);
	}
	for (i = 0; i < 1000 + n; i++) {
		if (i == 1000)
			t = now();
		sd_store_release(b->ball, 2 * i + 1);
		while (sd_load_acquire(b->ball) != 2 * i + 2)
			;
	}
	t = (now() - t) / n;
	sd_store_release(b->ball, ~0u);
	waitpid(pid, NULL, 0);
	return t;
}

static double round_null(struct bench *b)
{
	double t = now();
	struct sd_call c;
	long ret;
	int i;

	for (i = 0; i < b->calls; i++) {
		sd_call_begin(&b->qp, &c, SD_OP_NULL);
		c.arg[0] = (u64)i;
		if (sd_call_wait(&c, &ret) != SD_OK || ret != i || sd_call_end(&c) != SD_OK)
			exit(3);
	}
	return (now() - t) / b->calls;
}

static double round_batch(struct bench *b)
{
	double t = now();
	u64 arg[6] = {0}, cookie;
	struct sd_batch batch;
	enum sd_status st;
	long ret;
	int i, j;

	for (i = 0; i < b->calls; i += 64) {
		sd_batch_begin(&batch, &b->qp);
		for (j = 0; j < 64; j++) {
			arg[0] = (u64)j;
			if (sd_batch_add(&batch, SD_OP_NULL, arg, (u64)j) != SD_OK)
				exit(3);
		}
		if (sd_batch_wait(&batch) != SD_OK)
			exit(3);
		while (sd_batch_next(&batch, &cookie, &ret, &st))
			if ((u64)ret != cookie)
				exit(3);
		if (sd_batch_end(&batch) != SD_OK)
			exit(3);
	}
	return (now() - t) / (((b->calls + 63) / 64) * 64);
}

static double round_fill4k(struct bench *b)
{
	double t = now();
	static char buf[4096];
	struct sd_call c;
	long ret;
	int i;

	for (i = 0; i < b->calls; i++) {
		sd_call_begin(&b->qp, &c, HD_FILL);
		c.arg[0] = sd_room(&c, sizeof(buf));
		c.arg[1] = sizeof(buf);
		if (sd_call_wait(&c, &ret) != SD_OK)
			exit(3);
		sd_get(&c, buf, c.arg[0], sizeof(buf), ret);
		sd_call_end(&c);
	}
	return (now() - t) / b->calls;
}

static double round_getppid(struct bench *b)
{
	double t = now();
	int i;

	for (i = 0; i < b->calls; i++)
		syscall(SYS_getppid);
	return (now() - t) / b->calls;
}

static int cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void figure(struct bench *b, const char *name, double (*round)(struct bench *), int calls,
		   bool with_bounce)
{
	double v[ROUNDS], before = 0, after = 0;
	int i;

	b->calls = calls;
	if (with_bounce)
		before = bounce(b);
	round(b);
	for (i = 0; i < ROUNDS; i++)
		v[i] = round(b);
	if (with_bounce)
		after = bounce(b);
	qsort(v, ROUNDS, sizeof(v[0]), cmp);
	printf("%-28s %9.1f ns  (%.1f .. %.1f)", name, v[ROUNDS / 2], v[ROUNDS / 10],
	       v[ROUNDS * 9 / 10]);
	if (with_bounce)
		printf("  bounce %.0f .. %.0f", before, after);
	printf("\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct bench *b = hostdom_map(sizeof(*b));
	struct sd_wake_page *wake_page = hostdom_map(4096);
	void *base = hostdom_map(SD_REGION_SIZE);
	bool apart;
	pid_t pid;

	b->cpu[0] = argc > 2 ? atoi(argv[1]) : 0;
	b->cpu[1] = argc > 2 ? atoi(argv[2]) : 1;
	b->ball = hostdom_map(4096);
	apart = b->cpu[0] != b->cpu[1];
	hostdom_init(&b->dom, wake_page);
	sd_sregion_init(&b->reg, base, NULL, &hostdom_ops);
	sd_poll_add(&b->dom.poll, &b->reg);
	sd_qp_init(&b->qp, base, 0, wake_page, sd_transport_client(NULL));
	pin(b->cpu[1]);
	figure(b, "native getppid", round_getppid, 1024, false);
	pid = fork();
	if (!pid) {
		pin(b->cpu[0]);
		hostdom_run(&b->dom);
		_exit(0);
	}
	figure(b, "null, one in flight", round_null, apart ? 512 : 100, apart);
	figure(b, "null, 64 in flight", round_batch, 1024, apart);
	figure(b, "4 KiB read", round_fill4k, apart ? 128 : 32, apart);
	hostdom_stop(&b->dom);
	waitpid(pid, NULL, 0);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* hostdom.c: see hostdom.h. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <sd/serve_path.h>
#include "hostdom.h"

#define SPIN_LOOKS  2000u
#define YIELD_LOOKS 200u

static void *host_mem_get(void *owner, u64 len)
{
	(void)owner;
	return calloc(1, len);
}

static void host_mem_put(void *p)
{
	free(p);
}

static void host_wake(u32 *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void host_interrupt(struct sd_sqp *l, u32 n)
{
	(void)l, (void)n; /* no call here waits for anything */
}

const struct sd_server_ops hostdom_ops = {host_interrupt, host_wake, host_mem_get, host_mem_put};

static bool refused(const void *p)
{
	return p == (void *)SD_FAULT_ADDRESS || (uintptr_t)p >= SD_REFUSED_ADDRESS;
}

static long call_echo(struct sd_serve *s)
{
	return (long)s->arg[0];
}

static long call_sum(struct sd_serve *s)
{
	const u8 *p = sd_uptr(s, s->arg[0], s->arg[1]);
	long sum = 0;
	u64 i;

	if (s->bad)
		return -EPROTO;
	if (!p || refused(p))
		return -EFAULT;
	for (i = 0; i < s->arg[1]; i++)
		sum += sd_load_relaxed(&p[i]);
	return sum;
}

static long call_fill(struct sd_serve *s)
{
	u8 *p = sd_uptr(s, s->arg[0], s->arg[1]);
	u64 i;

	if (s->bad)
		return -EPROTO;
	if (!p || refused(p))
		return -EFAULT;
	for (i = 0; i < s->arg[1]; i++)
		sd_store_relaxed(&p[i], (u8)s->arg[2]);
	return (long)s->arg[1];
}

static long call_fetch(struct sd_serve *s)
{
	u64 copy[8];
	int ret = sd_fetch(s, copy, s->arg[0], sizeof(copy));

	return ret ? ret : (long)(copy[0] >> 1);
}

static long call_scratch(struct sd_serve *s)
{
	u8 *p = sd_scratch(s, s->arg[0]);

	if (!p)
		return -ENOMEM;
	memset(p, 1, s->arg[0]);
	return 0;
}

struct hostdom_take hostdom_take;

static long call_take(struct sd_serve *s)
{
	struct hostdom_take *k = &hostdom_take;
	const u8 *p = sd_uptr(s, s->arg[1], s->arg[2]);
	u64 n = s->arg[2], i;

	if (s->bad)
		return -EPROTO;
	if (!p || refused(p))
		return -EFAULT;
	k->calls++;
	s->credit = k->credit;
	if (k->said < k->nsays) {
		s64 most = k->says[k->said++];

		if (most < 0) {
			if (s->early)
				k->kept = (s32)-most;
			return most;
		}
		n = n < (u64)most ? n : (u64)most;
	}
	for (i = 0; i < n && k->log; i++, k->len++)
		if (k->len < k->room)
			k->log[k->len] = sd_load_relaxed(&p[i]);
	return (long)n;
}

static const struct sd_served calls[] = {
	{"echo", call_echo},   {"sum", call_sum},	  {"fill", call_fill},
	{"fetch", call_fetch}, {"scratch", call_scratch}, {"take", call_take},
};

const struct sd_table hostdom_table = {calls, sizeof(calls) / sizeof(calls[0])};

void hostdom_init(struct hostdom *d, struct sd_wake_page *wake_page)
{
	memset(d, 0, sizeof(*d));
	d->wake_page = wake_page;
	wake_page->alive = 1;
	wake_page->cpu = ~0u;
	sd_poll_init(&d->poll, &hostdom_table, wake_page);
}

static void end_liar(struct hostdom *d, struct sd_sregion *r)
{
	d->liars++;
	sd_poll_remove(&d->poll, r);
	sd_srv_end(r, SD_ENDED_PROTO);
	if (!d->liar) {
		fprintf(stderr, "hostdom: a client broke the protocol\n");
		abort();
	}
	d->liar(d, r);
}

static bool serve(struct hostdom *d, struct sd_req *q)
{
	bool bad = false;
	long ret;

	if (q->op < SD_OP_CALLS)
		ret = q->op == SD_OP_NULL ? (long)q->arg[0] : 0;
	else
		ret = sd_srv_call(&hostdom_table, q, &bad);
	if (bad) {
		struct sd_sregion *r = q->qp->reg;

		end_liar(d, r);
		return false;
	}
	sd_poll_reply(q, ret, SD_R_OK);
	d->calls++;
	return true;
}

u32 hostdom_round(struct hostdom *d, u32 most)
{
	struct sd_sregion *liar;
	struct sd_req q;
	u32 n = 0;
	int ret;

	while (n < most && (ret = sd_poll_next(&d->poll, &q, &liar))) {
		if (ret < 0)
			end_liar(d, liar);
		else
			serve(d, &q);
		n++;
	}
	return n;
}

static void sleep_until_rung(struct hostdom *d)
{
	static const struct timespec most = {0, 100000000};

	sd_store_relaxed(&d->wake_page->sleeping, 1);
	sd_full_fence();
	if (!sd_poll_settle(&d->poll) && !sd_load_acquire(&d->stop)) {
		d->sleeps++;
		syscall(SYS_futex, &d->wake_page->sleeping, FUTEX_WAIT, 1, &most, NULL, 0);
	}
	sd_store_relaxed(&d->wake_page->sleeping, 0);
}

static void say_cpu(struct hostdom *d)
{
	u32 cpu = sched_getcpu();

	if (d->wake_page->cpu != cpu)
		sd_store_relaxed(&d->wake_page->cpu, cpu);
}

/* The client last seen waits on our CPU: it can't continue before we yield. */
static bool shared_cpu(const struct hostdom *d)
{
	const struct sd_sqp *l = d->poll.at;

	return l && sd_load_relaxed(&l->mem->client.cpu) == d->wake_page->cpu + 1;
}

void hostdom_run(struct hostdom *d)
{
	u32 looks = 0;

	say_cpu(d);
	while (!sd_load_acquire(&d->stop)) {
		if (hostdom_round(d, ~0u)) {
			looks = 0;
			continue;
		}
		if (!(++looks % 64))
			say_cpu(d);
		if (looks < SPIN_LOOKS && !shared_cpu(d)) {
			sd_srv_gap();
		} else if (looks < SPIN_LOOKS + YIELD_LOOKS) {
			looks = looks < SPIN_LOOKS ? SPIN_LOOKS : looks;
			sched_yield();
			say_cpu(d);
		} else {
			sleep_until_rung(d);
			looks = 0;
		}
	}
}

void hostdom_stop(struct hostdom *d)
{
	sd_store_release(&d->stop, 1);
	sd_full_fence();
	host_wake(&d->wake_page->sleeping);
}

void *hostdom_map(u64 size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return p;
}

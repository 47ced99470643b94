// SPDX-License-Identifier: GPL-2.0
/*
 * test_threads.c: the real waiting and waking of both ends, between threads, under ThreadSanitizer:
 * two client threads with a queue pair each, one of them of a second client, against a domain
 * thread that spins, yields and sleeps.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sd/batch.h>
#include <sd/qp.h>
#include "hostdom.h"

#define CHECK(cond)                                                                          \
	do {                                                                                 \
		if (!(cond)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
			exit(1);                                                             \
		}                                                                            \
	} while (0)

struct client {
	pthread_t thread;
	struct sd_wake_page *wake_page;
	void *base;
	u32 qp, calls;
};

static void one(struct sd_qp *l, u32 i)
{
	u8 buf[64];
	struct sd_call c;
	long ret;

	memset(buf, (int)i, sizeof(buf));
	sd_call_begin(l, &c, HD_SUM);
	c.arg[0] = sd_put(&c, buf, sizeof(buf));
	c.arg[1] = sizeof(buf);
	CHECK(sd_call_wait(&c, &ret) == SD_OK);
	CHECK(ret == 64 * (u8)i);
	CHECK(sd_call_end(&c) == SD_OK);
	sd_call_begin(l, &c, HD_FILL);
	c.arg[0] = sd_room(&c, sizeof(buf));
	c.arg[1] = sizeof(buf);
	c.arg[2] = i + 1;
	CHECK(sd_call_post(&c) == SD_OK);
	CHECK(sd_call_finish(&c, &ret) == SD_OK);
	CHECK(sd_get(&c, buf, c.arg[0], sizeof(buf), ret) == 64 && buf[63] == (u8)(i + 1));
	CHECK(sd_call_end(&c) == SD_OK);
}

/* Polls for an answer as closely as possible: its contents must be there with its number. */
static void watch(const struct sd_qp *l, u64 first)
{
	const struct sd_done *d = &l->mem->cq[l->taken % SD_RING];
	u32 i;

	for (i = 0; i < 5000; i++)
		if (sd_load_acquire(&d->seq) == l->taken + 1) {
			CHECK((u64)sd_load_relaxed(&d->ret) == first);
			return;
		}
}

/* n in a batch; no two batches have the same answers, so that a stale one is detected. */
static void many(struct sd_qp *l, u32 n, u64 salt)
{
	u64 arg[6] = {0}, cookie;
	struct sd_batch b;
	enum sd_status st;
	long ret;
	u32 i, got = 0;

	sd_batch_begin(&b, l);
	for (i = 0; i < n; i++) {
		arg[0] = salt + i;
		CHECK(sd_batch_add(&b, HD_ECHO, arg, i) == SD_OK);
	}
	watch(l, salt);
	CHECK(sd_batch_wait(&b) == SD_OK);
	while (sd_batch_next(&b, &cookie, &ret, &st)) {
		CHECK((u64)ret == salt + cookie);
		got++;
	}
	CHECK(got == n);
	CHECK(sd_batch_end(&b) == SD_OK);
}

static void *client(void *arg)
{
	struct client *c = arg;
	struct sd_qp l;
	u32 i;

	sd_qp_init(&l, c->base, c->qp, c->wake_page, sd_transport_client(NULL));
	for (i = 0; i < c->calls; i++) {
		one(&l, i);
		many(&l, i % 16 ? 1 + i % 3 : SD_RING, 1000ull * (i + 1));
		if (i % 64 == 0)
			usleep(1000);
	}
	return NULL;
}

static void *domain(void *arg)
{
	hostdom_run(arg);
	return NULL;
}

int main(void)
{
	static struct sd_wake_page wake_page __attribute__((aligned(4096)));
	static struct hostdom dom;
	static struct sd_sregion reg[2];
	struct client c[3];
	pthread_t t;
	u32 i;

	hostdom_init(&dom, &wake_page);
	for (i = 0; i < 2; i++) {
		sd_sregion_init(&reg[i], hostdom_map(SD_REGION_SIZE), NULL, &hostdom_ops);
		sd_poll_add(&dom.poll, &reg[i]);
	}
	pthread_create(&t, NULL, domain, &dom);
	for (i = 0; i < 60000 && !sd_load_acquire(&wake_page.sleeping); i++)
		usleep(1000); /* the first call wakes it; now and then it sleeps later, too */
	for (i = 0; i < 3; i++) {
		c[i] = (struct client){.wake_page = &wake_page,
				       .base = reg[i % 2].head,
				       .qp = i * 7,
				       .calls = 2000};
		pthread_create(&c[i].thread, NULL, client, &c[i]);
	}
	for (i = 0; i < 3; i++)
		pthread_join(c[i].thread, NULL);
	hostdom_stop(&dom);
	pthread_join(t, NULL);
	CHECK(!dom.liars);
	printf("test_threads: %llu calls, the domain slept %llu times\n",
	       (unsigned long long)dom.calls, (unsigned long long)dom.sleeps);
	CHECK(dom.sleeps);
	return 0;
}

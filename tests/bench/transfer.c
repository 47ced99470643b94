// SPDX-License-Identifier: GPL-2.0
/*
 * transfer CPU CPU MS: 4 KiB copied by one core and looked at by another, 16 in flight, with
 * nothing else done: what any call that brings as much from another core pays at least. ns.
 */
#include "bench.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK  4096
#define SLOTS  16
#define SOURCE 1024 /* blocks: 4 MiB, as a cached file */

static uint8_t *slot, *source;
static uint64_t seen;
static struct {
	_Alignas(128) _Atomic uint32_t full;
	_Alignas(128) _Atomic uint32_t taken;
	_Alignas(128) _Atomic uint32_t stop;
} at;

static void *producer(void *arg)
{
	pin(*(int *)arg);
	for (uint32_t n = 0; !atomic_load_explicit(&at.stop, memory_order_relaxed);) {
		if (n - atomic_load_explicit(&at.taken, memory_order_acquire) == SLOTS)
			continue;
		memcpy(slot + n % SLOTS * BLOCK, source + n * 7 % SOURCE * BLOCK, BLOCK);
		atomic_store_explicit(&at.full, ++n, memory_order_release);
	}
	return NULL;
}

/* The next slot is fetched while this one is looked at: the lines come many at a time. */
static void consume(void *arg)
{
	uint32_t n = atomic_load_explicit(&at.taken, memory_order_relaxed);
	const uint64_t *p = (const uint64_t *)(slot + n % SLOTS * BLOCK);
	const uint8_t *next = slot + (n + 1) % SLOTS * BLOCK;

	(void)arg;
	while ((int32_t)(atomic_load_explicit(&at.full, memory_order_acquire) - n) <= 0)
		;
	for (int i = 0; i < BLOCK; i += 64)
		__builtin_prefetch(next + i);
	for (int i = 0; i < BLOCK / 8; i++)
		seen += p[i];
	atomic_store_explicit(&at.taken, n + 1, memory_order_release);
}

int main(int argc, char **argv)
{
	pthread_t th;
	int cpu[2];

	if (argc < 4)
		return 2;
	cpu[0] = atoi(argv[1]), cpu[1] = atoi(argv[2]);
	slot = aligned_alloc(BLOCK, (SLOTS + SOURCE) * BLOCK);
	if (!slot)
		die("memory");
	memset(slot, 'k', (SLOTS + SOURCE) * BLOCK);
	source = slot + SLOTS * BLOCK;
	pin(cpu[0]);
	if (pthread_create(&th, NULL, producer, &cpu[1]))
		die("thread");
	measure(consume, NULL, 1, atoi(argv[3]));
	atomic_store(&at.stop, 1);
	pthread_join(th, NULL);
	return seen == 1;
}

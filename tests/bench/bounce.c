// SPDX-License-Identifier: GPL-2.0
/*
 * bounce CPU CPU: a cache line there and back between two cores, ns: what any call through shared
 * memory pays at least. Tells whether the two vCPUs are near (one core, or one cache) or far just
 * now.
 */
#include "bench.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static struct {
	_Alignas(128) _Atomic uint32_t word;
} ball;

static void *peer(void *arg)
{
	pin(*(int *)arg);
	for (uint32_t want = 1;; want += 2) {
		uint32_t w;

		while ((w = atomic_load_explicit(&ball.word, memory_order_acquire)) != want)
			if (w == ~0u)
				return NULL;
			else
				__builtin_ia32_pause();
		atomic_store_explicit(&ball.word, want + 1, memory_order_release);
	}
}

static void round_trip(void *arg)
{
	uint32_t v = atomic_load_explicit(&ball.word, memory_order_relaxed);

	(void)arg;
	atomic_store_explicit(&ball.word, v + 1, memory_order_release);
	while (atomic_load_explicit(&ball.word, memory_order_acquire) != v + 2)
		__builtin_ia32_pause();
}

int main(int argc, char **argv)
{
	pthread_t th;
	int cpu[2];

	if (argc < 3)
		return 2;
	cpu[0] = atoi(argv[1]), cpu[1] = atoi(argv[2]);
	pin(cpu[0]);
	if (pthread_create(&th, NULL, peer, &cpu[1]))
		die("thread");
	measure(round_trip, NULL, 1, 20);
	atomic_store(&ball.word, ~0u);
	pthread_join(th, NULL);
	return 0;
}

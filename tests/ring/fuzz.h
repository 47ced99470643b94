/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz.h: shared by both ring fuzzers: a seeded generator, the options, memory with guard pages.
 *
 *	fuzz_x [--cases N] [--seed S]
 *
 * A case depends only on its own seed (base seed + number): a failure prints it, and --seed S
 * --cases 1 repeats it.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sd/port.h>

struct fuzz {
	u64 cases, seed, rng, now; /* now: seed of the case that runs */
};

static inline u64 rnd(struct fuzz *f)
{
	f->rng ^= f->rng << 13;
	f->rng ^= f->rng >> 7;
	f->rng ^= f->rng << 17;
	return f->rng * 0x2545f4914f6cdd1dull;
}

static inline u32 below(struct fuzz *f, u32 n)
{
	return (u32)(rnd(f) >> 32) % n;
}

static inline bool chance(struct fuzz *f, u32 one_in)
{
	return !below(f, one_in);
}

static inline void fuzz_case(struct fuzz *f, u64 i)
{
	f->now = f->seed + i;
	f->rng = (f->now + 1) * 0x9e3779b97f4a7c15ull;
	if (!f->rng)
		f->rng = 1;
	rnd(f);
}

#define FUZZ_CHECK(f, cond)                                                                   \
	do {                                                                                  \
		if (!(cond)) {                                                                \
			fprintf(stderr, "%s:%d: case of seed %llu: not true: %s\n", __FILE__, \
				__LINE__, (unsigned long long)(f)->now, #cond);               \
			abort();                                                              \
		}                                                                             \
	} while (0)

static inline void fuzz_options(struct fuzz *f, int argc, char **argv, u64 cases)
{
	int i;

	*f = (struct fuzz){.cases = cases, .seed = 1};
	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--cases"))
			f->cases = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			f->seed = strtoull(argv[i + 1], NULL, 0);
		else
			break;
	}
	if (i < argc) {
		fprintf(stderr, "usage: %s [--cases N] [--seed S]\n", argv[0]);
		exit(2);
	}
}

/* Zeroed memory between two inaccessible pages. */
static inline void *guarded(u64 size)
{
	u8 *p = mmap(NULL, size + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		     0);

	if (p == MAP_FAILED || mprotect(p + 4096, size, PROT_READ | PROT_WRITE)) {
		perror("mmap");
		exit(2);
	}
	return p + 4096;
}

/* A value that is small, near a boundary of the protocol, or random. */
static inline u64 nasty(struct fuzz *f, u64 boundary)
{
	switch (below(f, 6)) {
	case 0:
		return below(f, 80);
	case 1:
		return boundary + below(f, 5) - 2;
	case 2:
		return ~0ull - below(f, 3);
	case 3:
		return 1ull << below(f, 64);
	case 4:
		return boundary ? rnd(f) % boundary : 0;
	default:
		return rnd(f);
	}
}

#endif

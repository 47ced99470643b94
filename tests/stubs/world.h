/* SPDX-License-Identifier: GPL-2.0 */
/*
 * world.h: between world.c and the makers of fixtures (world_*.c). A maker makes some of the
 * fixtures, all or none; what it can't do without are calls of the domain, so that both sides have
 * the same world.
 */
#ifndef WORLD_H
#define WORLD_H

#include "stub_test.h"

#include <stddef.h>

struct maker {
	const char *name;	     /* as printed: "tcp udp" */
	int first, last;	     /* its fixtures */
	const u16 *needs;	     /* numbers of calls, 0xffff at the end */
	bool (*can)(struct side *s); /* more than the calls; may be NULL */
	void (*make)(struct side *s, u16 ports[FX_COUNT]);
	/* Appends what can be seen of its part of the world, beside its fixtures' flags. */
	void (*state)(struct side *s, char *buf, size_t size);
	/* Called when its fixtures are closed, or before if it is not to be mourned (no TIME_WAIT).
	 * May be NULL. */
	void (*before_close)(struct side *s);
	void (*after_close)(struct side *s);
};

extern const struct maker maker_net, maker_unix, maker_epoll, maker_pipe, maker_files;

#define P(x) ((u64)(uintptr_t)(x))

/* r, or the run ends: what is the step that failed. */
long need(struct side *s, const char *what, long r);
/* Give fixture i its fixed number. */
void settle(struct side *s, int i, long fd);
/* The same, and make it non-blocking. */
void settle_nonblock(struct side *s, int i, long fd);
void add(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Carry on a hash; begin with SUM_START. */
u32 sum(u32 h, const u8 *p, size_t n);
#define SUM_START 2166136261u

/* ---- world_net.c ---- */
/* 1 if it is readable within ms; 0 where the domain has no poll. */
long poll_in(struct side *s, int i, int ms);
/* Takes everything that can be read from fixture i and appends how much it was, with a hash. */
void drain(struct side *s, int i, bool socket, char *buf, size_t size);

/* ---- world_files.c: the fixtures among a tree's files ---- */
struct tree_opened {
	int fixture;
	const char *name;
	int flags;
};

extern const struct tree_opened tree_opened[];
extern const u32 tree_nopened;

/* ---- world_tree.c: below the domain's prefix ---- */
extern char tree_root[]; /* "/sd/t"; empty: this domain has no files */
void tree_find_root(void);
void tree_make(struct side *s);
void tree_remove(struct side *s);
/* Every file below tree_root: names in the directory's order, attributes, contents. */
void tree_state(struct side *s, char *buf, size_t size);

#endif

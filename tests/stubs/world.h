/* SPDX-License-Identifier: GPL-2.0 */
/*
 * world.h: shared by world.c and the makers of fixtures (world_*.c). A maker makes all of its
 * fixtures or none; the calls it needs must be the domain's, so that both sides have the same
 * world.
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
	/* Appends the visible state of its part of the world, beside its fixtures' flags. */
	void (*state)(struct side *s, char *buf, size_t size);
	/* Called when its fixtures are closed, or before that, to avoid TIME_WAIT. May be NULL. */
	void (*before_close)(struct side *s);
	void (*after_close)(struct side *s);
};

extern const struct maker maker_tcp, maker_udp, maker_unix, maker_epoll, maker_pipe, maker_files,
	maker_made;

#define P(x) ((u64)(uintptr_t)(x))

/* Returns r, or ends the run if it is an error; `what` names the step. */
long need(struct side *s, const char *what, long r);
/* Give fixture i its fixed number. */
void settle(struct side *s, int i, long fd);
/* The same, and make it non-blocking. */
void settle_nonblock(struct side *s, int i, long fd);
void add(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Continues a hash; begin with SUM_START. */
u32 sum(u32 h, const u8 *p, size_t n);
#define SUM_START 2166136261u

/* Has the domain the calls that give descriptors their fixed numbers? */
bool world_fds(void);

/* ---- world_made.c ---- */
/* Has the domain the calls of declared fixture k? */
bool made_is_able(int k);

/* ---- world_net.c ---- */
/* 1 if it is readable within ms; 0 where the domain has no poll. */
long poll_in(struct side *s, int i, int ms);
/* Reads everything from fixture i and appends its length and a hash. */
void drain(struct side *s, int i, bool socket, char *buf, size_t size);

/* ---- world_files.c: the fixtures among a tree's files ---- */
struct tree_opened {
	int fixture;
	const char *name;
	int flags;
};

extern const struct tree_opened tree_opened[];
/* Can this file system have it open like that? */
bool tree_opens(int fixture);
extern const u32 tree_nopened;

/* ---- world_tree.c: below the domain's prefix ---- */
extern char tree_root[]; /* "/sd/t"; empty: this domain has no files */
void tree_find_root(void);
void tree_make(struct side *s);
void tree_remove(struct side *s);
/* Every file below tree_root: names in the directory's order, attributes, contents. */
void tree_state(struct side *s, char *buf, size_t size);

#endif

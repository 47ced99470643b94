/* SPDX-License-Identifier: GPL-2.0 */
/*
 * storm.h: the inside of `storm`, clients that keep to the rules of sd/ring.h and sd/control.h, and
 * to nothing else.
 *
 * What is good: an entry's number, slot, flags and offsets, as the domain's own generated stubs
 * make them. What is random: which call, its arguments and data, on which queue pair, awaited or
 * not, cancelled or not; tickets, shares and children, and when a client detaches, ends, or is
 * killed. So nothing of it may end a channel: SD_ENDED_PROTO is a failure.
 *
 *   storm.c        the parent: lives in slots, kills them, counts
 *   life.c         one life: attaches, makes its world, does things until it ends
 *   entry.c        arguments, and entries made by the generated stubs on a queue pair of nobody's
 *   qps.c        entries in flight on a client's queue pairs
 *   own.c          the transport's own calls and the supervisor's: tickets, shares, children
 *
 * One thread per process. The board is shared by all of them; nothing of it is trusted to be in
 * order.
 */
#ifndef STORM_H
#define STORM_H

#include "stub_test.h"
#include "attach.h"

#include <sd/qp.h>

/* Of a client in use: the stubs wait on queue pair 0, the others are only posted to */
#define QPS   4
#define CHANS 3 /* of a process: itself, and children of its */
#define FDS   48
#define MAPS  6
#define KEYS  64

/* No two runs of clang-format agree on this list. */
/* clang-format off */
#define COUNTS(C)                                                                                \
	C(lives)                                                                                 \
	C(killed)                                                                                \
	C(ended)                                                                                 \
	C(worldless)                                                                             \
	C(refused_attach) C(calls) C(answered) C(cancels) C(left) C(refused) C(tickets)          \
		C(redeemed) C(held) C(put_out) C(shares) C(stores) C(syncs) C(children) C(forks) \
			C(execs) C(exits) C(asked) C(detached)
/* clang-format on */

#define COUNT_NAME(name) COUNT_##name,
enum { COUNTS(COUNT_NAME) COUNTERS };

#define SLOTS_MAX 32

struct board {
	u32 begun[SLOTS_MAX]; /* the life in that slot has its world */
	u64 count[COUNTERS];
	u64 ticket[KEYS][2], share[KEYS][2];
};

/* How a life ends, if not by a signal. */
enum { LIFE_ENDED, LIFE_BAD = 60, LIFE_GONE, LIFE_PROTO, LIFE_LIE, LIFE_SILENT };

struct posted {		/* a queue pair without waiting */
	u32 n, slot;	/* of the next entry */
	u64 busy, ring; /* slots in flight; of these, answered in the completion ring */
	u32 taken;
	u32 sync;			     /* 1 + slot of the entry with SD_F_SYNC */
	u32 alone;			     /* 1 + slot of one that has the whole arena */
	u32 cancel;			     /* the last one asked for */
	u32 num[SD_RING];		     /* of the entry in a slot */
	const struct sd_stub *stub[SD_RING]; /* NULL: the transport's own */
	u32 pair[SD_RING];		     /* where two fds come back; 0: nowhere */
};

struct chan {
	bool on;
	struct outsider o;
	struct sd_qp qp;
	struct posted posted[QPS];
	u32 fd[FDS], nfd; /* some that it has */
};

extern struct board *board;
extern struct chan chans[CHANS], *cur; /* of this process; the one in use */
extern const char *storm_socket;
extern struct side storm_side; /* the generated stubs, on cur's queue pair 0 */

static inline void count(int what, u64 n)
{
	__atomic_fetch_add(&board->count[what], n, __ATOMIC_RELAXED);
}

/* ---- life.c ---- */
u64 rnd(void);
static inline bool one_in(u32 n)
{
	return rnd() % n == 0;
}
void rnd_seed(u64 seed);
void life(u64 seed, const char *trees, u32 *begun) __attribute__((noreturn));
void life_over(int how) __attribute__((noreturn));
/* A channel has ended that this client didn't end: whose fault is it? */
void life_cut_off(const struct chan *c) __attribute__((noreturn));
/* Attach, and become a client of the generated stubs. 0 or -errno. */
int chan_attach(struct chan *c);
void chan_begin(struct chan *c); /* it is attached */
void chan_detach(struct chan *c);
void keep_fd(struct chan *c, long fd);
extern const char *life_trees; /* "/sd/storm"; NULL: the domain has no files */

/* ---- entry.c ---- */
struct draft {
	struct sd_entry e;
	const struct sd_stub *stub;
	u32 from, to; /* of the arena; what lies there is at draft_arena() */
	u32 pair;
};

/* Any call with good arguments: its stub. */
const struct sd_stub *some_call(struct chan *c, u64 arg[6], u32 *pair);
/* Its entry, whose arena begins at from. False: the stub has an answer without the domain. */
bool draft_make(struct draft *d, struct chan *c, u32 from);
const u8 *draft_arena(void);

/* ---- qps.c ---- */
void qp_post(struct chan *c);	 /* another entry, if there is room */
void qp_collect(struct chan *c); /* what has been answered */
void qp_cancel(struct chan *c);
u32 qp_left(const struct chan *c);  /* in flight */
void qp_tell(const struct chan *c); /* what is in flight, on standard error */
/* Until nothing is in flight, by cancelling; SILENT where that takes longer than anything may. */
void qp_drain(struct chan *c);

/* ---- own.c ---- */
bool own_entry(struct sd_entry *e, struct chan *c, u32 room); /* posted like any other */
void own_ticket(struct chan *c);
void own_redeem(struct chan *c);
void own_share(struct chan *c);
void own_store(void);
void own_sync(struct chan *c);
void own_exec(struct chan *c);
void own_exit(struct chan *c);
void own_child(struct chan *c);
void own_ask(struct chan *c);
void own_unmap(void);
u32 some_fd(struct chan *c);

#endif

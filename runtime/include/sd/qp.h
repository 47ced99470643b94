/* SPDX-License-Identifier: MIT */
/*
 * qp.h: the client's end of a queue pair. See ring.h for the protocol.
 *
 * Ownership: a struct sd_qp belongs to one client thread and is in that client's private memory;
 * mem, head and wake_page point into mappings that others own, which must outlive it. No locks.
 * sd_qp_interrupt() alone may be called from that thread's signal handlers.
 *
 * Any wait may fail: every wait ends with an enum sd_status, and once status is not SD_OK the
 * queue pair returns it for every later call. The cure is sd_qp_init() on a new region.
 */
#ifndef SD_QP_H
#define SD_QP_H

#include <sd/ring.h>
#include <sd/wake_page.h>
#include <sd/rpc.h>
#include <sd/transport.h>

#define SD_CREDITS 8u /* fds whose credit is remembered */

struct sd_early { /* a call whose result the program has, and the domain may not yet */
	bool on;
	u16 op;
	u32 n, slot;   /* its entry */
	u32 mark, top; /* its data in the arena */
	u32 fd; /* 1 + the domain's fd; 0: it rests on no credit, its result is known beforehand */
	u32 data, len; /* with an fd's credit: which arguments are data and length */
	s64 result;    /* what the program was told */
	u64 arg[6];
};

#define SD_HABITS 32u /* enough to tell most ops apart; a collision costs time only */

struct sd_qp {
	struct sd_qp_mem *mem;
	struct sd_region_head *head;
	const struct sd_wake_page *wake_page; /* NULL: the transport has none (loop) */
	const struct sd_client_side *tr;
	enum sd_status status;
	u32 index;
	u32 tail;  /* number of the next entry */
	u32 slot;  /* and where it goes */
	bool sync; /* an entry with SD_F_SYNC is in flight: nothing else may be published */
	u16 op;	   /* of the last entry */
	u8 slow[SD_HABITS]; /* by op % SD_HABITS: how often in a row it wasn't answered soon */
	u32 level;	    /* arena bytes in use */
	u32 base, limit;    /* where the arena begins and ends for calls beside an early one */
	u16 answer;	    /* SD_R_* of the last answer taken in place */
	bool narrow;	    /* base and limit aren't the whole arena */
	u16 flags;	/* set by the embedder: SD_F_NOTIFY, if every answer must notify, or 0 */
	bool may_early; /* set by the embedder: calls may be completed early. See sd_call_early() */
	struct sd_early early;
	struct {
		u32 fd; /* 1 + the domain's fd; 0: none */
		u8 level;
	} credit[SD_CREDITS];
	bool credits;	   /* there is any */
	u32 posted;	   /* completions owed or given: calls submitted with SD_F_CQ */
	u32 taken;	   /* completions taken */
	u64 busy;	   /* bit s: slot s is in flight */
	u32 sleeps;	   /* last value of client.sleep */
	u32 cpu;	   /* the CPU of the last long wait; ~0: none yet */
	u32 hogged;	   /* so many long waits don't yield: the last yield took too long */
	volatile u32 intr; /* set by sd_qp_interrupt(): the wait must end */
	void *priv;	   /* the embedder's */
	bool (*gone)(const struct sd_qp *l); /* the embedder's: is the other end lost? Asked after
						  every sleep; NULL: no */
};

/* Start on queue pair `index` of a fresh region mapped at base. */
void sd_qp_init(struct sd_qp *l, void *base, u32 index, const struct sd_wake_page *wake_page,
		const struct sd_client_side *tr);

/*
 * Start on a queue pair used before by a program image that is gone (exec): position is found from
 * the ring. -EBUSY: calls of the old image are still in flight there; take another queue pair.
 */
int sd_qp_resume(struct sd_qp *l, void *base, u32 index, const struct sd_wake_page *wake_page,
		 const struct sd_client_side *tr);

/* A published entry: which one, and where. */
struct sd_entry_ref {
	u32 n;	  /* its number */
	u32 slot; /* its place */
};

/* Publish an entry. SD_REFUSED: 64 are in flight, or one with SD_F_SYNC is. */
enum sd_status sd_submit(struct sd_qp *l, u16 op, u16 flags, const u64 arg[6],
			 struct sd_entry_ref *ref);

/* Has an entry (without SD_F_CQ) been answered? Doesn't take the answer. */
bool sd_answered(const struct sd_qp *l, struct sd_entry_ref ref);

/*
 * Wait for an entry and take its answer. SD_INTR: intr was set; the entry is still in flight, and
 * the caller cancels it and waits again.
 */
enum sd_status sd_wait(struct sd_qp *l, struct sd_entry_ref ref, long *ret);

/* Interrupts an entry; returns when the domain has handled that. The entry must still be waited
 * for. */
enum sd_status sd_cancel(struct sd_qp *l, struct sd_entry_ref ref);

/* early.c: see sd_call_early(). */
void sd_credit_forget(struct sd_qp *l);
void sd_credit_set(struct sd_qp *l, u32 fd, u32 level);
/* The call after the early one was answered with these flags, which tell that the early one was,
 * too. */
void sd_early_answered(struct sd_qp *l, u16 flags);
/* The whole arena again, if nothing is in it. */
void sd_early_widen(struct sd_qp *l);
/* Wait for the early call, if there is one. */
void sd_early_settle(struct sd_qp *l);

/* Wait until completion number m is there (all before it are, then). */
enum sd_status sd_wait_done(struct sd_qp *l, u32 m);

/* Take the next completion; SD_PROTO if it is invalid. Call only when sd_wait_done() said it is
 * there. */
enum sd_status sd_take_done(struct sd_qp *l, u32 *slot, long *ret, bool *refused);

/* A signal arrived: end the wait in progress, or the next one, with SD_INTR. Async-signal-safe. */
void sd_qp_interrupt(struct sd_qp *l);

/* The channel can't be used any more. Returns st. */
enum sd_status sd_qp_fail(struct sd_qp *l, enum sd_status st);

/* The seq entry n is published with; its answer is this + 1. */
static inline u32 sd_seq(u32 n)
{
	return 2 * n + 1;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * server.h: the domain's end of the rings: consuming, checking, dispatching, answering. Compiled
 * into the kernel, and on the host for the fuzz tests and benchmarks. What it knows about a client
 * is private memory; each value in the region is read once, and never trusted.
 *
 * Threads: the domain's one vCPU. Tasks switch only inside the function called (a blocked call).
 */
#ifndef SD_SERVER_H
#define SD_SERVER_H

#include <sd/wake_page.h>
#include <sd/ring.h>
#include <sd/serve.h>

struct sd_sregion;
struct sd_sqp;

/*
 * What the core needs from its embedder for the calls of one region. A call whose data are in one
 * piece and which is answered while its client is awake needs none of them.
 */
struct sd_server_ops {
	/* Interrupts call n of a queue pair, if it is in service. Doesn't sleep. */
	void (*interrupt)(struct sd_sqp *l, u32 n);
	/* Wakes the one that waits on a client's word. */
	void (*wake)(u32 *word);
	/* Zeroed memory for sd_scratch(), on behalf of the region's owner; NULL: out of memory,
	 * or over the owner's limit. May sleep. */
	void *(*mem_get)(void *owner, u64 len);
	void (*mem_put)(void *p);
};

struct sd_sqp { /* the domain's end of a queue pair */
	struct sd_qp_mem *mem;
	struct sd_sregion *reg;
	struct sd_sqp *next, *prev;	 /* the poller's ring, while polled */
	struct sd_sqp *mate, *mate_prev; /* the polled ones of its region */
	u64 busy;			 /* bit s: the call in slot s is being served */
	u32 head;			 /* number of the next entry */
	u32 expect; /* the seq it is published with; even: it must wait until the early call is
		       answered */
	u32 seen;   /* seq found in its slot, nothing new; valid unless fresh */
	u32 done;   /* completions written */
	u32 idle;   /* looks without finding anything */
	u64 since;  /* the poller's time of the first of them, or when polled became 0 */
	u16 index;
	u8 slot;      /* of the next entry */
	u16 left;     /* SD_R_SETTLED and the like of the last early call, for the next answer */
	bool fresh;   /* the slot hasn't been looked at since it became the head's */
	bool early;   /* a cancel came for an entry that isn't taken yet */
	bool polled;  /* on the poller's list */
	bool leaving; /* still on the list, though domain.polled is already 0 */
	bool owes;    /* answered, and the client may have gone to sleep since: see sd_srv_wake() */
};

struct sd_sregion {
	struct sd_region_head *head;
	struct sd_sregion *next, *prev; /* the poller's regions */
	void *owner;
	const struct sd_server_ops *ops;
	u32 ended;   /* enum sd_ended */
	u32 serving; /* calls being served */
	u32 polled;  /* queue pairs on the poller's list; the next three are valid if there are
		       any */
	struct sd_sregion *on_next, *on_prev; /* regions that have such queue pairs */
	struct sd_sqp *turn;		      /* whose turn is next in this region */
	u32 vain;			      /* doorbells in a row with nothing published */
	u64 deaf;     /* its doorbells are ignored until this time of the poller ... */
	u64 deafness; /* ... and for how long the last time */
	struct sd_sqp qp[SD_QPS];
};

struct sd_req { /* a call: private copy of its entry */
	struct sd_sqp *qp;
	u32 n;
	u16 slot;
	bool cancelled; /* cancelled before it began: it runs, but must not wait */
	u16 op;
	u16 flags;
	u64 arg[6];
	s64 early; /* with SD_F_EARLY */
	bool last; /* with SD_F_EARLY: the last try */
	u8 credit; /* earned by the call, see SD_R_CREDIT */
};

struct sd_table { /* what the domain serves */
	const struct sd_served *call;
	u32 n;
};

void sd_sregion_init(struct sd_sregion *r, void *base, void *owner,
		     const struct sd_server_ops *ops);

/*
 * Run a call of the table. The result is for sd_srv_reply(); *bad: a reference was out of bounds,
 * end the region. q->credit is set.
 */
long sd_srv_call(const struct sd_table *t, struct sd_req *q, bool *bad);

/*
 * The word to wake if the queue pair's client sleeps and must be woken; NULL otherwise. The
 * answer was a plain store, which the load of client.sleep may have overtaken: so the domain asks
 * again in later passes while it is awake, and before it sleeps (and now and then, with fenced =
 * true) it asks after a full fence, which is decisive.
 */
u32 *sd_srv_wake(struct sd_sqp *l, bool fenced);

/* Take the doorbell bits of word w (0 .. SD_QPS / 32 - 1). */
u32 sd_srv_doorbell(struct sd_sregion *r, u32 w);

/* Is there a new entry (or an invalid seq) at the queue pair's head? */
static inline bool sd_srv_news(const struct sd_sqp *l)
{
	u32 seq = sd_load_acquire(&l->mem->sq[l->slot].seq);

	return seq == l->expect || (!l->fresh && seq != l->seen);
}

/*
 * Is the queue pair's next entry published? For tight loops: one load, one branch. An invalid seq
 * is left to sd_srv_take().
 */
static inline bool sd_srv_ready(const struct sd_sqp *l)
{
	return sd_load_acquire(&l->mem->sq[l->slot].seq) == l->expect;
}

/*
 * The queue pair's doorbell rang: is there a call to interrupt? Then *n is its number; call
 * sd_srv_cancelled() when that is done. An entry that isn't taken yet doesn't count: sd_srv_take()
 * handles its cancel.
 */
bool sd_srv_cancel(struct sd_sqp *l, u32 *n);
void sd_srv_cancelled(struct sd_sqp *l, u32 n);

/*
 * Between two looks at quiet queue pairs. A look takes the cache line away from a client that is
 * about to write it, see SD_LOOK_GAP in transport/wait.h: both sides look about once per transfer
 * of a line.
 */
static inline void sd_srv_gap(void)
{
	sd_pause();
	sd_pause();
	sd_pause();
}

/* Ends the channel; the client finds the reason in the region's head. */
void sd_srv_end(struct sd_sregion *r, u32 why);

/*
 * The poller: every attached region, and a ring of the queue pairs that are looked at in every
 * pass.
 *
 * Fair by region, then by queue pair: where some region has more queue pairs polled than another,
 * regions take turns, each time with the next of their queue pairs. Doorbells of unpolled queue
 * pairs are looked at region by region, a limited number in each pass; the doorbells of a client
 * that rings for nothing are ignored for a while. A queue pair without calls leaves the poller
 * after a time, the sooner the more there are.
 */
struct sd_poller {
	const struct sd_table *table;
	struct sd_wake_page *wake_page; /* its `shared` is kept up to date; may be NULL */
	struct sd_sqp *at;		/* looked at next; NULL: no queue pair is polled */
	struct sd_sregion *regions;	/* circular list; where the next look at doorbells begins */
	u32 qps, run, passes;
	u32 nregions, on; /* all, and those with polled queue pairs */
	bool many; /* more than one region is polled, and one of them has several queue pairs */
	u64 now;   /* time stamp counter, when last looked at */
};

void sd_poll_init(struct sd_poller *p, const struct sd_table *table,
		  struct sd_wake_page *wake_page);
void sd_poll_add(struct sd_poller *p, struct sd_sregion *r);
/* Remove a region and its queue pairs, if it is there; its calls in service may continue. */
void sd_poll_remove(struct sd_poller *p, struct sd_sregion *r);
/* Refuse the published entries of a region that haven't begun, except those of queue pair `but`. */
void sd_poll_refuse(struct sd_poller *p, struct sd_sregion *r, const struct sd_sqp *but);
/* The slow parts of serve_path.h, in core: */
int sd_srv_odd(
	struct sd_sqp *l,
	u32 seq); /* the head's slot doesn't hold its entry: 0, or -EPROTO for an invalid seq */
bool sd_srv_cancelled_early(
	struct sd_sqp *l,
	u32 n); /* entry n is being taken, and some entry was cancelled before that */
bool sd_poll_glance_fair(struct sd_poller *p,
			 const struct sd_sqp *but); /* sd_poll_glance(), where p->many */
void sd_poll_turn(
	struct sd_poller *p); /* the next queue pair's turn, although this one has more calls */
void sd_poll_quiet(struct sd_poller *p, struct sd_sqp *l); /* nothing new on queue pair l */
void sd_poll_passed(
	struct sd_poller *p); /* a pass is over: look at what isn't looked at in every pass */
void sd_poll_owed(struct sd_sqp *l,
		  bool fenced); /* wake the client if it sleeps and must be woken */

/*
 * The last look before a sleep, to be called after a full fence: true if there is something to
 * serve. Wakes the clients that must be woken.
 */
bool sd_poll_settle(struct sd_poller *p);

/*
 * access_ok() accepts it (with any length), and nothing is ever mapped there: below
 * vm.mmap_min_addr.
 *
 */
#define SD_FAULT_ADDRESS 4096ul
/* access_ok() refuses it, whatever the length. */
#define SD_REFUSED_ADDRESS (-4096ul)

#endif

/* SPDX-License-Identifier: MIT */
/*
 * ring.h: the layout of a client's region, and the protocol text of its rings.
 *
 * A region is memory of one client process, made by the supervisor, mapped only by that client and
 * by the domain (sd/transport.h). Its layout is fixed by this header; neither side trusts a size,
 * an index or a pointer that it reads from the shared memory.
 *
 *   0         struct sd_region_head (doorbell bits, ended word)
 *   4 KiB     queue pair 0 | queue pair 1 | ... | queue pair SD_QPS-1, each SD_QP_SIZE:
 *               struct sd_entry sq[SD_RING]        4 KiB
 *               struct sd_done  cq[SD_RING]        1 KiB
 *               struct sd_client_ctl (client writes), struct sd_domain_ctl (domain writes)
 *               arena, at SD_ARENA_OFF, SD_ARENA_SIZE bytes
 *
 * A queue pair belongs to one client thread. Its entries are numbered n = 0, 1, 2 ...; entry 0 is
 * in sq[0]. The entry after n is in the next slot, or in the same slot if n has SD_F_SYNC: with
 * that flag the client promises to publish nothing before n's answer. (A call, its answer and the
 * next call then move one cache line to and fro, at half the cost of walking through the ring.)
 *
 *	seq of the slot		the entry is	who may write it	what comes next
 *	---------------		------------	----------------	--------------------------
 *	an older entry's	free		client		fills op, flags, arg[], then stores
 *								seq = 2n + 1 (release)
 *	2n + 1			published	nobody		the domain loads seq (acquire),
 *								copies the entry ONCE and checks the
 *								copy. Its own n++ is private
 *	2n + 1			in service	domain		stores ret, then seq = 2n + 2
 *								(release); with SD_F_CQ see below
 *	2n + 2			answered	client		loads seq (acquire), reads ret. The
 *								slot is free
 *
 * With SD_F_CQ the domain leaves the entry alone and fills completion number m (m = 0, 1, 2 ...) in
 * cq[m % SD_RING], whose seq = m + 1 it stores last (release).
 *
 * Calls of one queue pair are started in order and may complete out of order. The client keeps a
 * private record of the slots that are in flight (a batched one until its completion is taken), and
 * never publishes into one of them. The seq in the head's slot changes to 2n + 1 or not at all: any
 * other new value, an unknown op or flag, or an arena reference out of bounds is a protocol
 * violation. The domain then stores head.ended = SD_ENDED_PROTO and drops the client; a client
 * that sees an invalid value stops using the channel. A published entry is never changed before
 * its answer.
 *
 * Cancelling entry n: client.cancel = 2n + 1; ring the queue pair's doorbell, polled or not. If
 * the call is still in service the domain interrupts it as a signal would. Then it stores
 * domain.cancelled = 2n + 1. One cancel at a time.
 *
 * Early completion. The credit in an answer is a number of bytes: a call that writes up to that
 * many to the same fd would succeed in full and at once. Relying on it, a client may return the
 * result of such a call to its program before the domain answers: the entry has SD_F_EARLY, and ret
 * holds the result that the program got. The domain starts no other entry of the queue pair before
 * the early one is answered (so that calls keep their order in any case), unless one of them is
 * cancelled. The next answer in a submission slot tells the outcome:
 *
 *	SD_R_SETTLED	the early call has been answered
 *	SD_R_BROKEN	... with another result, which is in that call's entry
 *	SD_R_LEFT	the credit its fd has now
 *
 * Polling. A queue pair starts unpolled.
 *
 *	domain.polled	a client that has published	a domain
 *	-------------	---------------------------	--------------------------------------
 *	1		only waits			looks at the queue pair in every pass.
 *							To stop: polled = 0; full fence; one
 *							more look
 *	0		reads polled while it waits,	looks at the queue pair when its
 *			and sets the doorbell bit	doorbell bit is set, then sets
 *							polled = 1
 *
 * Sleeping: the side about to sleep does a full fence between announcing that and its last look;
 * the other re-reads the announcement while it spins. See wake_page.h for waking the domain. The
 * client's word is client.sleep: 0 awake, else the value it sleeps on, a new one every time.
 * client.want is the completion count it wants to be woken for, 0: any answer. The domain wakes by
 * setting the word from that value to 0 (compare and swap: a wake between the client's last look
 * and its sleep is not lost, and a late one doesn't hit its next sleep), then wakes it.
 */
#ifndef SD_RING_H
#define SD_RING_H

#include <sd/port.h>

#define SD_RING	       64u  /* entries of a submission and of a completion ring */
#define SD_QPS	       128u /* queue pairs (client threads) of a region */
#define SD_HEAD_SIZE   4096u
#define SD_ARENA_OFF   8192u /* within a queue pair */
#define SD_ARENA_SIZE  (1024u * 1024 + 64 * 1024 - SD_ARENA_OFF)
#define SD_QP_SIZE     (SD_ARENA_OFF + SD_ARENA_SIZE)
#define SD_REGION_SIZE (SD_HEAD_SIZE + (u64)SD_QPS * SD_QP_SIZE)
#define SD_MAX_DATA    (1024u * 1024) /* the most data bytes one call carries */
#define SD_CACHELINE   64

/* Entry flags, set by the client. */
#define SD_F_CQ	    0x0001u /* answer in the completion ring */
#define SD_F_NOTIFY 0x0002u /* on completion also notify the client */
#define SD_F_SYNC   0x0004u /* nothing else is published before the answer; not with SD_F_CQ */
#define SD_F_EARLY  0x0008u /* ret has the program's result; not with SD_F_CQ or SD_F_SYNC */
#define SD_F_NOWAIT 0x0010u /* to be refused where it would have to wait */
#define SD_F_ALL    (SD_F_CQ | SD_F_NOTIFY | SD_F_SYNC | SD_F_EARLY | SD_F_NOWAIT)

/* Entry flags, set by the domain in a reply: the transport's result, see enum sd_status. */
#define SD_R_OK 0x0000u
/* Nothing was done: there was no task for it, or it has SD_F_NOWAIT and would wait. It can be
 * retried. */
#define SD_R_REFUSED 0x0100u
/* Of the call's fd: 0 none, 1 up to SD_CREDIT_SMALL bytes, 2 up to SD_CREDIT_BIG. */
#define SD_R_CREDIT(level)  ((level) << 9)
#define SD_R_LEFT(level)    ((level) << 11) /* of the fd of the early call before this one */
#define SD_R_BROKEN	    0x2000u	    /* the early call before this one had another result */
#define SD_R_SETTLED	    0x4000u	    /* it was answered before this one */
#define SD_CREDIT_OF(flags) ((flags) >> 9 & 3)
#define SD_LEFT_OF(flags)   ((flags) >> 11 & 3)
#define SD_CREDIT_SMALL	    1024u /* below what any link carries whole */
#define SD_CREDIT_BIG	    65536u

/*
 * Pointers among the arguments are offsets from the beginning of the queue pair's arena, SD_OFF_MIN
 * at least. SD_OFF_NULL stands for a null pointer. SD_OFF_FAULT stands for one that the client
 * could not read: the domain gives its kernel a pointer that faults on use. SD_OFF_BEYOND stands
 * for one outside user space, or whose length reaches beyond it: the domain gives its kernel a
 * pointer that access_ok() refuses. So EFAULT comes at the point where Linux reports it.
 */
#define SD_OFF_NULL   0ull
#define SD_OFF_MIN    64ull
#define SD_OFF_FAULT  (~0ull)
#define SD_OFF_BEYOND (~0ull - 1)

/* Ops below SD_OP_CALLS are the transport's own; op - SD_OP_CALLS indexes the domain's call table.
 */
enum sd_op {
	SD_OP_NULL = 0, /* does nothing, answers arg[0]: null call of the benchmarks */
	/*
	 * The program was replaced: the client's other calls are cancelled, those not begun are
	 * refused, close-on-exec fds are closed (not with SD_EXEC_KEEP in arg[0]), the saved ids
	 * become the effective ones.
	 */
	SD_OP_EXEC = 1,
	SD_OP_TICKET = 2, /* arg[0]: an fd; its ticket is written at arena offset arg[1]. See
			     sd/ticket.h for these */
	SD_OP_REDEEM =
		3, /* arg[0], arg[1]: a ticket; arg[2]: SD_REDEEM_KEEP or 0. Answers a new fd */
	SD_OP_CLOSE = 4,  /* arg[0]: an fd; for clients without a stub for close */
	SD_OP_REMOTE = 5, /* arg[0], arg[1]: a ticket of another domain, arg[2 .. 5]: its name.
			     Answers an fd that stands for that file */
	SD_OP_PATH = 6,	  /* arg[0]: an fd, or -1 for the current directory; arg[1], arg[2]: room in
			     the arena. Its path, without a NUL; answers the length */
	SD_OP_SHARE = 7,  /* arg[0]: an fd; the key of its file's memory is written at arena offset
			     arg[1]. See sd/share.h */
	SD_OP_SHARE_SYNC =
		8, /* arg[0], arg[1]: that key: writes the contents of the memory to the disk */
	SD_OP_EXIT = 9,	 /* the process ends: no other call of the client begins or is answered any
		      more, then its files are closed. Nothing is taken from the client's queue
		      pairs after it */
	SD_OP_CRED = 10, /* arg[0 .. 4]: the program's permitted, effective, inheritable, ambient
			      and bounding capabilities are no more than these; arg[5]: its
			      securebits, and SD_RIGHTS_* */
	SD_OP_OWN,	 /* end of the transport's own */
	SD_OP_CALLS = 16,
};

#define SD_EXEC_KEEP 1u
/* The ticket stays valid: for a call that only peeks at a message. */
#define SD_REDEEM_KEEP	     1u
#define SD_CRED_NO_NEW_PRIVS (1ull << 32)

struct sd_entry {
	u32 seq;
	u16 op;
	u16 flags;
	u64 arg[6];
	s64 ret; /* >= 0 or -errno of the function called; with SD_F_EARLY also before the
		    answer: the result that the program got */
};

struct sd_done {
	u32 seq;
	u16 slot; /* of the entry */
	u16 flags;
	s64 ret;
};

enum sd_ended {
	SD_LIVE = 0,
	SD_ENDED_PROTO = 1,  /* the client broke the protocol */
	SD_ENDED_CLOSED = 2, /* the domain closed the channel in good order */
	SD_ENDED_MEMORY = 3, /* the domain was out of memory, and this client held most of it */
};

struct sd_region_head {
	u32 doorbell[SD_QPS / 32]; /* client ORs in the bit of an unpolled queue pair */
	u8 pad0[SD_CACHELINE - SD_QPS / 8];
	u32 ended; /* enum sd_ended, written by the domain (or the supervisor) */
	u8 pad1[SD_CACHELINE - 4];
};

/* Written by the client; sleep also by the domain, which sets it to 0. */
struct sd_client_ctl {
	u32 sleep;  /* nonzero while the client sleeps or is about to */
	u32 want;   /* completion count it waits for; 0: any answer */
	u32 cpu;    /* 1 + CPU the client last waited on, 0 unknown: a hint */
	u32 cancel; /* see above */
	u8 pad[SD_CACHELINE - 16];
};

/* Written by the domain only. */
struct sd_domain_ctl {
	u32 polled;    /* 0: the domain doesn't look here until its doorbell bit is set */
	u32 cancelled; /* the last client.cancel that was handled */
	u8 pad[SD_CACHELINE - 8];
};

struct sd_qp_mem {
	struct sd_entry sq[SD_RING];
	struct sd_done cq[SD_RING];
	struct sd_client_ctl client;
	struct sd_domain_ctl domain;
	u8 pad[SD_ARENA_OFF - SD_RING * 80 - 2 * SD_CACHELINE];
	u8 arena[SD_ARENA_SIZE];
};

_Static_assert(sizeof(struct sd_entry) == 64, "an entry is one cache line");
_Static_assert(sizeof(struct sd_done) == 16, "a completion is 16 bytes");
_Static_assert(sizeof(struct sd_client_ctl) == SD_CACHELINE, "");
_Static_assert(sizeof(struct sd_domain_ctl) == SD_CACHELINE, "");
_Static_assert(offsetof(struct sd_qp_mem, arena) == SD_ARENA_OFF, "");
_Static_assert(sizeof(struct sd_qp_mem) == SD_QP_SIZE, "");
_Static_assert(SD_QP_SIZE % 4096 == 0, "a queue pair is whole pages");

#endif

/* SPDX-License-Identifier: MIT */
/*
 * rpc.h: what generated client stubs are built on. Client side, freestanding, no libc.
 *
 * A stub is straight-line code:
 *	struct sd_call c;
 *	enum sd_status st = sd_call_begin(qp, &c, OP);       // arena mark
 *	c.arg[1] = sd_put(&c, prog_ptr, len);                  // copy in; an offset or SD_OFF_*
 *	c.arg[3] = sd_room(&c, len);                           // space for data coming back
 *	sd_call_most(&c, len);                                 // what may be answered
 *	st = sd_call_wait(&c, &ret);                           // submit, wait
 *	ret = sd_get(&c, prog_ptr, c.arg[3], len, ret);        // copy out; or -EFAULT
 *	return sd_call_end(&c);                                // arena released; the call's status
 *
 * A domain's answer is not trusted: a length in it may exceed the space given, and the program
 * would believe it. So the result is checked against sd_call_most(); sd_get() checks that it reads
 * only space of this call, else c.status = SD_PROTO; a stub that uses an answer directly (sd_at)
 * reads it once, checks it, and calls sd_bad(&c) if it is invalid.
 *
 * An interrupted call (sd_qp_interrupt) may return the kernel's -ERESTARTSYS ...
 * -ERESTART_RESTARTBLOCK (512..516), so that route() restarts or answers EINTR as Linux would for
 * the handler in question.
 *
 * Pointers on the wire are arena offsets, see ring.h.
 *
 * Threads: a queue pair belongs to one thread; nothing here locks. Errors: transport failures are
 * enum sd_status, never mixed with the function's -errno in *ret.
 */
#ifndef SD_RPC_H
#define SD_RPC_H

#include <sd/ring.h>

/* n elements' bytes, for both kinds of stubs; what would overflow is more than anything holds. */
static inline u64 sd_bytes(u64 n, u64 elem)
{
	u64 r;

	return __builtin_mul_overflow(n, elem, &r) ? ~0ull : r;
}

/* "msgsz + 8" of an annotation */
static inline u64 sd_plus(u64 a, u64 b)
{
	u64 r;

	return __builtin_add_overflow(a, b, &r) ? ~0ull : r;
}

enum sd_status {
	SD_OK = 0,
	SD_DEAD,    /* the domain is gone (programs see EREMOTEIO) */
	SD_PROTO,   /* the channel ended for a protocol violation (EPROTO) */
	SD_TOO_BIG, /* arguments exceed the arena (E2BIG) */
	SD_REFUSED, /* the domain had no task for it (EAGAIN) */
	SD_INTR,    /* a signal came before the domain began the call (EINTR / restart) */
};

struct sd_qp; /* the client's end of a queue pair: sd/qp.h */

struct sd_call {
	struct sd_qp *qp;
	u32 mark;    /* arena level to return to */
	u32 n, slot; /* its entry, once submitted */
	u16 op;
	u16 flags;
	u32 fd; /* 1 + the domain's fd whose credit the answer tells; 0: none */
	u64 arg[6];
	u64 most; /* the largest valid result: see sd_call_most() */
	enum sd_status
		status; /* first failure while marshalling; sd_call_wait returns it unsubmitted */
};

enum sd_status sd_call_begin(struct sd_qp *qp, struct sd_call *c, u16 op);
u64 sd_put(struct sd_call *c, const void *prog, u64 len);
u64 sd_room(struct sd_call *c, u64 len); /* zero-filled only by the domain's writes */
/*
 * The same for data of the program at prog, with the same alignment in the arena as at prog: that
 * of a sector, or of a larger block up to a page.
 */
u64 sd_room_for(struct sd_call *c, const void *prog, u64 len);
void *sd_at(struct sd_call *c, u64 off); /* offset made by this call => address in the arena */
void sd_bad(struct sd_call *c);		 /* the answer is invalid: the channel ends with SD_PROTO */
/* A result beyond `most` that isn't an errno either is a protocol violation: SD_PROTO. Without
 * this call any result is accepted. */
static inline void sd_call_most(struct sd_call *c, u64 most)
{
	c->most = most;
}
enum sd_status sd_call_wait(struct sd_call *c, long *ret);
long sd_get(struct sd_call *c, void *prog, u64 off, u64 len, long ret); /* ret, or -EFAULT */
enum sd_status sd_call_end(struct sd_call *c);

/*
 * Calls in flight. sd_call_post() instead of sd_call_wait() submits c and returns; c must not move
 * until sd_call_finish(). With SD_F_NOTIFY in c->flags the domain also notifies the client, so
 * that the caller can wait for host fds at the same time. sd_call_done() only tests;
 * sd_call_cancel() interrupts the call as a signal would (sd_call_finish() is still needed). Calls
 * end in the reverse order of begin.
 */
enum sd_status sd_call_post(struct sd_call *c);
bool sd_call_done(struct sd_call *c);
enum sd_status sd_call_cancel(struct sd_call *c);
enum sd_status sd_call_finish(struct sd_call *c, long *ret);

/*
 * Early completions (see ring.h). sd_call_credit(): the answer tells fd's credit, and the call may
 * follow an early one; any other call makes the queue pair forget all credits, since it may have
 * invalidated them. sd_call_early() instead of sd_call_wait(): arg[data] is the place of arg[len]
 * bytes for that fd. If `may` is set, the credit suffices and the queue pair's embedder allows
 * early completions, *ret is arg[len] at once, and the answer is taken with the next call's. If the
 * early call then fails, the domain reports the error to the fd's next call, as if it had occurred
 * just after this one; a call that was refused is retried.
 */
static inline void sd_call_credit(struct sd_call *c, u64 fd)
{
	c->fd = (u32)fd + 1;
}
enum sd_status sd_call_early(struct sd_call *c, long *ret, u32 data, u32 len, bool may);
/* The same for a call without data whose result is known beforehand, such as close(): another
 * result from the domain is not reported. */
enum sd_status sd_call_known(struct sd_call *c, long *ret, long result);

/* Fault-tolerant copies from and to the program's memory: 0 or -EFAULT. Supplied by
 * runtime/client/hook.
 */
int sd_copy_from_prog(void *dst, const void *prog, u64 len);
int sd_copy_to_prog(void *prog, const void *src, u64 len);
/* How many bytes from prog on can be written (tested by page, nothing is changed): data must not
 * be taken off a stream for a bad buffer. */
u64 sd_writable(void *prog, u64 len);

/* A generated stub: makes its call by the queue pair; *ret is the call's own result. */
typedef enum sd_status (*sd_stub_fn)(struct sd_qp *qp, long *ret, const u64 arg[6]);

#endif

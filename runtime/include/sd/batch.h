/* SPDX-License-Identifier: MIT */
/*
 * batch.h: many calls in flight on one queue pair, for programs linked with the stubs.
 *
 *	struct sd_batch b;
 *	sd_batch_begin(&b, qp);
 *	for (...) { st = sd_batch_add(&b, op, arg, cookie); }	// at most SD_RING
 *	st = sd_batch_wait(&b);					// all of them are done
 *	while (sd_batch_next(&b, &cookie, &ret, &st)) ...
 *	sd_batch_end(&b);					// arena released
 *
 * To keep the domain busy: sd_batch_some(&b, n) waits only for the first n calls in flight; call
 * sd_batch_next() exactly n times after it. For each result taken a new call may be added, in the
 * same place of the arena, so that the domain works while the program handles results.
 *
 * Calls are started in order, each as soon as it is added; answers may come in another order. A
 * batch that waits can't be cancelled: use sd_call_post() for calls that may block for long.
 * Batches don't nest; no other call of this queue pair may be made between begin and end.
 */
#ifndef SD_BATCH_H
#define SD_BATCH_H

#include <sd/rpc.h>

struct sd_batch {
	struct sd_call c; /* for sd_put() and sd_room() */
	u32 n, got;
	u64 cookie[64]; /* by slot */
};

void sd_batch_begin(struct sd_batch *b, struct sd_qp *qp);
enum sd_status sd_batch_add(struct sd_batch *b, u16 op, const u64 arg[6], u64 cookie);
enum sd_status sd_batch_wait(struct sd_batch *b);
enum sd_status sd_batch_some(struct sd_batch *b, u32 n);
bool sd_batch_next(struct sd_batch *b, u64 *cookie, long *ret, enum sd_status *st);
enum sd_status sd_batch_end(struct sd_batch *b);

#endif

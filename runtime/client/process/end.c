/* SPDX-License-Identifier: MIT */
/*
 * end.c: how a process ends. Linux has released its files, locks and ports when its parent learns
 * of the end; the supervisor hears of it a moment later, by the lifeline. So exit_group, and exit
 * of the last thread, tell the domains first (SD_OP_EXIT).
 *
 * The process's other threads still run then, and must see nothing of it. From the moment a domain
 * is told it begins none of their calls and answers none, so each waits in its next or present one
 * until the host ends it. What would get round that (a new lane, a new channel, fork, exec) takes
 * the files' lock by sd_files_lock(), and waits there. The fd map isn't touched. Maps go on until
 * the lifeline ends: a thread outside any call can still write to them.
 *
 * Not told: a domain that has no lane free at once, and all of them where another process uses this
 * table (CLONE_FILES). They, and every process that a signal ends, are left to the lifeline.
 */
#include "channel/channel.h"
#include <sd/ticket.h>

void sd_files_lock(struct sd_files *f)
{
	sd_lock(&f->lock);
	while (f->ending) /* for ever; whoever else wants the lock waits for it as well */
		sys(__NR_futex, &f->ending, FUTEX_WAIT_PRIVATE, 1, 0);
}

static void tell(struct sd_lane *l)
{
	const u64 none[6] = {0};
	enum sd_status st;
	long ret;

	do {
		l->intr = 0;
		st = sd_own_call(l, &ret, SD_OP_EXIT, none);
	} while (st == SD_INTR || st == SD_REFUSED);
}

int sd_files_exit(struct sd_thread *t)
{
	struct sd_lane *l[SD_DOMAINS] = {NULL};
	struct sd_files *f = t->files;
	int any = 0;

	if (!f || sd_files_lent)
		return 0;
	t->lane_now = NULL;
	sd_store_relaxed(&t->lanes_in_use, 1);
	sd_files_lock(f);
	for (u32 d = 0; d < SD_DOMAINS; d++) {
		l[d] = f->chan[d] ? sd_lane_at_once(t, d) : NULL;
		any |= l[d] != NULL;
	}
	f->ending = any;
	sd_unlock(&f->lock);
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (l[d])
			tell(l[d]);
	return any;
}

/* What was submitted is done, even if the program doesn't ask what became of it. */
enum sd_way sd_call_exit_group(struct sd_thread *t)
{
	sd_aio_settle(t, 0, -1);
	/* No handler runs any more: its calls would wait for ever. */
	while (sd_files_exit(t))
		sys(__NR_exit_group, t->regs.rdi);
	return SD_HOST;
}

/* SPDX-License-Identifier: MIT */
/*
 * end.c: the end of a process. Linux has released its files, locks and ports when its parent
 * learns of the end; the supervisor learns of it only a moment later, by the lifeline. So
 * exit_group, and exit of the last thread, notify the domains first (SD_OP_EXIT).
 *
 * The process's other threads still run then, and must not notice. Once a domain has been notified
 * it begins none of their calls and completes none, so each thread waits in its next or present
 * call until the host ends it. Operations that could bypass that (a new queue pair, a new channel,
 * fork, exec) take the files' lock by sd_files_lock(), and wait there. The fd map isn't touched.
 * Maps stay until the lifeline ends: a thread outside any call can still write to them.
 *
 * A domain without a free queue pair isn't notified, nor is any domain if another process uses
 * this table (CLONE_FILES). Then, and when a signal ends the process, the lifeline's end closes the
 * files.
 */
#include "process/process.h"
#include <sd/ticket.h>

static void tell_exit(struct sd_qp *l)
{
	const u64 none[6] = {0};
	long ret;

	sd_until_served(l, sd_own_call(l, &ret, SD_OP_EXIT, none));
}

int sd_files_exit(struct sd_thread *t)
{
	struct sd_qp *l[SD_DOMAINS] = {NULL};
	struct sd_files *f = t->files;
	int any = 0;

	if (!f || sd_files_lent)
		return 0;
	sd_store_relaxed(&t->qps_in_use, 1);
	sd_files_lock(f);
	for (u32 d = 0; d < SD_DOMAINS; d++) {
		l[d] = f->chan[d] ? sd_qp_at_once(t, d) : NULL;
		any |= l[d] != NULL;
	}
	f->ending = any;
	sd_unlock(&f->lock);
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (l[d])
			tell_exit(l[d]);
	return any;
}

/* Submitted requests are completed, even if the program doesn't ask for their results. */
enum sd_way sd_call_exit_group(struct sd_thread *t)
{
	sd_aio_settle(t, 0, -1);
	/* No handler may run any more, since its calls would never end. */
	while (sd_files_exit(t))
		sys(__NR_exit_group, t->regs.rdi);
	return sd_next(t, SD_STAGE_FDS);
}

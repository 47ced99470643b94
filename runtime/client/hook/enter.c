/* SPDX-License-Identifier: MIT */
/*
 * enter.c: handles a call that entry.S passes on. The first stage that has a function for it gets
 * it, and its decision is the way out of the hook. See hook.h, "Stages of a call".
 */
#include "hook/hook.h"

u8 sd_syscall_flags[SD_NSYSCALLS];
sd_call_fn sd_stage[SD_STAGES][SD_NSYSCALLS];
u32 sd_leave_work;
static const struct sd_hook_events *events;

void sd_hook_init(const struct sd_hook_events *e)
{
	events = e;
}

/* Handles pending work (t->look) that isn't about the call itself. */
static void look_around(struct sd_thread *t, u64 nr)
{
	if (t->look & SD_LOOK_ALT)
		sd_alt_check(t);
	if (t->look & SD_LOOK_EARLY &&
	    !(nr < SD_NSYSCALLS && sd_syscall_flags[nr] & SD_SYSCALL_MAY_FOLLOW))
		events->settle(t);
}

enum sd_way sd_first_stage(struct sd_thread *t, u64 nr)
{
	if (nr >= SD_NSYSCALLS || !sd_stage[0][nr])
		return SD_HOST;
	if (t->sync_blocked)
		sd_unblock_sync(t);
	return sd_stage[0][nr](t);
}

void sd_hook(struct sd_thread *t)
{
	u64 nr = t->regs.rax;
	enum sd_way way;

	t->ret = t->site->ret;
	if (sd_unlikely(t->look_any))
		look_around(t, nr);
	if (sd_unlikely(sd_load_relaxed(&t->traced)))
		way = events->traced(t);
	else
		way = sd_first_stage(t, nr);
	sd_store_release(&t->qps_in_use, 0);
	if (sd_unlikely(sd_load_relaxed(&sd_leave_work)))
		events->leave(t);
	switch (way) {
	case SD_HOST:
		t->exit_rip = t->site->sys;
		break;
	case SD_EDITED:
		t->exit_rip = (u64)sd_edited;
		break;
	case SD_DONE:
		t->exit_rip = t->ret;
		break;
	case SD_AGAIN:
		t->exit_rip = sd_stub_of(t->site, SD_STUB_TRAP);
		if (sd_unlikely(t->refused))
			events->refused(t);
		break;
	}
}

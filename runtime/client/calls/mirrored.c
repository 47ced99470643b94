/* SPDX-License-Identifier: MIT */
/*
 * mirrored.c: mirrored calls, which change what every domain must know about the program: ids,
 * groups, umask. The host makes the call first; if that succeeds, each domain that the program is
 * attached to repeats it, and checks it by its own credentials for the program. A domain that
 * refuses isn't used any more, since it would act with other credentials than the host.
 */
#include "calls/calls.h"

/*
 * With other ids a program may no longer have access to the supervisors' sockets, nor would they
 * know which ids it can restore. So it attaches to all domains before the call; also for sync,
 * which is about all files.
 */
static int mirrored_attaches(u64 nr)
{
	switch (nr) {
	case __NR_setuid:
	case __NR_setgid:
	case __NR_setreuid:
	case __NR_setregid:
	case __NR_setresuid:
	case __NR_setresgid:
	case __NR_setfsuid:
	case __NR_setfsgid:
	case __NR_setgroups:
	case __NR_capset:
	case __NR_sync:
		return 1;
	}
	return 0;
}

static void attach_first(struct sd_thread *t, u32 dom)
{
	long err = 0;

	if (sd_qp_of(t, dom, 1, &err))
		t->files->chan[dom]->keep = 1;
}

static void tell_domain(struct sd_thread *t, u32 dom, u64 nr, const u64 arg[6])
{
	struct sd_chan *c = t->files->chan[dom];
	long ret;

	if (!c || c->state != SD_CHAN_LIVE)
		return; /* a later channel begins with the state at that time */
	ret = sd_domain_do(t, dom, nr, arg);
	if (!sd_is_error(ret) || c->state != SD_CHAN_LIVE)
		return;
	/* The domain can't change capabilities that it never granted; so the program has less
	 * than on the host. */
	if (nr == __NR_capset || nr == __NR_prctl)
		return;
	c->state = SD_CHAN_PROTO;
	sd_say(SD_LOG_WARN, sd_domain[dom].stubs->name,
	       "the domain refuses a change of ids that the host has made",
	       "the program gets EPROTO for its files there");
}

enum sd_way sd_call_mirrored(struct sd_thread *t)
{
	u64 nr = t->regs.rax;
	u64 arg[6] = {t->regs.rdi, t->regs.rsi, t->regs.rdx, t->regs.r10, t->regs.r8, t->regs.r9};
	int caps = sd_caps_change(nr, arg);
	u32 wanted = 0;
	long ret;

	for (u32 d = 0; d < sd_ndomains; d++)
		if (sd_mirror_stub(d, nr, arg))
			wanted |= 1u << d;
	if (!wanted && !caps)
		return sd_next(t, SD_STAGE_MIRRORED);
	for (u32 d = 0; d < sd_ndomains; d++)
		if (wanted >> d & 1 && mirrored_attaches(nr))
			attach_first(t, d);
	ret = sys6(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	if (sd_is_error(ret))
		return sd_done(t, ret);
	for (u32 d = 0; d < sd_ndomains; d++)
		if (wanted >> d & 1)
			tell_domain(t, d, nr, arg);
	if (caps)
		sd_caps_changed(t, nr, arg);
	return sd_done(t, ret);
}

/* SPDX-License-Identifier: MIT */
/*
 * caps.c: a program's capabilities, as every domain must know them (SD_OP_RIGHTS). After each call
 * that may have changed them on the host, the host is asked what they are now; so too on a new
 * channel, and by a program that was just executed. A domain only ever takes away; what a program
 * could have at most it knows from the supervisor.
 *
 * Where the host can't be asked (a seccomp filter might kill for it) the program keeps none after a
 * call that is about them. Those of another user namespace are worth nothing in a domain, for good.
 * Threads: the domain knows one set for all, never more permitted than the weakest that told it.
 */
#include "names/names.h"
#include <sd/ticket.h>
#include <linux/capability.h>
#include <linux/prctl.h>

enum change {
	NONE,
	MAYBE,
	CAPS,
	USERS
}; /* by the ids; of the sets as such; to another user namespace */

static enum change change(u64 nr, const u64 arg[6])
{
	switch (nr) {
	case __NR_setuid:
	case __NR_setreuid:
	case __NR_setresuid:
	case __NR_setfsuid:
		return MAYBE;
	case __NR_capset:
		return CAPS;
	case __NR_unshare:
		return arg[0] & CLONE_NEWUSER ? USERS : NONE;
	case __NR_setns: /* 0: what kind it is says the fd */
		return !arg[1] || arg[1] & CLONE_NEWUSER ? USERS : NONE;
	case __NR_prctl:
		switch (arg[0]) {
		case PR_CAPBSET_DROP:
		case PR_SET_SECUREBITS:
		case PR_SET_KEEPCAPS:
		case PR_CAP_AMBIENT:
		case PR_SET_NO_NEW_PRIVS:
			return CAPS;
		}
	}
	return NONE;
}

int sd_caps_change(u64 nr, const u64 arg[6])
{
	return change(nr, arg) != NONE;
}

static int may_ask(void)
{
	return !sd_no_patch && !sys(__NR_prctl, PR_GET_SECCOMP);
}

static void ask(u64 arg[6])
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};

	if (sys(__NR_capget, &h, d))
		return;
	arg[0] = d[0].permitted | (u64)d[1].permitted << 32;
	arg[1] = d[0].effective | (u64)d[1].effective << 32;
	arg[2] = d[0].inheritable | (u64)d[1].inheritable << 32;
	for (u32 cap = 0; cap < 64; cap++) {
		long has = sys(__NR_prctl, PR_CAPBSET_READ, cap);

		if (has < 0)
			break;
		arg[4] |= (u64)has << cap;
		if (sys(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap) == 1)
			arg[3] |= 1ull << cap;
	}
	arg[5] = (u32)sys(__NR_prctl, PR_GET_SECUREBITS);
	if (sys(__NR_prctl, PR_GET_NO_NEW_PRIVS) == 1)
		arg[5] |= SD_RIGHTS_NO_NEW_PRIVS;
}

static enum sd_status tell(struct sd_lane *l, const u64 arg[6])
{
	enum sd_status st;
	long ret = 0;

	do {
		l->intr = 0;
		st = sd_own_call(l, &ret, SD_OP_RIGHTS, arg);
	} while (st == SD_INTR || st == SD_REFUSED);
	return st == SD_OK && ret < 0 ? SD_PROTO
				      : st; /* no memory: who wasn't told isn't used any more */
}

static void tell_all(struct sd_thread *t, const u64 arg[6])
{
	for (u32 d = 0; d < sd_ndomains; d++) {
		struct sd_chan *c = t->files ? t->files->chan[d] : NULL;
		struct sd_lane *l;
		enum sd_status st;
		long err = 0;

		if (!c || c->state != SD_CHAN_LIVE)
			continue;
		l = sd_lane_of(t, d, 0, &err);
		if (!l && c->state == SD_CHAN_LIVE) /* it doesn't know: it isn't asked for anything
						       any more */
			c->state = SD_CHAN_PROTO;
		if (!l)
			continue;
		t->lane_now = NULL;
		st = tell(l, arg);
		if (st != SD_OK)
			sd_status_errno(t, l, st);
	}
}

void sd_caps_changed(struct sd_thread *t, u64 nr, const u64 call[6])
{
	enum change what = change(nr, call);
	u64 arg[6] = {0};

	if (what == USERS)
		tell_all(t, arg);
	else if (may_ask())
		ask(arg), tell_all(t, arg);
	else if (what == CAPS)
		tell_all(t, arg);
}

void sd_caps_foreign(struct sd_thread *t)
{
	const u64 none[6] = {0};

	tell_all(t, none);
}

void sd_caps_introduce(struct sd_lane *l)
{
	u64 arg[6] = {0};

	if (!may_ask())
		return;
	ask(arg);
	tell(l, arg);
}

void sd_caps_executed(struct sd_thread *t)
{
	u64 arg[6] = {0};

	if (!may_ask())
		return;
	ask(arg);
	tell_all(t, arg);
}

void sd_caps_init(void (*each)(u64 nr))
{
	static const u16 nrs[] = {__NR_setuid, __NR_setreuid, __NR_setresuid, __NR_setfsuid,
				  __NR_capset, __NR_unshare,  __NR_setns,     __NR_prctl};

	for (u32 i = 0; sd_ndomains && i < sizeof(nrs) / sizeof(nrs[0]); i++)
		each(nrs[i]);
}

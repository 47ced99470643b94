/* SPDX-License-Identifier: MIT */
/*
 * caps.c: tells every domain the program's capabilities (SD_OP_CRED). After each call that may
 * have changed them on the host, the host is asked for them again; so it is on a new channel, and
 * after exec. A domain only ever removes capabilities; the upper limit comes from the supervisor.
 *
 * If the host can't be asked (a seccomp filter might kill for it) the program keeps none after
 * such a call. Capabilities of another user namespace have no effect in a domain, permanently.
 * Threads: the domain has one set for all, the smallest that any thread reported.
 */
#include "calls/calls.h"
#include <linux/prctl.h>

enum change {
	NONE,
	MAYBE,
	CAPS,
	USERS
}; /* changes by ids; of the sets themselves; to another user namespace */

static enum change caps_kind_of(u64 nr, const u64 arg[6])
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
	case __NR_setns: /* 0: the fd tells the kind */
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
	return caps_kind_of(nr, arg) != NONE;
}

static void tell_all(struct sd_thread *t, const u64 arg[6])
{
	for (u32 d = 0; d < sd_ndomains; d++) {
		struct sd_chan *c = t->files ? t->files->chan[d] : NULL;
		struct sd_qp *l;
		enum sd_status st;
		long err = 0;

		if (!c || c->state != SD_CHAN_LIVE)
			continue;
		l = sd_qp_of(t, d, 0, &err);
		if (!l && c->state == SD_CHAN_LIVE) /* it wasn't told: it isn't used any more */
			c->state = SD_CHAN_PROTO;
		if (!l)
			continue;
		st = sd_cred_tell(l, arg);
		if (st != SD_OK)
			sd_status_errno(t, l, st);
	}
}

void sd_caps_changed(struct sd_thread *t, u64 nr, const u64 call[6])
{
	enum change what = caps_kind_of(nr, call);
	u64 arg[6] = {0};

	if (what == USERS)
		tell_all(t, arg);
	else if (sd_cred_known())
		sd_cred_ask(arg), tell_all(t, arg);
	else if (what == CAPS)
		tell_all(t, arg);
}

void sd_caps_foreign(struct sd_thread *t)
{
	const u64 none[6] = {0};

	tell_all(t, none);
}

void sd_caps_executed(struct sd_thread *t)
{
	u64 arg[6] = {0};

	if (!sd_cred_known())
		return;
	sd_cred_ask(arg);
	tell_all(t, arg);
}

bool sd_caps_call(u64 nr)
{
	switch (nr) {
	case __NR_setuid:
	case __NR_setreuid:
	case __NR_setresuid:
	case __NR_setfsuid:
	case __NR_capset:
	case __NR_unshare:
	case __NR_setns:
	case __NR_prctl:
		return true;
	}
	return false;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * serve_cred.c: a client's credentials besides its ids: capability sets, securebits, no_new_privs.
 * What the supervisor says at attach is the upper bound. The program's own word (SD_OP_CRED, after
 * each change on the host) only reduces it, except for raising capabilities that are permitted.
 * Exec follows Linux' rules.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/securebits.h>
#include <linux/uidgid.h>
#include "serve.h"

static kernel_cap_t cred_caps(u64 bits)
{
	kernel_cap_t c = CAP_EMPTY_SET;

	for (int i = 0; i <= CAP_LAST_CAP; i++)
		if (bits >> i & 1)
			cap_raise(c, i);
	return c;
}

void sd_cred_begin(struct cred *new, const struct sd_ctl_cred *r)
{
	new->suid = new->fsuid = new->euid;
	new->sgid = new->fsgid = new->egid;
	new->cap_bset = cred_caps(r->bounding);
	new->cap_inheritable = cred_caps(r->inheritable);
	new->cap_permitted = cred_caps(r->permitted);
	new->cap_effective = cred_caps(r->effective & r->permitted);
	new->cap_ambient = cred_caps(r->ambient & r->permitted & r->inheritable);
}

/* With CAP_SETPCAP what the program says, except for locked bits; without it a program can only
 * give up root's privileges. */
static unsigned int cred_securebits(const struct cred *old, u64 said)
{
	unsigned int keep = issecure_mask(SECURE_KEEP_CAPS), now = old->securebits;
	unsigned int locked = now & SECURE_ALL_LOCKS;

	said &= SECURE_ALL_BITS | SECURE_ALL_LOCKS;
	if (cap_raised(old->cap_effective, CAP_SETPCAP))
		now = (said & ~(locked >> 1)) | (now & (locked | locked >> 1));
	else
		now |= said & (issecure_mask(SECURE_NOROOT) | issecure_mask(SECURE_NOROOT_LOCKED));
	return (now & ~keep) | (said & keep);
}

long sd_cred_told(const struct sd_serve *s, struct sd_client *c)
{
	struct cred *new = prepare_creds(); /* the caller has assumed c's */

	if (!new)
		return -ENOMEM;
	new->securebits = cred_securebits(current_cred(), s->arg[5]);
	new->cap_bset = cap_intersect(new->cap_bset, cred_caps(s->arg[4]));
	new->cap_inheritable = cap_intersect(cred_caps(s->arg[2]),
					     cap_combine(new->cap_inheritable, new->cap_permitted));
	new->cap_permitted = cap_intersect(new->cap_permitted, cred_caps(s->arg[0]));
	new->cap_effective = cap_intersect(new->cap_permitted, cred_caps(s->arg[1]));
	new->cap_ambient = cap_intersect(cap_intersect(new->cap_permitted, new->cap_inheritable),
					 cred_caps(s->arg[3]));
	if (s->arg[5] & SD_CRED_NO_NEW_PRIVS)
		c->no_new_privs = true;
	return commit_creds(new);
}

/*
 * The credentials of a program after exec, as cap_bprm_creds_from_file() and begin_new_exec() leave
 * them for a file without capabilities: root gets its bounding set, others their ambient set.
 */
static void as_executed(struct cred *new, bool no_new_privs)
{
	bool effective = uid_eq(new->euid, GLOBAL_ROOT_UID),
	     root = effective || uid_eq(new->uid, GLOBAL_ROOT_UID);
	const kernel_cap_t had = new->cap_permitted;

	new->suid = new->fsuid = new->euid;
	new->sgid = new->fsgid = new->egid;
	new->securebits &= ~issecure_mask(SECURE_KEEP_CAPS);
	if (root && !(new->securebits &issecure_mask(SECURE_NOROOT))) {
		cap_clear(new->cap_ambient);
		new->cap_permitted = cap_combine(new->cap_bset, new->cap_inheritable);
		if (no_new_privs)
			new->cap_permitted = cap_intersect(new->cap_permitted, had);
		new->cap_effective = new->cap_permitted;
		if (!effective)
			cap_clear(new->cap_effective);
		return;
	}
	new->cap_permitted = new->cap_effective = new->cap_ambient;
}

void sd_client_executed(struct sd_client *c)
{
	struct cred *new = prepare_creds(); /* the caller has assumed c's */

	if (!new)
		return; /* it keeps what it had, and gets no more */
	as_executed(new, c->no_new_privs);
	commit_creds(new);
}

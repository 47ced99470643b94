// SPDX-License-Identifier: GPL-2.0
/*
 * serve_fair.c: who may have how much of what all clients share: tasks that wait, tickets, places
 * of clients, waiting calls of other domains. Counted by client, and by the user whose client it
 * was when it attached: setuid() gives nobody a new share, and root's is like any other.
 *
 * One rule for all: one more is given as long as what the client has and what its user has are
 * together no more than what is left free. So a client alone gets a third of all, a user never more
 * than half, and the next client, above all of another user, always something.
 */
#include <linux/cred.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include "serve.h"

#define KEPT_FREE 2u /* beyond that, for calls that have to wait in any case */

static LIST_HEAD(users);

static struct sd_user *user_find(kuid_t uid)
{
	struct sd_user *u;

	list_for_each_entry (u, &users, node)
		if (uid_eq(u->uid, uid))
			return u;
	return NULL;
}

struct sd_user *sd_user_get(kuid_t uid)
{
	struct sd_user *u = user_find(uid);

	if (!u) {
		u = kzalloc(sizeof(*u), GFP_KERNEL);
		if (!u)
			return NULL;
		u->uid = uid;
		list_add(&u->node, &users);
	}
	u->refs++;
	return u;
}

void sd_user_put(struct sd_user *u)
{
	if (--u->refs)
		return;
	list_del(&u->node);
	kfree(u);
}

bool sd_may_hold(const struct sd_user *u, const struct sd_client *c, enum sd_pool p, u32 left)
{
	return u->held[p] + (c ? c->held[p] : 0) + KEPT_FREE <= left;
}

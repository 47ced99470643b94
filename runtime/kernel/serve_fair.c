// SPDX-License-Identifier: GPL-2.0
/*
 * serve_fair.c: fair shares of what all clients use: tasks that wait, tickets, client slots,
 * waiting calls to other domains. Counted by client, and by the user that the client had when it
 * attached: setuid() doesn't give a new share, and root's share is like any other.
 *
 * One rule for all: one more is given as long as the client's and its user's counts together don't
 * exceed what is left free. So a single client gets a third of all, a user at most half, and the
 * next client, above all one of another user, always gets something.
 */
#include <linux/cred.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include "serve.h"

#define KEPT_FREE 2u /* reserved for calls that must wait in any case */

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

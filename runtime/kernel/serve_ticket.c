// SPDX-License-Identifier: GPL-2.0
/* serve_ticket.c: open files on their way from one client to another: see sd/ticket.h. */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/hashtable.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <sd/ticket.h>
#include "serve.h"

struct ticket {
	struct hlist_node node;	 /* by key */
	struct list_head given;	 /* giver->tickets, while there is one */
	struct sd_client *giver; /* NULL: the client is gone, another one holds the ticket */
	struct sd_user *user;	 /* the giver's */
	struct file *file;
	u64 key[2];
	bool held;
};

static DEFINE_HASHTABLE(tickets, 8);
static u32 ntickets;

/* Compares in constant time, so a guess can't be improved by timing. */
static struct ticket *ticket_find(const u64 key[2])
{
	struct ticket *t;

	hash_for_each_possible (tickets, t, node, key[0])
		if (!((t->key[0] ^ key[0]) | (t->key[1] ^ key[1])))
			return t;
	return NULL;
}

/* Removes the ticket; its file becomes the caller's. */
static struct file *ticket_take(struct ticket *t)
{
	struct file *file = t->file;

	hash_del(&t->node);
	if (t->giver) {
		list_del(&t->given);
		t->giver->held[SD_POOL_TICKETS]--;
	}
	t->user->held[SD_POOL_TICKETS]--;
	sd_user_put(t->user);
	ntickets--;
	kfree(t);
	return file;
}

static long ticket_make(struct sd_client *c, struct file *file, u64 key[2])
{
	struct ticket *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	if (c->held[SD_POOL_TICKETS] >= SD_TICKETS ||
	    !sd_may_hold(c->user, c, SD_POOL_TICKETS, SD_TICKETS_ALL - ntickets)) {
		kfree(t);
		return -ETOOMANYREFS;
	}
	do
		get_random_bytes(t->key, sizeof(t->key));
	while (ticket_find(t->key));
	t->file = file;
	t->giver = c;
	t->user = sd_user_get(c->user->uid); /* there is one */
	list_add(&t->given, &c->tickets);
	hash_add(tickets, &t->node, t->key[0]);
	sd_hold(c, SD_POOL_TICKETS);
	ntickets++;
	memcpy(key, t->key, sizeof(t->key));
	return 0;
}

long sd_ticket_give(struct sd_serve *s, struct sd_client *c)
{
	u64 __user *to = sd_uptr(s, s->arg[1], 16);
	struct file *file;
	u64 key[2];
	long err;

	if (s->bad)
		return -EPROTO;
	file = fget(s->arg[0]);
	if (!file)
		return -EBADF;
	err = ticket_make(c, file, key);
	if (err) {
		fput(file);
		return err;
	}
	if (!copy_to_user(to, key, sizeof(key)))
		return 0;
	fput(ticket_take(ticket_find(key)));
	return -EFAULT;
}

long sd_ticket_show(struct sd_serve *s, struct sd_client *c)
{
	struct ticket *t;
	int fd;

	if (s->arg[2] & ~(u64)SD_REDEEM_KEEP)
		return -EINVAL;
	fd = get_unused_fd_flags(0);
	if (fd < 0)
		return fd;
	t = ticket_find(s->arg);
	if (!t) {
		put_unused_fd(fd);
		return -ENOENT;
	}
	if (sd_share_adopt)
		sd_share_adopt(t->file);
	fd_install(fd, s->arg[2] & SD_REDEEM_KEEP ? get_file(t->file) : ticket_take(t));
	return fd;
}

int sd_ticket_hold(const struct sd_ctl_ticket *m)
{
	struct ticket *t = ticket_find(m->key);

	if (!t)
		return m->hold ? -ENOENT : 0; /* it has been redeemed */
	if (m->hold) {
		t->held = true;
		return 0;
	}
	fput(ticket_take(t));
	sd_exit_work();
	return 0;
}

void sd_tickets_end(struct sd_client *c)
{
	struct ticket *t, *next;

	list_for_each_entry_safe (t, next, &c->tickets, given) {
		if (!t->held) {
			fput(ticket_take(t));
			continue;
		}
		list_del(&t->given);
		t->giver = NULL;
		c->held[SD_POOL_TICKETS]--;
	}
}

u64 sd_tickets_each(const struct sd_client *c, void (*fn)(struct file *file, void *arg), void *arg)
{
	struct ticket *t;
	u64 bytes = 0;

	list_for_each_entry (t, &c->tickets, given) {
		fn(t->file, arg);
		bytes += sizeof(*t);
	}
	return bytes;
}

void sd_tickets_drop(void)
{
	struct hlist_node *next;
	struct ticket *t;
	int i;

	hash_for_each_safe (tickets, i, next, t, node)
		fput(ticket_take(t));
}

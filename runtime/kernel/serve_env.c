// SPDX-License-Identifier: GPL-2.0
/* serve_env.c: private memory of calls (sd/server.h), and the table of calls. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "serve.h"

/* Private memory of a call in progress: its own task may use it as user memory, see
 * sd_uaccess_confine(). */
struct block {
	struct list_head node;
	struct task_struct *owner;
	struct sd_client *client;
	u64 len;
	u8 data[];
};

static LIST_HEAD(blocks);
static u64 scratch; /* bytes in all blocks */

#define CLIENT_QUOTA 16 /* part of the RAM for the calls of one client ... */
#define QUOTA_OF_ALL 4	/* and for those of all clients */

/*
 * A call gets no more than its arena holds, but a client has many queue pairs whose calls may all
 * be waiting, and a user many clients. As with all that is shared (serve_fair.c), a user gets no
 * more than is left to others.
 */
static bool scratch_fits(const struct sd_client *c, u64 len)
{
	u64 ram = (u64)totalram_pages() << PAGE_SHIFT, all = ram / QUOTA_OF_ALL;

	if (scratch + len > all)
		return false;
	return !c ||
	       (c->scratch + len <= ram / CLIENT_QUOTA && c->user->scratch + len <= all - scratch);
}

static void scratch_charge(struct sd_client *c, s64 len)
{
	scratch += len;
	if (!c)
		return;
	c->scratch += len;
	c->user->scratch += len;
}

bool sd_call_takes(u64 len)
{
	struct sd_worker *w = sd_worker_calling();

	if (!w)
		return true;
	if (!scratch_fits(w->assumed, len))
		return false;
	scratch_charge(w->assumed, len);
	w->took += len;
	return true;
}

void sd_call_gives_back(struct sd_worker *w)
{
	scratch_charge(w->assumed, -(s64)w->took);
	w->took = 0;
}

void *sd_scratch_get(void *owner, u64 len)
{
	struct sd_client *c = owner;
	struct block *b = scratch_fits(c, len)
				  ? kvzalloc(sizeof(*b) + len,
					     GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)
				  : NULL;

	if (!b)
		return NULL;
	scratch_charge(c, len);
	b->client = c;
	b->owner = current;
	b->len = len;
	list_add(&b->node, &blocks);
	return b->data;
}

void sd_scratch_put(void *p)
{
	struct block *b = container_of(p, struct block, data[0]);

	scratch_charge(b->client, -(s64)b->len);
	list_del(&b->node);
	kvfree(b);
}

bool sd_mem_mine(unsigned long addr, unsigned long size)
{
	const struct block *b;

	list_for_each_entry (b, &blocks, node)
		if (b->owner == current && sd_inside(addr, size, (unsigned long)b->data, b->len))
			return true;
	return false;
}

void sd_serve_table(void)
{
	static struct sd_table table;

	table.call = sd_served;
	table.n = sd_nserved;
	sd_poll_init(&sd_poller, &table, sd_boot->wake_page);
}

// SPDX-License-Identifier: GPL-2.0
/* serve_env.c: what runtime/core wants from its surroundings, and the table of calls. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "serve.h"

/* Private memory of a call in progress: its own task may use it as user memory, see sd_user_confine(). */
struct block {
	struct list_head node;
	struct task_struct *owner;
	struct sd_client *client;
	u64 len;
	u8 data[];
};

static LIST_HEAD(blocks);
static u64 scratch; /* bytes in all of them */

#define CLIENTS_SHARE	16	/* of the RAM, for the calls of one client ... */
#define SHARE_OF_ALL	4	/* and for those of all */

/* A call gets no more than its arena holds, but a client has many lanes, whose calls may all be waiting. */
static bool may_have(const struct sd_client *c, u64 len)
{
	u64 ram = (u64)totalram_pages() << PAGE_SHIFT;

	return scratch + len <= ram / SHARE_OF_ALL && (!c || c->scratch + len <= ram / CLIENTS_SHARE);
}

void *sd_mem_get(void *owner, u64 len)
{
	struct sd_client *c = owner;
	struct block *b = may_have(c, len) ? kvzalloc(sizeof(*b) + len, GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN) : NULL;

	if (!b)
		return NULL;
	scratch += len;
	if (c)
		c->scratch += len;
	b->client = c;
	b->owner = current;
	b->len = len;
	list_add(&b->node, &blocks);
	return b->data;
}

void sd_mem_put(void *p)
{
	struct block *b = container_of(p, struct block, data[0]);

	scratch -= b->len;
	if (b->client)
		b->client->scratch -= b->len;
	list_del(&b->node);
	kvfree(b);
}

bool sd_mem_mine(unsigned long addr, unsigned long size)
{
	const struct block *b;

	list_for_each_entry(b, &blocks, node)
		if (b->owner == current && sd_inside(addr, size, (unsigned long)b->data, b->len))
			return true;
	return false;
}

/* Above TASK_SIZE for any length: access_ok() refuses it. */
void __user *sd_bad_pointer(void)
{
	return (void __user *)-PAGE_SIZE;
}

void sd_wake_client(u32 *word)
{
	sd_machine_wake(word);
}

void sd_serve_table(void)
{
	static struct sd_table table;

	table.call = sd_served;
	table.n = sd_nserved;
	sd_poll_init(&sd_poller, &table, sd_boot->bell);
}

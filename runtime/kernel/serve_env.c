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
	u64 len;
	u8 data[];
};

static LIST_HEAD(blocks);

void *sd_mem_get(u64 len)
{
	struct block *b = kvzalloc(sizeof(*b) + len, GFP_KERNEL);

	if (!b)
		return NULL;
	b->owner = current;
	b->len = len;
	list_add(&b->node, &blocks);
	return b->data;
}

void sd_mem_put(void *p)
{
	struct block *b = container_of(p, struct block, data[0]);

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

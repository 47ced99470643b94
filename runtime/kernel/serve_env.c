// SPDX-License-Identifier: GPL-2.0
/* serve_env.c: what runtime/core wants from its surroundings, and the table of calls. */
#include <linux/mm.h>
#include <linux/slab.h>
#include "serve.h"

void *sd_mem_get(u64 len)
{
	return kvzalloc(len, GFP_KERNEL);
}

void sd_mem_put(void *p)
{
	kvfree(p);
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

// SPDX-License-Identifier: GPL-2.0
/* KASAN: the shadow's place, and what an architecture does at boot. See asm/kasan.h;
 * mm/kasan/init.c, which is about page tables, is cut. */
#include <linux/init.h>
#include <linux/kasan.h>
#include <linux/panic_notifier.h>
#include <linux/printk.h>
#include <linux/sched/task.h>
#include <asm/sections.h>
#include <sd/shadow.h>

__visible const struct sd_shadow sd_shadow = {KASAN_SHADOW_START, KASAN_SHADOW_SIZE};

void __init kasan_init(void)
{
	init_task.kasan_depth = 0;
}

/* The compiler's: each tells the red zones around the variables of one file. */
static int __init kasan_globals(void)
{
	for (ctor_fn_t *fn = (ctor_fn_t *)__ctors_start; fn < (ctor_fn_t *)__ctors_end; fn++)
		(*fn)();
	return 0;
}
pure_initcall(kasan_globals);

/* A report has plain addresses, of a process whose image may be mapped anywhere. */
static int say_where(struct notifier_block *nb, unsigned long event, void *msg)
{
	pr_emerg("kasan: _text is at %px: addresses less that are offsets in the image's text\n",
		 _text);
	return NOTIFY_DONE;
}

static struct notifier_block where_block = {
	.notifier_call = say_where,
	.priority = INT_MAX,
};

static int __init where_init(void)
{
	return atomic_notifier_chain_register(&panic_notifier_list, &where_block);
}
early_initcall(where_init);

// SPDX-License-Identifier: GPL-2.0
/* kasan.c: KASAN: the shadow's place, and the architecture's part of the boot. See asm/kasan.h;
 * mm/kasan/init.c, which handles page tables, is cut. */
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

/* Calls the compiler's constructors, each of which registers the red zones around one file's
 * variables. */
static int __init kasan_globals(void)
{
	for (ctor_fn_t *fn = (ctor_fn_t *)__ctors_start; fn < (ctor_fn_t *)__ctors_end; fn++)
		(*fn)();
	return 0;
}
pure_initcall(kasan_globals);

/* A report has absolute addresses, but the image may be mapped anywhere: prints where. */
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

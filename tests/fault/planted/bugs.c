// SPDX-License-Identifier: GPL-2.0
/*
 * bugs.c: kernel bugs, selected by the offset passed to fallocate(). Compiled like the domain's own
 * code, it replaces ext4_fallocate() in a debug image (planted.py), which must detect them. Other
 * offsets make the same calls without a bug.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

enum bug {
	NONE,
	READ_FREED,
	WRITE_FREED,
	WRITE_BEHIND,
	READ_BEFORE,
	FREE_TWICE,
	FREE_INSIDE,
	COPY_BEHIND,
	PAGE_FREED,
	LARGE_BEHIND,
	GLOBAL_BEHIND
};

#define SIZE 45 /* not a multiple of the allocator's alignment */

long ext4_fallocate(struct file *file, int mode, loff_t offset, loff_t len);

/* Hides from the compiler that a pointer is a copy. */
static noinline char *hidden(char *p)
{
	OPTIMIZER_HIDE_VAR(p);
	return p;
}

static long object(enum bug bug)
{
	volatile char *p = hidden(kmalloc(SIZE, GFP_KERNEL));
	char other[SIZE + 1] = {};

	if (!p)
		return -ENOMEM;
	p[0] = 1;
	p[bug == WRITE_BEHIND ? SIZE : SIZE - 1] = 1;
	if (bug == READ_BEFORE)
		p[0] = p[-1];
	memcpy(hidden((char *)p), other, bug == COPY_BEHIND ? SIZE + 1 : SIZE);
	kfree(hidden((char *)p) + (bug == FREE_INSIDE ? 8 : 0));
	if (bug == WRITE_FREED)
		p[8] = 1;
	if (bug == FREE_TWICE)
		kfree(hidden((char *)p));
	return bug == READ_FREED ? p[8] : 0;
}

static long pages(enum bug bug)
{
	volatile char *p = (char *)__get_free_page(GFP_KERNEL);
	volatile char *large = hidden(kmalloc(3 * PAGE_SIZE - 1, GFP_KERNEL));
	char c;

	if (!p || !large)
		return -ENOMEM;
	p[0] = large[bug == LARGE_BEHIND ? 3 * PAGE_SIZE - 1 : 0];
	kfree(hidden((char *)large));
	free_page((unsigned long)p);
	c = bug == PAGE_FREED ? p[0] : 0;
	return bug == PAGE_FREED ? c : 0;
}

long ext4_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	long r = object(offset) ?: pages(offset);

	return r ?: READ_ONCE(hidden((char *)hex_asc)[offset == GLOBAL_BEHIND ? 17 : 16]);
}

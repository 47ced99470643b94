// SPDX-License-Identifier: GPL-2.0
/*
 * user_pages.c: "pinned" pages of a program: see replace/get_user_pages_fast.c.
 *
 * A program's memory has no page structures here, so whoever asks for them gets fresh pages with a
 * copy of what was in the program's. What the kernel then changes in them is brought back byte by
 * byte when nobody else holds them any more: when the same task next asks for pages, or at the end
 * of its call. (Not all of a page: the client may put its next call's data beside these.) A page
 * that is only read belongs to who asked for it.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>

int sd_user_pages(unsigned long start, int nr, bool write, struct page **pages);

/* Pages that the kernel may write to, all from one request. */
struct pages_lent {
	struct callback_head work; /* at the end of the call */
	struct list_head list;
	struct task_struct *task;
	unsigned long at; /* in the program */
	unsigned int n;
	struct page *page[]; /* 2 i: lent, 2 i + 1: what was in it */
};

static LIST_HEAD(pages_lent);
static DEFINE_SPINLOCK(pages_lock);

static void pages_free(struct pages_lent *l)
{
	unsigned int i;

	for (i = 0; i < 2 * l->n; i++)
		if (l->page[i])
			put_page(l->page[i]);
	l->n = 0;
}

static bool pages_are_back(const struct pages_lent *l)
{
	unsigned int i;

	for (i = 0; i < l->n; i++)
		if (page_count(l->page[2 * i]) > 1)
			return false;
	return true;
}

static void pages_bring_back(const struct pages_lent *l, unsigned int i)
{
	const u8 *now = page_address(l->page[2 * i]), *was = page_address(l->page[2 * i + 1]);
	u8 __user *to = (u8 __user *)(l->at + i * PAGE_SIZE);
	unsigned int beg = 0, end;

	for (; beg < PAGE_SIZE; beg = end + 1) {
		while (beg < PAGE_SIZE && now[beg] == was[beg])
			beg++;
		for (end = beg; end < PAGE_SIZE && now[end] != was[end];)
			end++;
		if (end > beg)
			WARN_ONCE(copy_to_user(to + beg, now + beg, end - beg),
				  "a program's page can't be written to any more");
	}
}

static void pages_settle(struct pages_lent *l)
{
	unsigned int i;

	for (i = 0; i < l->n; i++)
		pages_bring_back(l, i);
	pages_free(l);
}

static void pages_end(struct callback_head *work)
{
	struct pages_lent *l = container_of(work, struct pages_lent, work);

	spin_lock(&pages_lock);
	list_del(&l->list);
	spin_unlock(&pages_lock);
	if (!pages_are_back(l))
		panic("kslice: get_user_pages_fast(): a program's pages are still written to after the call, "
		      "when a domain can't bring that back");
	pages_settle(l);
	kfree(l);
}

/* In the order they were lent. Only this task takes its own from the list. */
static void pages_settle_done(void)
{
	struct pages_lent *l;

	spin_lock(&pages_lock);
	list_for_each_entry (l, &pages_lent, list) {
		if (l->task != current || !l->n || !pages_are_back(l))
			continue;
		spin_unlock(&pages_lock);
		pages_settle(l);
		spin_lock(&pages_lock);
	}
	spin_unlock(&pages_lock);
}

/*
 * A client's region can be written to; not so all memory of a program that is in this process.
 * Nobody else changes that byte in between: the program is in its call.
 */
static bool page_refuses(unsigned long at, const struct page *page)
{
	return !current->thread.user_len && copy_to_user((void __user *)at, page_address(page), 1);
}

/* A page with what is in the program's. NULL: memory, or the program has none there. */
static struct page *page_like(unsigned long at, bool write, int *err)
{
	struct page *page = alloc_page(GFP_KERNEL);

	*err = -ENOMEM;
	if (!page)
		return NULL;
	*err = -EFAULT;
	if (!copy_from_user(page_address(page), (const void __user *)at, PAGE_SIZE) &&
	    (!write || !page_refuses(at, page)))
		return page;
	put_page(page);
	return NULL;
}

static struct pages_lent *pages_lend(unsigned long start, int nr)
{
	struct pages_lent *l = kzalloc(struct_size(l, page, 2 * nr), GFP_KERNEL);

	if (!l)
		return NULL;
	l->at = start;
	l->task = current;
	init_task_work(&l->work, pages_end);
	if (task_work_add(current, &l->work, TWA_RESUME)) { /* the task ends */
		kfree(l);
		return NULL;
	}
	spin_lock(&pages_lock);
	list_add_tail(&l->list, &pages_lent);
	spin_unlock(&pages_lock);
	return l;
}

/* As get_user_pages_fast(): the number of pages, each with a reference, or an error if there is
 * none. */
int sd_user_pages(unsigned long start, int nr, bool write, struct page **pages)
{
	struct pages_lent *l = NULL;
	int i, err = 0;

	if (nr <= 0)
		return 0;
	if (current->flags & PF_KTHREAD) /* has no program, nor an end of its call */
		return -EFAULT;
	pages_settle_done();
	start &= PAGE_MASK;
	if (write) {
		l = pages_lend(start, nr);
		if (!l)
			return -ENOMEM;
	}
	for (i = 0; i < nr; i++) {
		pages[i] = page_like(start + i * PAGE_SIZE, write, &err);
		if (!pages[i])
			break;
		if (!l)
			continue;
		l->page[2 * i] = pages[i];
		l->page[2 * i + 1] = alloc_page(GFP_KERNEL);
		if (!l->page[2 * i + 1]) {
			put_page(pages[i]);
			l->page[2 * i] = NULL;
			err = -ENOMEM;
			break;
		}
		copy_page(page_address(l->page[2 * i + 1]), page_address(pages[i]));
		get_page(pages[i]);
		l->n = i + 1;
	}
	return i ?: err;
}

/* SPDX-License-Identifier: MIT */
/*
 * thread.c: the per-thread regions: struct sd_thread, a guard page, the hook stack. Regions are
 * never unmapped: the region of a thread that ended is reused.
 */
#include "hook/hook.h"

#define STRUCT_SIZE (16 * 1024ul)
_Static_assert(sizeof(struct sd_thread) <= STRUCT_SIZE, "the guard page follows the struct");

static struct sd_thread *regions;
static u32 regions_lock;
static u16 all_traced;

static struct sd_thread *take_free(void)
{
	struct sd_thread *t;

	for (t = regions; t; t = t->next)
		if (!__atomic_load_n(&t->busy, __ATOMIC_ACQUIRE))
			break;
	return t;
}

/* Every signal is blocked, so the lock's holder is never interrupted by a handler that takes it. */
struct sd_thread *sd_thread_new(void)
{
	struct sd_thread *t, *next;

	sd_lock(&regions_lock);
	t = take_free();
	if (t) {
		next = t->next;
		memset(t, 0, sizeof(*t));
		t->next = next;
	} else {
		long at = sys(__NR_mmap, 0, SD_THREAD_SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at < 0) {
			sd_unlock(&regions_lock);
			return NULL;
		}
		sys(__NR_mprotect, at + STRUCT_SIZE, PAGE, PROT_NONE);
		t = (struct sd_thread *)at;
		t->next = regions;
		regions = t;
	}
	t->self = t;
	t->stack = (u64)t + SD_THREAD_SIZE;
	t->busy = 1;
	t->alt.flags = SS_DISABLE;
	t->traced = all_traced;
	sd_unlock(&regions_lock);
	return t;
}

void sd_thread_free(struct sd_thread *t)
{
	__atomic_store_n(&t->busy, 0, __ATOMIC_RELEASE);
}

int sd_thread_count(void)
{
	int n = 0;

	for (struct sd_thread *t = regions; t; t = t->next)
		n += t->busy != 0;
	return n;
}

int sd_thread_last(struct sd_thread *t)
{
	int last = 1;

	sd_lock(&regions_lock);
	t->leaving = 1;
	for (struct sd_thread *o = regions; o; o = o->next)
		if (o != t && o->busy && !o->leaving && o->files == t->files)
			last = 0;
	sd_unlock(&regions_lock);
	return last;
}

void sd_threads_lock(void)
{
	sd_lock(&regions_lock);
}

struct sd_thread *sd_threads(void)
{
	return regions;
}

void sd_threads_unlock(void)
{
	sd_unlock(&regions_lock);
}

void sd_threads_trace(bool on)
{
	sd_lock(&regions_lock);
	all_traced = on;
	for (struct sd_thread *t = regions; t; t = t->next)
		sd_store_relaxed(&t->traced, (u16)on);
	sd_unlock(&regions_lock);
}

void sd_thread_only(struct sd_thread *only)
{
	for (struct sd_thread *t = regions; t; t = t->next)
		if (t != only)
			t->busy = 0;
}

int sd_arm(struct sd_thread *t)
{
	long err = sys(__NR_arch_prctl, ARCH_SET_GS, t);

	if (!err)
		err = sys(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON,
			  __executable_start, etext - __executable_start, 0);
	return err;
}

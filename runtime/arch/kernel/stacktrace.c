// SPDX-License-Identifier: GPL-2.0
/*
 * stacktrace.c: return addresses on a task's stack. With CONFIG_FRAME_POINTER these are exactly its
 * callers; without, all words that look like return addresses, including stale ones.
 */
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>
#include <asm/sd.h>
#include <asm/sections.h>
#include "arch.h"

static bool is_text(unsigned long word)
{
	return word >= (unsigned long)_stext && word < (unsigned long)_etext;
}

#ifdef CONFIG_FRAME_POINTER
/* Follows the saved frame pointers: each frame is above its callee's on the same stack. */
static void stack_scan(struct task_struct *tsk, unsigned long sp, unsigned long frame,
		       bool (*fn)(void *arg, unsigned long ip), void *arg)
{
	unsigned long low = (unsigned long)task_stack_page(tsk),
		      end = low + THREAD_SIZE - 2 * sizeof(long);

	for (; frame >= low && frame <= end; frame = *(unsigned long *)frame) {
		unsigned long ip = ((unsigned long *)frame)[1];

		if (is_text(ip) && !fn(arg, ip))
			return;
		low = frame + 1;
	}
}
#else
static void stack_scan(struct task_struct *tsk, unsigned long sp, unsigned long frame,
		       bool (*fn)(void *arg, unsigned long ip), void *arg)
{
	unsigned long low = (unsigned long)task_stack_page(tsk), end = low + THREAD_SIZE;

	for (sp = ALIGN(sp, sizeof(long)); sp >= low && sp < end; sp += sizeof(long)) {
		unsigned long word = *(unsigned long *)sp;

		if (is_text(word) && !fn(arg, word))
			return;
	}
}
#endif

/* sd_switch() pushed the frame pointer first, before five other registers. */
void sd_walk_stack(struct task_struct *tsk, bool (*fn)(void *arg, unsigned long ip), void *arg)
{
	unsigned long frame = (unsigned long)__builtin_frame_address(0);

	if (tsk == current)
		stack_scan(tsk, frame, frame, fn, arg);
	else
		stack_scan(tsk, tsk->thread.sp, ((unsigned long *)tsk->thread.sp)[5], fn, arg);
}

struct callers {
	long *at;
	int n, max;
};

static bool callers_add(void *arg, unsigned long ip)
{
	struct callers *c = arg;

	c->at[c->n++] = ip - (unsigned long)_text;
	return c->n < c->max;
}

int sd_callers(unsigned long ip, unsigned long sp, unsigned long frame, long *at, int max)
{
	struct callers c = {.at = at, .max = max};

	callers_add(&c, ip);
	stack_scan(sd_current, sp, frame, callers_add, &c);
	return c.n;
}

#ifdef CONFIG_STACKTRACE
static bool trace_add(void *arg, unsigned long ip)
{
	struct stack_trace *trace = arg;

	if (trace->skip > 0)
		trace->skip--;
	else
		trace->entries[trace->nr_entries++] = ip;
	return trace->nr_entries < trace->max_entries;
}

void save_stack_trace(struct stack_trace *trace)
{
	sd_walk_stack(current, trace_add, trace);
}

void save_stack_trace_tsk(struct task_struct *tsk, struct stack_trace *trace)
{
	sd_walk_stack(tsk, trace_add, trace);
}
#endif

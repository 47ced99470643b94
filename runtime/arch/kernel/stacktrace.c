// SPDX-License-Identifier: GPL-2.0
/*
 * Stack traces for debugging configurations. With frame pointers, the callers. Without, every word
 * on the stack that looks like a return address, old ones too.
 */
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>
#include <asm/sections.h>

static void add(struct stack_trace *trace, unsigned long word)
{
	if (word < (unsigned long)_stext || word >= (unsigned long)_etext)
		return;
	if (trace->skip > 0)
		trace->skip--;
	else
		trace->entries[trace->nr_entries++] = word;
}

#ifdef CONFIG_FRAME_POINTER
/* From a frame to its caller's, which lies above it on the same stack. */
static void scan(struct task_struct *tsk, unsigned long frame, struct stack_trace *trace)
{
	unsigned long low = (unsigned long)task_stack_page(tsk),
		      end = low + THREAD_SIZE - 2 * sizeof(long);

	for (; frame >= low && frame <= end && trace->nr_entries < trace->max_entries;
	     frame = *(unsigned long *)frame) {
		add(trace, ((unsigned long *)frame)[1]);
		low = frame + 1;
	}
}

/* sd_switch() pushed it before five others. */
static unsigned long saved_frame(struct task_struct *tsk)
{
	return ((unsigned long *)tsk->thread.sp)[5];
}
#else
static void scan(struct task_struct *tsk, unsigned long sp, struct stack_trace *trace)
{
	unsigned long end = (unsigned long)task_stack_page(tsk) + THREAD_SIZE;

	for (; sp < end && trace->nr_entries < trace->max_entries; sp += sizeof(long))
		add(trace, *(unsigned long *)sp);
}

static unsigned long saved_frame(struct task_struct *tsk)
{
	return tsk->thread.sp;
}
#endif

void save_stack_trace(struct stack_trace *trace)
{
	scan(current, (unsigned long)__builtin_frame_address(0), trace);
}

void save_stack_trace_tsk(struct task_struct *tsk, struct stack_trace *trace)
{
	if (tsk == current)
		save_stack_trace(trace);
	else
		scan(tsk, saved_frame(tsk), trace);
}

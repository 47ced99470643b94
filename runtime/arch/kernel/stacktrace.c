// SPDX-License-Identifier: GPL-2.0
/* Stack traces for debugging configurations: every word on the stack that looks like a return address. */
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>
#include <asm/sections.h>

static void scan(struct task_struct *tsk, unsigned long sp, struct stack_trace *trace)
{
	unsigned long end = (unsigned long)task_stack_page(tsk) + THREAD_SIZE;

	for (; sp < end && trace->nr_entries < trace->max_entries; sp += sizeof(long)) {
		unsigned long word = *(unsigned long *)sp;

		if (word < (unsigned long)_stext || word >= (unsigned long)_etext)
			continue;
		if (trace->skip > 0)
			trace->skip--;
		else
			trace->entries[trace->nr_entries++] = word;
	}
}

void save_stack_trace(struct stack_trace *trace)
{
	scan(current, (unsigned long)__builtin_frame_address(0), trace);
}

void save_stack_trace_tsk(struct task_struct *tsk, struct stack_trace *trace)
{
	if (tsk == current)
		save_stack_trace(trace);
	else
		scan(tsk, tsk->thread.sp, trace);
}

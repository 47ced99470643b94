// SPDX-License-Identifier: GPL-2.0
/* process.c: tasks: a kernel stack each, no user mode. */
#include <linux/export.h>
#include <linux/reboot.h>
#include <linux/resume_user_mode.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/task_work.h>
#include <asm/sd.h>
#include <asm/switch_to.h>

void (*pm_power_off)(void);

/* What switch.S pops when a new task runs first; sd_first calls sd_thread_main(prev, fn, arg). */
struct sd_first_frame {
	unsigned long r15, r14, r13, r12, bx, bp, ip;
};

void sd_first(void);

void sd_thread_main(struct task_struct *prev, int (*fn)(void *), void *arg);

__visible void sd_thread_main(struct task_struct *prev, int (*fn)(void *), void *arg)
{
	schedule_tail(prev);
	do_exit(fn(arg));
}

int copy_thread(struct task_struct *p, const struct kernel_clone_args *args)
{
	struct pt_regs *regs = task_pt_regs(p);
	struct sd_first_frame *frame = (void *)regs - sizeof(*frame) - 16;

	/* There is no user mode to return to, so only tasks with a function can be made. */
	if (!args->fn)
		return -ENOSYS;
	memset(frame, 0, (void *)(regs + 1) - (void *)frame);
	frame->r12 = (unsigned long)args->fn;
	frame->r13 = (unsigned long)args->fn_arg;
	frame->ip = (unsigned long)sd_first;
	p->thread = (struct thread_struct){.sp = (unsigned long)frame};
	return 0;
}

void flush_thread(void)
{
}

void start_thread(struct pt_regs *regs, unsigned long ip, unsigned long sp)
{
	BUG();
}

unsigned long __get_wchan(struct task_struct *p)
{
	return 0;
}

void sd_exit_work(void)
{
	unsigned long flags = read_thread_flags();

	while (unlikely(flags & (_TIF_NEED_RESCHED | _TIF_NOTIFY_RESUME | _TIF_NOTIFY_SIGNAL))) {
		if (flags & _TIF_NEED_RESCHED)
			schedule();
		if (flags & _TIF_NOTIFY_SIGNAL) {
			clear_notify_signal();
			task_work_run();
		}
		if (flags & _TIF_NOTIFY_RESUME)
			resume_user_mode_work(NULL);
		flags = read_thread_flags();
	}
	sd_safe_point();
}

void machine_restart(char *cmd)
{
	sd_machine->halt(1);
}

void machine_halt(void)
{
	sd_machine->halt(0);
}

void machine_power_off(void)
{
	sd_machine->halt(0);
}

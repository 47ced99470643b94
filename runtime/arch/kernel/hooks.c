// SPDX-License-Identifier: GPL-2.0
/*
 * hooks.c: tells the serving side that a task is about to sleep, without patching the scheduler.
 * schedule() notifies the io_uring worker pool when a task with PF_IO_WORKER sleeps and when it
 * runs again: CONFIG_IO_WQ makes it call these two functions, which the tree doesn't define with
 * CONFIG_IO_URING off. Serving tasks are like io workers: created in the kernel, never in user
 * mode, signals blocked.
 */
#include <linux/sched.h>
#include <asm/sd.h>

void io_wq_worker_sleeping(struct task_struct *tsk);
void io_wq_worker_running(struct task_struct *tsk);

void (*sd_task_sleeping)(struct task_struct *tsk);

bool (*sd_out_of_memory)(gfp_t gfp, int order);
unsigned long sd_memory_mark;

void io_wq_worker_sleeping(struct task_struct *tsk)
{
	if (sd_task_sleeping)
		sd_task_sleeping(tsk);
}

void io_wq_worker_running(struct task_struct *tsk)
{
}

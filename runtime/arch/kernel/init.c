// SPDX-License-Identifier: GPL-2.0
/*
 * init.c: from start_kernel() to pid 1's body. rest_init() of init/main.c is replaced by ours
 * (cuts.json), which does what a kernel without programs needs of it and of kernel_init(), and ends
 * in sd_main() instead of executing /sbin/init. So the tree needs no patch, and a slice drops exec,
 * initramfs and root mounting.
 */
#include <linux/async.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpuset.h>
#include <linux/device/driver.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched/init.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/start_kernel.h>
#include <linux/workqueue.h>
#include <asm/sd.h>
#include <sd/tree.h>

extern initcall_entry_t __initcall_start[];
extern initcall_entry_t __initcall0_start[];
extern initcall_entry_t __initcall_end[];

static DECLARE_COMPLETION(kthreadd_ready);

static void __init run_initcalls(initcall_entry_t *from, initcall_entry_t *to)
{
	for (; from < to; from++)
		do_one_initcall(initcall_from_entry(from));
}

int sd_own_mm(void)
{
	struct mm_struct *mm = mm_alloc();

	if (!mm)
		return -ENOMEM;
	mmgrab(mm);
	task_lock(current);
	current->mm = mm;
	current->active_mm = mm;
	task_unlock(current);
	return 0;
}

/*
 * Same order as kernel_init_freeable(). Left out: SMP bring-up, console and root file system;
 * parameters with an initcall level, of which the port has none.
 */
static int __ref sd_init(void *unused)
{
	wait_for_completion(&kthreadd_ready);
	gfp_allowed_mask = __GFP_BITS_MASK;
	cad_pid = get_pid(task_pid(current));
	workqueue_init();
	init_mm_internals();
	rcu_init_tasks_generic();
	run_initcalls(__initcall_start, __initcall0_start);
#ifdef SD_TREE_workqueue_init_topology
	workqueue_init_topology();
#endif
#ifdef SD_TREE_async_init
	async_init();
#endif
	page_alloc_init_late();
	driver_init();
	run_initcalls(__initcall0_start, __initcall_end);
	async_synchronize_full();
	system_state = SYSTEM_RUNNING;
	rcu_end_inkernel_boot();
	if (sd_own_mm())
		panic("no memory for pid 1");
	sd_main();
}

/* kernel_thread(), whose parameters differ between trees. */
static pid_t __init start_kthreadd(void)
{
	struct kernel_clone_args args = {
		.flags = CLONE_FS | CLONE_FILES | CLONE_VM | CLONE_UNTRACED,
		.fn = kthreadd,
		.kthread = 1,
	};

	return kernel_clone(&args);
}

void __ref __noreturn sd_rest_init(void)
{
	int pid;

	rcu_scheduler_starting();
	pid = user_mode_thread(sd_init, NULL, CLONE_FS);
	if (pid < 0)
		panic("pid 1: error %d", pid);
	pid = start_kthreadd();
	rcu_read_lock();
	kthreadd_task = find_task_by_pid_ns(pid, &init_pid_ns);
	rcu_read_unlock();
	system_state = SYSTEM_SCHEDULING;
	complete(&kthreadd_ready);
	schedule_preempt_disabled();
	cpu_startup_entry(CPUHP_ONLINE);
	BUG();
}

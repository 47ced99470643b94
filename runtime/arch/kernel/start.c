// SPDX-License-Identifier: GPL-2.0
/*
 * start.c: entry: the machine calls sd_start() on its vCPU thread, which from then on runs only on
 * kernel stacks.
 */
#include <linux/init.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/start_kernel.h>
#include <linux/string.h>
#include <linux/extable.h>
#include <linux/stackprotector.h>
#include <asm/sd.h>
#include <asm/setup.h>

const struct sd_boot *sd_boot;
const struct sd_machine_ops *sd_machine;
u64 sd_boot_start;
unsigned long __stack_chk_guard __ro_after_init;
struct task_struct *sd_current = &init_task;

/* switch.S: start_kernel() on the stack that ends at sp. */
void sd_enter(unsigned long sp) __noreturn;

void sd_start(const struct sd_boot *boot)
{
	sd_boot = boot;
	sd_machine = boot->machine;
	sd_boot_start = sd_machine->clock();
	sd_enter((unsigned long)task_pt_regs(&init_task));
}

unsigned long sd_fixup(unsigned long ip)
{
	const struct exception_table_entry *e = search_exception_tables(ip);

	return e ? (unsigned long)&e->fixup + e->fixup : 0;
}

void sd_describe(const char **comm, int *pid)
{
	*comm = sd_current->comm;
	*pid = sd_current->pid;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * traps.c: call traces, traps and panics, and the console. Faults arrive in the machine (a signal,
 * a trap), which prints the Oops and ends the process.
 */
#include <linux/bug.h>
#include <linux/console.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/panic_notifier.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <asm/sd.h>
#include <asm/sections.h>
#include "arch.h"

#define TRACE_MAX 24

struct trace {
	const char *loglvl;
	int n;
};

/* The supervisor, or `eu-addr2line -e IMAGE _text+0x123`, finds function and line. */
static bool trace_print(void *arg, unsigned long ip)
{
	struct trace *trace = arg;

	printk("%s  _text+0x%lx\n", trace->loglvl, ip - (unsigned long)_text);
	return ++trace->n < TRACE_MAX;
}

/* sp is ignored: it is always on the task's own stack. */
void show_stack(struct task_struct *tsk, unsigned long *sp, const char *loglvl)
{
	struct trace trace = {.loglvl = loglvl};

	tsk = tsk ?: current;
	printk("%s%s of %s/%d:\n", loglvl,
	       IS_ENABLED(CONFIG_FRAME_POINTER) ? "Call trace" : "Possible call trace", tsk->comm,
	       tsk->pid);
	sd_walk_stack(tsk, trace_print, &trace);
}

void show_regs(struct pt_regs *regs)
{
}

/* Nothing is traced here: programs run on the host. */
void ptrace_disable(struct task_struct *child)
{
}

long arch_ptrace(struct task_struct *child, long request, unsigned long addr, unsigned long data)
{
	return -EIO;
}

void user_enable_single_step(struct task_struct *child)
{
}

void user_disable_single_step(struct task_struct *child)
{
}

/* /proc/cpuinfo and /proc/interrupts: empty for a virtual CPU. */
static void *cpuinfo_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? NULL : (void *)1;
}

static void *cpuinfo_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return NULL;
}

static void cpuinfo_stop(struct seq_file *m, void *v)
{
}

static int cpuinfo_show(struct seq_file *m, void *v)
{
	seq_puts(m, "processor\t: 0\nmodel name\t: kslice domain\n");
	return 0;
}

const struct seq_operations cpuinfo_op = {
	.start = cpuinfo_start,
	.next = cpuinfo_next,
	.stop = cpuinfo_stop,
	.show = cpuinfo_show,
};

int show_interrupts(struct seq_file *m, void *v)
{
	return 0;
}

static void sd_console_write(struct console *con, const char *s, unsigned int n)
{
	sd_machine->puts(s, n);
}

static struct console sd_console = {
	.name = "sd",
	.write = sd_console_write,
	.flags = CON_PRINTBUFFER | CON_ENABLED | CON_ANYTIME,
	.index = -1,
};

static int __init sd_console_init(void)
{
	register_console(&sd_console);
	return 0;
}
console_initcall(sd_console_init);

void sd_trap(const char *text)
{
	panic("kslice: trap: %s", text);
}

/* A panic ends the process: the supervisor restarts it. */
static int sd_panic(struct notifier_block *nb, unsigned long event, void *msg)
{
	sd_machine->halt(134);
}

static struct notifier_block sd_panic_block = {
	.notifier_call = sd_panic,
	.priority = INT_MIN,
};

static int __init sd_panic_init(void)
{
	atomic_notifier_chain_register(&panic_notifier_list, &sd_panic_block);
	return 0;
}
early_initcall(sd_panic_init);

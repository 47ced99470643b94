// SPDX-License-Identifier: GPL-2.0
/* irq.c: interrupts at safe points: see asm/irqflags.h. The kernel's irq layer (kernel/irq) isn't
 * used. */
#include <linux/hardirq.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <asm/irq_regs.h>
#include <asm/sd.h>
#include "arch.h"

struct sd_line {
	void (*fn)(void *arg);
	void *arg;
};

struct sd_vcpu sd_vcpu = {.look_in = SD_LOOK_EVERY};
u32 sd_pending ____cacheline_aligned;
static struct sd_line lines[SD_IRQS];
static struct pt_regs no_regs;

void sd_irq_register(unsigned int line, void (*fn)(void *arg), void *arg)
{
	BUG_ON(line >= SD_IRQS || lines[line].fn);
	lines[line].arg = arg;
	lines[line].fn = fn;
}

void sd_irq_raise(unsigned int line)
{
	__atomic_fetch_or(&sd_pending, 1u << line, __ATOMIC_SEQ_CST);
}

static void run_lines(u32 bits)
{
	while (bits) {
		unsigned int line = __ffs(bits);

		bits &= bits - 1;
		if (lines[line].fn)
			lines[line].fn(lines[line].arg);
	}
}

/* At a safe point, irqs on: something is pending, or it is time to look at the clock. */
void sd_deliver(void)
{
	struct pt_regs *old;
	bool due;

	sd_vcpu.look_in = SD_LOOK_EVERY;
	due = sd_clock_due();
	if (!READ_ONCE(sd_pending) && !due)
		return;
	sd_vcpu.irqs_on = 0;
	trace_hardirqs_off();
	old = set_irq_regs(&no_regs);
	irq_enter();
	do {
		run_lines(__atomic_exchange_n(&sd_pending, 0, __ATOMIC_SEQ_CST));
		if (due)
			sd_clock_event();
		due = sd_clock_due();
	} while (READ_ONCE(sd_pending) || due);
	irq_exit();
	set_irq_regs(old);
	trace_hardirqs_on();
	sd_vcpu.irqs_on = 1;
}

void __init init_IRQ(void)
{
}

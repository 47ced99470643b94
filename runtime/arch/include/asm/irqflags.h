/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_IRQFLAGS_H
#define _ASM_SD_IRQFLAGS_H

/*
 * Interrupts exist as a flag and a pending word (sd_pending, sd/machine.h). They are delivered at
 * safe points only: where irqs get enabled, in cpu_relax() and in idle. Every SD_LOOK_EVERY safe
 * points the clock is looked at as well.
 */
#ifndef __ASSEMBLY__
#include <linux/types.h>
#include <linux/compiler.h>

#define SD_LOOK_EVERY 64

struct sd_vcpu {
	u32 irqs_on;
	u32 look_in; /* safe points until the clock is looked at */
};

extern struct sd_vcpu sd_vcpu;
extern u32 sd_pending;
void sd_deliver(void);

static __always_inline void sd_safe_point(void)
{
	if (unlikely(READ_ONCE(sd_pending) || !--sd_vcpu.look_in))
		sd_deliver();
}

static __always_inline unsigned long arch_local_save_flags(void)
{
	return READ_ONCE(sd_vcpu.irqs_on);
}

static __always_inline void arch_local_irq_disable(void)
{
	WRITE_ONCE(sd_vcpu.irqs_on, 0);
	barrier();
}

static __always_inline void arch_local_irq_enable(void)
{
	barrier();
	WRITE_ONCE(sd_vcpu.irqs_on, 1);
	sd_safe_point();
}

static __always_inline unsigned long arch_local_irq_save(void)
{
	unsigned long flags = arch_local_save_flags();

	arch_local_irq_disable();
	return flags;
}

static __always_inline void arch_local_irq_restore(unsigned long flags)
{
	if (flags)
		arch_local_irq_enable();
	else
		arch_local_irq_disable();
}

static __always_inline bool arch_irqs_disabled_flags(unsigned long flags)
{
	return !flags;
}

static __always_inline bool arch_irqs_disabled(void)
{
	return !arch_local_save_flags();
}
#endif

#endif

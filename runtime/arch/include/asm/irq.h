/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_IRQ_H
#define _ASM_SD_IRQ_H

/* kernel/irq is not used: a doorbell line is a bit of sd_pending, see <asm/sd.h>. */
#define NR_IRQS 32

static inline int irq_canonicalize(int irq)
{
	return irq;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_BARRIER_H
#define _ASM_SD_BARRIER_H

/* Full barriers are real: other host threads see this memory. smp_*() order only this vCPU with
 * itself. */
#ifndef __ASSEMBLY__
#define mb()  asm volatile("mfence" ::: "memory")
#define rmb() asm volatile("lfence" ::: "memory")
#define wmb() asm volatile("sfence" ::: "memory")
#endif

#include <asm-generic/barrier.h>

#endif

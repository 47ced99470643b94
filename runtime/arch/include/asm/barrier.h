/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_BARRIER_H
#define _ASM_SD_BARRIER_H

/* mb() and the like are real: other host threads see this memory. smp_*() only order this vCPU's
 * own accesses. */
#ifndef __ASSEMBLY__
#define mb()  asm volatile("mfence" ::: "memory")
#define rmb() asm volatile("lfence" ::: "memory")
#define wmb() asm volatile("sfence" ::: "memory")
#endif

#include <asm-generic/barrier.h>

#endif

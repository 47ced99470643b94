/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_TIMEX_H
#define _ASM_SD_TIMEX_H

#ifndef __ASSEMBLY__
typedef unsigned long cycles_t;

/* For entropy and delays only; time is the machine's clock. */
static inline cycles_t get_cycles(void)
{
	return __builtin_ia32_rdtsc();
}
#define get_cycles get_cycles
#endif

#include <asm-generic/timex.h>

#endif

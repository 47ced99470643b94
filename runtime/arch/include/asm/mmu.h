/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_MMU_H
#define _ASM_SD_MMU_H

#include <asm-generic/mmu.h>

#endif

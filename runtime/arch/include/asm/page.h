/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Physical address = host address - PAGE_OFFSET: the RAM the machine gave starts at 0, and mem_map
 * covers only it, not the image. (With host addresses as physical ones the boot would walk all page
 * blocks below them.)
 */
#ifndef _ASM_SD_PAGE_H
#define _ASM_SD_PAGE_H

#include <linux/const.h>

#define ARCH_PFN_OFFSET 0UL

#include <asm-generic/page.h>

#ifndef __ASSEMBLY__
extern unsigned long sd_page_offset;

#undef PAGE_OFFSET
#undef __va
#undef __pa
#undef virt_addr_valid
#undef pfn_valid

#define PAGE_OFFSET    sd_page_offset
#define __va(x)	       ((void *)((unsigned long)(x) + PAGE_OFFSET))
#define __pa(x)	       ((unsigned long)(x) - PAGE_OFFSET)
#define pfn_valid(pfn) ((pfn) < max_mapnr)
/* Unsigned: addresses below RAM wrap to a huge number. */
#define virt_addr_valid(kaddr) pfn_valid(virt_to_pfn(kaddr))
#endif

#endif

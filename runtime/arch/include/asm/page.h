/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_PAGE_H
#define _ASM_SD_PAGE_H

/* Physical address == host address; mem_map covers the RAM the machine gave, and nothing of the image. */
#include <linux/const.h>

#ifndef __ASSEMBLY__
extern unsigned long sd_pfn_base;	/* first page of RAM */
extern unsigned long sd_ram_end;
#endif
#define ARCH_PFN_OFFSET	sd_pfn_base

#include <asm-generic/page.h>

#undef virt_addr_valid
#define virt_addr_valid(kaddr)						\
	((unsigned long)(kaddr) >= (sd_pfn_base << PAGE_SHIFT) &&	\
	 (unsigned long)(kaddr) < sd_ram_end)

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Physical address = host address - PAGE_OFFSET: the RAM the machine gave starts at 0, and mem_map
 * covers only it, not the image. (With host addresses as physical ones the boot would walk all page
 * blocks below them.)
 *
 * Complete in itself: not every tree has a generic page.h for kernels without an MMU.
 */
#ifndef _ASM_SD_PAGE_H
#define _ASM_SD_PAGE_H

#include <linux/const.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (_AC(1, UL) << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#include <asm/setup.h>

#define ARCH_PFN_OFFSET 0UL

#ifndef __ASSEMBLY__
extern unsigned long sd_page_offset;
#define PAGE_OFFSET sd_page_offset

/* Page tables don't exist; generic code names their types. */
typedef struct {
	unsigned long pte;
} pte_t;

typedef struct {
	unsigned long pmd[16];
} pmd_t;

typedef struct {
	unsigned long pgd;
} pgd_t;

typedef struct {
	unsigned long pgprot;
} pgprot_t;

typedef struct page *pgtable_t;

#define pte_val(x)    ((x).pte)
#define pmd_val(x)    ((&x)->pmd[0])
#define pgd_val(x)    ((x).pgd)
#define pgprot_val(x) ((x).pgprot)
#define __pte(x)      ((pte_t){(x)})
#define __pmd(x)      ((pmd_t){(x)})
#define __pgd(x)      ((pgd_t){(x)})
#define __pgprot(x)   ((pgprot_t){(x)})

#define clear_page(page)		    memset((page), 0, PAGE_SIZE)
#define copy_page(to, from)		    memcpy((to), (from), PAGE_SIZE)
#define clear_user_page(page, vaddr, pg)    clear_page(page)
#define copy_user_page(to, from, vaddr, pg) copy_page(to, from)

#define __va(x)		   ((void *)((unsigned long)(x) + PAGE_OFFSET))
#define __pa(x)		   ((unsigned long)(x) - PAGE_OFFSET)
#define virt_to_pfn(kaddr) (__pa(kaddr) >> PAGE_SHIFT)
#define pfn_to_virt(pfn)   __va((pfn) << PAGE_SHIFT)
#define virt_to_page(addr) pfn_to_page(virt_to_pfn(addr))
#define page_to_virt(page) pfn_to_virt(page_to_pfn(page))
#define page_to_phys(page) ((phys_addr_t)page_to_pfn(page) << PAGE_SHIFT)

/* Used by headers that come before the one that declares it. */
extern unsigned long max_mapnr;
#define pfn_valid(pfn) ((pfn) < max_mapnr)
/* Unsigned: addresses below RAM wrap to a huge number. */
#define virt_addr_valid(kaddr) pfn_valid(virt_to_pfn(kaddr))
#endif

#include <asm-generic/memory_model.h>
#include <asm-generic/getorder.h>

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_KASAN_H
#define _ASM_SD_KASAN_H

/*
 * Shadow of every address of the process, one byte for eight, at a place that no host kernel's
 * layout uses: the image and maps are near the stack (0x7...) or at 0x5..., with an unlimited stack
 * above 0x2aaa...; the shadow ends at 0x2000.... The machine maps it before it starts the kernel
 * (sd/shadow.h). It is zero, which allows everything, until the allocators change it; so accesses
 * outside the domain's RAM (the image, a client's region, the host's stacks) aren't checked.
 */
#include <linux/const.h>

#define KASAN_SHADOW_SCALE_SHIFT 3
#define KASAN_SHADOW_OFFSET	 _AC(CONFIG_KASAN_SHADOW_OFFSET, UL)
#define KASAN_SHADOW_START	 KASAN_SHADOW_OFFSET
#define KASAN_SHADOW_SIZE	 (_AC(1, UL) << (47 - KASAN_SHADOW_SCALE_SHIFT))

#ifndef __ASSEMBLY__
#include <linux/string.h>
#include <linux/types.h>
#include <asm/page.h>

/* linux/kasan.h declares page tables of an early shadow; there are none here. */
#define PTRS_PER_PTE 1
#define PTRS_PER_PMD 1

/* Enables reports, also for tasks that are made later. */
void kasan_init(void);

/* The unchecked versions, in kernel/string.S. mm/kasan/shadow.c defines the plain names. */
void *__memcpy(void *to, const void *from, size_t n);
void *__memmove(void *to, const void *from, size_t n);
void *__memset(void *p, int c, size_t n);

/* Override the macros of FORTIFY_SOURCE, which call the plain ones. */
#ifndef __SANITIZE_ADDRESS__
#undef memcpy
#undef memmove
#undef memset
#define memcpy(to, from, n)  __memcpy(to, from, n)
#define memmove(to, from, n) __memmove(to, from, n)
#define memset(p, c, n)	     __memset(p, c, n)
#endif
#endif

#endif

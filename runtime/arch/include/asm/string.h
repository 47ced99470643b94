/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_STRING_H
#define _ASM_SD_STRING_H

/* The generic versions are byte loops. Bodies: kernel/string.S. */
#define __HAVE_ARCH_MEMCPY
#define __HAVE_ARCH_MEMMOVE
#define __HAVE_ARCH_MEMSET

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *p, int c, size_t n);

#endif

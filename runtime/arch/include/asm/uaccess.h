/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_UACCESS_H
#define _ASM_SD_UACCESS_H

/*
 * User pointers are host addresses of this process (a client's arena, or an embedding program's
 * memory). A bad one faults; the machine's handler calls sd_fixup() and the access returns -EFAULT.
 * Bodies of the long copies: kernel/uaccess.S.
 */
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/extable.h>

/*
 * A task that serves a client may access that client's memory, its own stack and what
 * sd_uptr_extra() accepts (the call's private copies), so that a raw pointer smuggled in by a
 * structure can't access memory of the domain or of other clients. Other tasks, which get their
 * pointers from the kernel itself, may access any address.
 */
bool sd_uaccess_slow(unsigned long addr, unsigned long size);

/* Is [addr, addr + size) within the len bytes from start? No sum can overflow. */
static __always_inline bool sd_inside(unsigned long addr, unsigned long size, unsigned long start,
				      unsigned long len)
{
	return addr - start < len && size <= len - (addr - start);
}

#define __access_ok(ptr, size) sd_access_ok((unsigned long)(ptr), size)
static __always_inline bool sd_access_ok(unsigned long addr, unsigned long size)
{
	const struct thread_struct *t = &current->thread;

	if (likely(addr - t->user_start < t->user_len))
		return size <= t->user_len - (addr - t->user_start);
	return sd_uaccess_slow(addr, size);
}

/*
 * What the kernel reads of the program, and writes to it, after each access that succeeded: for the
 * test that compares this with what a stub copies.
 */
#ifdef CONFIG_SD_NOTE_COPIES
extern void (*sd_noted)(unsigned long addr, unsigned long size, bool write);
#define sd_note(addr, size, write)                                            \
	do {                                                                  \
		if (unlikely(sd_noted))                                       \
			sd_noted((__force unsigned long)(addr), size, write); \
	} while (0)
#else
#define sd_note(addr, size, write) ((void)0)
#endif

/* Returns the bytes not copied. Faults on either side are caught. */
unsigned long sd_copy_user(void *to, const void *from, unsigned long n);
unsigned long sd_clear_user(void *to, unsigned long n);

/* clang-format takes the % of %l for an operator. */
/* clang-format off */
#define __SD_GET(type, mov)                                             \
	do {                                                            \
		type __gu_v;                                            \
		asm goto("1: mov" mov "\n" _ASM_EXTABLE(1b, %l[fault]) \
			 : "=r"(__gu_v)                                 \
			 : "m"(*(const type *)from)                     \
			 :                                              \
			 : fault);                                      \
		__builtin_memcpy(to, &__gu_v, sizeof(type));            \
	} while (0)

#define __SD_PUT(type, mov)                                             \
	do {                                                            \
		type __pu_v;                                            \
		__builtin_memcpy(&__pu_v, from, sizeof(type));          \
		asm goto("1: mov" mov "\n" _ASM_EXTABLE(1b, %l[fault]) \
			 :                                              \
			 : "r"(__pu_v), "m"(*(type *)to)                \
			 : "memory"                                     \
			 : fault);                                      \
	} while (0)
/* clang-format on */

static __always_inline int __get_user_fn(size_t size, const void __user *ptr, void *to)
{
	const void *from = (__force const void *)ptr;

	switch (size) {
	case 1:
		__SD_GET(u8, "b %1, %b0");
		break;
	case 2:
		__SD_GET(u16, "w %1, %w0");
		break;
	case 4:
		__SD_GET(u32, "l %1, %k0");
		break;
	case 8:
		__SD_GET(u64, "q %1, %q0");
		break;
	}
	sd_note(ptr, size, false);
	return 0;
fault:
	return -EFAULT;
}
#define __get_user_fn(sz, u, k) __get_user_fn(sz, u, k)

static __always_inline int __put_user_fn(size_t size, void __user *ptr, const void *from)
{
	void *to = (__force void *)ptr;

	switch (size) {
	case 1:
		__SD_PUT(u8, "b %b0, %1");
		break;
	case 2:
		__SD_PUT(u16, "w %w0, %1");
		break;
	case 4:
		__SD_PUT(u32, "l %k0, %1");
		break;
	case 8:
		__SD_PUT(u64, "q %q0, %1");
		break;
	}
	sd_note(ptr, size, true);
	return 0;
fault:
	return -EFAULT;
}
#define __put_user_fn(sz, u, k) __put_user_fn(sz, u, k)

#define __get_kernel_nofault(dst, src, type, label)                                       \
	do {                                                                              \
		if (__get_user_fn(sizeof(type), (__force const void __user *)(src), dst)) \
			goto label;                                                       \
	} while (0)

#define __put_kernel_nofault(dst, src, type, label)                                 \
	do {                                                                        \
		if (__put_user_fn(sizeof(type), (__force void __user *)(dst), src)) \
			goto label;                                                 \
	} while (0)

static __always_inline __must_check unsigned long
raw_copy_from_user(void *to, const void __user *from, unsigned long n)
{
	unsigned long left = sd_copy_user(to, (__force const void *)from, n);

	sd_note(from, n - left, false);
	return left;
}

static __always_inline __must_check unsigned long
raw_copy_to_user(void __user *to, const void *from, unsigned long n)
{
	unsigned long left = sd_copy_user((__force void *)to, from, n);

	sd_note(to, n - left, true);
	return left;
}
#define INLINE_COPY_FROM_USER
#define INLINE_COPY_TO_USER

static __always_inline __must_check unsigned long __clear_user(void __user *to, unsigned long n)
{
	unsigned long left = sd_clear_user((__force void *)to, n);

	sd_note(to, n - left, true);
	return left;
}
#define __clear_user __clear_user

#include <asm-generic/uaccess.h>

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* What the shapes share. A record of a shape is its own, so that what makes its fields read doesn't
 * make others' read. */
#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H

#define NULL ((void *)0)
#define EXPORT_SYMBOL(sym)
#define OPS(t)                   \
	struct t {               \
		int (*f)(int x); \
		int (*g)(int x); \
		int (*h)(int x); \
	}
#define SYSCALL_DEFINE1(name, t1, a1)              \
	long sys_##name(t1 a1);                    \
	static inline long __do_sys_##name(t1 a1); \
	long __se_sys_##name(long a1);             \
	long __se_sys_##name(long a1)              \
	{                                          \
		return __do_sys_##name((t1)a1);    \
	}                                          \
	long sys_##name(t1 a1)                     \
	{                                          \
		return __se_sys_##name((long)a1);  \
	}                                          \
	static inline long __do_sys_##name(t1 a1)

typedef unsigned long size_t;
void *memcpy(void *to, const void *from, size_t n);
int printf(const char *fmt, ...);

#endif

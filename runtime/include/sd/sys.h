/* SPDX-License-Identifier: MIT */
/*
 * sys.h: the few host system calls that a transport makes itself, without libc. Inline, so that
 * the hook makes them from the range that Syscall User Dispatch lets through. No errno: results
 * are 0 or -errno.
 */
#ifndef SD_SYS_H
#define SD_SYS_H

#include <sd/port.h>

#define SD_NR_SCHED_YIELD 24
#define SD_NR_FUTEX	  202
#define SD_FUTEX_WAIT	  0 /* not PRIVATE: the other end is another process */
#define SD_FUTEX_WAKE	  1

static inline long sd_syscall4(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ __volatile__("syscall"
			     : "=a"(ret)
			     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			     : "rcx", "r11", "memory");
	return ret;
}

static inline void sd_sys_yield(void)
{
	sd_syscall4(SD_NR_SCHED_YIELD, 0, 0, 0, 0);
}

/* Sleeps while *word == value, at most ns. */
static inline long sd_sys_futex_wait(const u32 *word, u32 value, u64 ns)
{
	s64 ts[2] = {(s64)(ns / 1000000000), (s64)(ns % 1000000000)};

	return sd_syscall4(SD_NR_FUTEX, (long)word, SD_FUTEX_WAIT, value, (long)ts);
}

/* How many were woken (at most 1), or -errno. */
static inline long sd_sys_futex_wake(const u32 *word)
{
	return sd_syscall4(SD_NR_FUTEX, (long)word, SD_FUTEX_WAKE, 1, 0);
}

/* Time stamp counter and the CPU it was read on (Linux keeps the CPU number in TSC_AUX). */
static inline u64 sd_tsc_cpu(u32 *cpu)
{
	u32 lo, hi, aux;

	__asm__ __volatile__("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
	*cpu = aux & 0xfff;
	return (u64)hi << 32 | lo;
}

#endif

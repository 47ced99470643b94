/* SPDX-License-Identifier: MIT */
/*
 * sys.h: the few host system calls that this transport makes itself, without libc: inline, so that
 * in the hook they are made from the range Syscall User Dispatch lets through. No errno: results
 * are 0 or -errno.
 */
#ifndef SD_SHM_SYS_H
#define SD_SHM_SYS_H

#include <sd/port.h>

#define SD_NR_FSTAT	  5
#define SD_NR_MMAP	  9
#define SD_NR_MUNMAP	  11
#define SD_NR_SCHED_YIELD 24
#define SD_NR_FUTEX	  202
#define SD_FUTEX_WAIT	  0 /* not PRIVATE: the other end is another process */
#define SD_FUTEX_WAKE	  1
#define SD_PROT_READ	  1
#define SD_PROT_WRITE	  2
#define SD_MAP_SHARED	  0x1
#define SD_MAP_NORESERVE  0x4000

static inline long sd_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ __volatile__("syscall"
			     : "=a"(ret)
			     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			     : "rcx", "r11", "memory");
	return ret;
}

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

/* Bytes of the file, or -errno. */
static inline s64 sd_sys_size(s32 fd)
{
	struct {
		u8 before[48];
		s64 size;
		u8 after[88];
	} st; /* struct stat of x86-64 */
	long err = sd_syscall4(SD_NR_FSTAT, fd, (long)&st, 0, 0);

	return err ? err : st.size;
}

/* The first len bytes of the file, shared: the address, or -errno. */
static inline long sd_sys_map(s32 fd, u64 len, int prot)
{
	return sd_syscall6(SD_NR_MMAP, 0, (long)len, prot, SD_MAP_SHARED | SD_MAP_NORESERVE, fd, 0);
}

static inline void sd_sys_unmap(const void *at, u64 len)
{
	sd_syscall4(SD_NR_MUNMAP, (long)at, (long)len, 0, 0);
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

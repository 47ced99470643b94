/* SPDX-License-Identifier: MIT */
/*
 * port.h, host twin: the fixed-width types, errno values, barriers and helpers that code compiled
 * for both sides may use. The kernel twin is port/kernel/sd/port.h; these are the only twin files.
 * Freestanding: no libc header but those the compiler itself supplies is included.
 */
#ifndef SD_PORT_H
#define SD_PORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <asm/errno.h> /* ABI constants only */

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define __user
#define sd_load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define sd_load_relaxed(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define sd_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define sd_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define sd_xchg(p, v)	       __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define sd_or(p, v)	       __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define sd_cas(p, old, v)      __sync_bool_compare_and_swap((p), (old), (v))
#define sd_full_fence()	       __atomic_thread_fence(__ATOMIC_SEQ_CST)
/* Fetch a line, to be read or (w) written; no more than a hint on any CPU. In assembler: clang
 * drops
 * __builtin_prefetch() where SSE is off, as it is in the kernel. */
#define sd_prefetch(p)	__asm__ __volatile__("prefetcht0 %0" : : "m"(*(const char *)(p)))
#define sd_prefetchw(p) __asm__ __volatile__("prefetchw %0" : : "m"(*(const char *)(p)))
#define sd_pause()	__builtin_ia32_pause()
#define sd_tsc()	__builtin_ia32_rdtsc()
#define sd_likely(x)	__builtin_expect(!!(x), 1)
#define sd_unlikely(x)	__builtin_expect(!!(x), 0)

#endif

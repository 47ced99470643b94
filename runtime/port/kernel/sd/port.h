/* SPDX-License-Identifier: MIT */
/*
 * port.h, kernel twin: see port/host/sd/port.h for the contract. The barriers are real ones
 * although the domain has one vCPU: the other end of a ring is another host thread.
 */
#ifndef SD_PORT_H
#define SD_PORT_H

#include <linux/types.h>
#include <linux/errno.h>
#include <linux/compiler.h>

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
#define sd_likely(x)	likely(x)
#define sd_unlikely(x)	unlikely(x)

#endif

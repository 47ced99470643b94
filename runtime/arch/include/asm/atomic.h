/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_ATOMIC_H
#define _ASM_SD_ATOMIC_H

/*
 * One vCPU, and interrupts come only at safe points, never between two instructions: plain C is
 * atomic. Memory shared with other host threads (rings, sd_pending) uses real atomics (sd/port.h),
 * never these.
 */
#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/cmpxchg.h>

#define ATOMIC64_INIT(i) {(i)}

#define arch_atomic_read(v)	READ_ONCE((v)->counter)
#define arch_atomic_set(v, i)	WRITE_ONCE((v)->counter, (i))
#define arch_atomic64_read(v)	READ_ONCE((v)->counter)
#define arch_atomic64_set(v, i) WRITE_ONCE((v)->counter, (i))

#define SD_ATOMIC_OP(pfx, ctype, type, op, c_op)                              \
	static __always_inline void arch_##pfx##_##op(type i, ctype *v)       \
	{                                                                     \
		v->counter = v->counter c_op i;                               \
	}                                                                     \
	static __always_inline type arch_##pfx##_fetch_##op(type i, ctype *v) \
	{                                                                     \
		type old = v->counter;                                        \
                                                                              \
		v->counter = old c_op i;                                      \
		return old;                                                   \
	}

#define SD_ATOMIC_OP_RETURN(pfx, ctype, type, op, c_op)                          \
	static __always_inline type arch_##pfx##_##op##_return(type i, ctype *v) \
	{                                                                        \
		return v->counter = v->counter c_op i;                           \
	}

#define SD_ATOMIC_OPS(pfx, ctype, type)               \
	SD_ATOMIC_OP(pfx, ctype, type, add, +)        \
	SD_ATOMIC_OP(pfx, ctype, type, sub, -)        \
	SD_ATOMIC_OP(pfx, ctype, type, and, &)        \
	SD_ATOMIC_OP(pfx, ctype, type, or, |)         \
	SD_ATOMIC_OP(pfx, ctype, type, xor, ^)        \
	SD_ATOMIC_OP_RETURN(pfx, ctype, type, add, +) \
	SD_ATOMIC_OP_RETURN(pfx, ctype, type, sub, -)

SD_ATOMIC_OPS(atomic, atomic_t, int)
SD_ATOMIC_OPS(atomic64, atomic64_t, s64)

#undef SD_ATOMIC_OPS
#undef SD_ATOMIC_OP_RETURN
#undef SD_ATOMIC_OP

#define arch_atomic_add_return	 arch_atomic_add_return
#define arch_atomic_sub_return	 arch_atomic_sub_return
#define arch_atomic_fetch_add	 arch_atomic_fetch_add
#define arch_atomic_fetch_sub	 arch_atomic_fetch_sub
#define arch_atomic_fetch_and	 arch_atomic_fetch_and
#define arch_atomic_fetch_or	 arch_atomic_fetch_or
#define arch_atomic_fetch_xor	 arch_atomic_fetch_xor
#define arch_atomic64_add_return arch_atomic64_add_return
#define arch_atomic64_sub_return arch_atomic64_sub_return
#define arch_atomic64_fetch_add	 arch_atomic64_fetch_add
#define arch_atomic64_fetch_sub	 arch_atomic64_fetch_sub
#define arch_atomic64_fetch_and	 arch_atomic64_fetch_and
#define arch_atomic64_fetch_or	 arch_atomic64_fetch_or
#define arch_atomic64_fetch_xor	 arch_atomic64_fetch_xor

#define arch_atomic_xchg(v, n)	       arch_xchg(&(v)->counter, (n))
#define arch_atomic_cmpxchg(v, o, n)   arch_cmpxchg(&(v)->counter, (o), (n))
#define arch_atomic64_xchg(v, n)       arch_xchg(&(v)->counter, (n))
#define arch_atomic64_cmpxchg(v, o, n) arch_cmpxchg(&(v)->counter, (o), (n))

#endif

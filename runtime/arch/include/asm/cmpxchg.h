/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_CMPXCHG_H
#define _ASM_SD_CMPXCHG_H

/* See atomic.h: plain C is atomic here. Names are unique per use, since these nest in macro
 * arguments. */
#include <linux/types.h>
#include <linux/compiler.h>

#define __sd_xchg(ptr, n, p, old)                    \
	({                                           \
		typeof(ptr) p = (ptr);               \
		typeof(*(ptr)) old = READ_ONCE(*p);  \
		WRITE_ONCE(*p, (typeof(*(ptr)))(n)); \
		old;                                 \
	})

#define __sd_cmpxchg(ptr, o, n, p, old, new)              \
	({                                                \
		typeof(ptr) p = (ptr);                    \
		typeof(*(ptr)) new = (typeof(*(ptr)))(n); \
		typeof(*(ptr)) old = READ_ONCE(*p);       \
		if (old == (typeof(*(ptr)))(o))           \
			WRITE_ONCE(*p, new);              \
		old;                                      \
	})

#define arch_xchg(ptr, n) __sd_xchg(ptr, n, __UNIQUE_ID(xp), __UNIQUE_ID(xo))
#define arch_cmpxchg(ptr, o, n) \
	__sd_cmpxchg(ptr, o, n, __UNIQUE_ID(cp), __UNIQUE_ID(co), __UNIQUE_ID(cn))
#define arch_cmpxchg_local   arch_cmpxchg
#define arch_cmpxchg64	     arch_cmpxchg
#define arch_cmpxchg64_local arch_cmpxchg

#endif

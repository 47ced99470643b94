// SPDX-License-Identifier: MIT
/* uptr.c: turns wire references into user pointers and private copies, for server stubs. */
#include <sd/server.h>

static bool in_arena(u64 off, u64 len)
{
	return off >= SD_OFF_MIN && off <= SD_ARENA_SIZE && len <= SD_ARENA_SIZE - off;
}

/* Fetches the data's cache lines from the client's CPU while the call is still on its way to
 * them. Beyond a page the hardware prefetches during the copy. */
static inline void fetch_ahead(const u8 *p, u64 len)
{
	for (u64 i = 0; i < len && i < 4096; i += SD_CACHELINE)
		sd_prefetchw(p + i);
}

void __user *sd_uptr(struct sd_serve *s, u64 off, u64 len)
{
	if (off == SD_OFF_NULL)
		return NULL;
	if (off == SD_OFF_FAULT)
		return (void __user *)SD_FAULT_ADDRESS;
	if (off == SD_OFF_BEYOND)
		return (void __user *)SD_REFUSED_ADDRESS;
	if (sd_unlikely(!in_arena(off, len))) {
		s->bad = true;
		return (void __user *)SD_REFUSED_ADDRESS;
	}
	fetch_ahead(s->arena + off, len);
	return (void __user *)(s->arena + off);
}

int sd_fetch(struct sd_serve *s, void *dst, u64 off, u64 len)
{
	if (off == SD_OFF_NULL || off >= SD_OFF_BEYOND)
		return -EFAULT;
	if (sd_unlikely(!in_arena(off, len))) {
		s->bad = true;
		return -EPROTO;
	}
	__builtin_memcpy(dst, s->arena + off, len);
	/* dst is the only copy from here on: the compiler must not read the arena again. */
	__asm__ __volatile__("" : : "r"(dst) : "memory");
	return 0;
}

#define SD_SCRATCH_HEAD 16u /* link, keeps 16-byte alignment */

void *sd_scratch(struct sd_serve *s, u64 len)
{
	u8 *p;

	if (sd_unlikely(len > s->spare)) {
		s->bad = true;
		return NULL;
	}
	s->spare -= (u32)len;
	p = s->reg->ops->mem_get(s->reg->owner, len + SD_SCRATCH_HEAD);
	if (!p)
		return NULL;
	*(void **)p = s->scratch;
	s->scratch = p;
	return p + SD_SCRATCH_HEAD;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * crc32c.c: CRC32c by the processor's instruction (SSE4.2), overriding lib/crc32.c's weak function:
 * ext4 checksums every metadata block that it changes. One instruction takes 3 cycles and begins
 * every cycle, so long input is summed in three lanes. A lane's sum is shifted over the n bytes
 * after it by a carry-less product with x^(8 n - 33) mod P: the product of two reflected numbers is
 * one bit short, and the instruction that reduces it multiplies by x^32.
 *
 * The product is in SSE registers. No code of the domain has anything in them (-mno-sse), tasks
 * don't change in between, and the host saves them around its signals.
 */
#include <linux/crc32.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/types.h>

#define POLY	   0x82f63b78
#define HAS_CLMUL  (1u << 1) /* cpuid 1, ecx */
#define HAS_SSE4_2 (1u << 20)

/* Bytes per lane, of three lanes each: for a block except its checksum, a bitmap, most of a small
 * inode. */
static struct {
	u16 bytes;
	u32 over_one, over_two; /* multipliers that shift over one lane, over two */
} lanes[] = {{1360}, {336}, {80}};

static bool fast;

static u32 by_bit(u32 crc, const u8 *p, size_t len)
{
	while (len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? POLY : 0);
	}
	return crc;
}

static inline u64 crc32c_word(u64 crc, const u8 *p)
{
	u64 w;

	__builtin_memcpy(&w, p, sizeof(w));
	asm("crc32q %1, %0" : "+r"(crc) : "r"(w));
	return crc;
}

static u32 one_lane(u64 crc, const u8 *p, size_t len)
{
	for (; len >= 8; len -= 8, p += 8)
		crc = crc32c_word(crc, p);
	for (; len; len--, p++)
		asm("crc32b %1, %k0" : "+r"(crc) : "rm"(*p));
	return crc;
}

static inline u64 crc32c_product(u64 a, u64 b)
{
	asm volatile(
		"movq %0, %%xmm0\n\tmovq %1, %%xmm1\n\tpclmulqdq $0, %%xmm1, %%xmm0\n\tmovq %%xmm0, %0"
		: "+r"(a)
		: "r"(b));
	return a;
}

static u32 three_lanes(u64 a, const u8 *p, size_t n, u32 over_one, u32 over_two)
{
	u64 b = 0, c = 0, sum = 0;

	for (size_t i = 0; i < n; i += 8) {
		a = crc32c_word(a, p + i);
		b = crc32c_word(b, p + n + i);
		c = crc32c_word(c, p + 2 * n + i);
	}
	a = crc32c_product(a, over_two) ^ crc32c_product(b, over_one);
	asm("crc32q %1, %0" : "+r"(sum) : "r"(a));
	return sum ^ c;
}

/* Continues crc over len bytes at p; without inversion, as in lib/crc32.c. */
u32 __pure __crc32c_le(u32 crc, unsigned char const *p, size_t len)
{
	if (unlikely(!fast))
		return by_bit(crc, p, len);
	for (int i = 0; i < ARRAY_SIZE(lanes); i++) {
		size_t n = lanes[i].bytes;

		for (; len >= 3 * n; len -= 3 * n, p += 3 * n)
			crc = three_lanes(crc, p, n, lanes[i].over_one, lanes[i].over_two);
	}
	return one_lane(crc, p, len);
}

/* x^n mod P, reflected. */
static u32 __init crc32c_power(size_t n)
{
	u32 x = 1u << 31;

	while (n--)
		x = x >> 1 ^ (x & 1 ? POLY : 0);
	return x;
}

static int __init crc32c_init(void)
{
	u32 eax = 1, ebx, ecx = 0, edx;

	for (int i = 0; i < ARRAY_SIZE(lanes); i++) {
		lanes[i].over_one = crc32c_power(8 * lanes[i].bytes - 33);
		lanes[i].over_two = crc32c_power(16 * lanes[i].bytes - 33);
	}
	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	fast = ecx & HAS_SSE4_2 && ecx & HAS_CLMUL;
	return 0;
}
pure_initcall(crc32c_init);

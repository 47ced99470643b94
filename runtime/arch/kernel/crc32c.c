// SPDX-License-Identifier: GPL-2.0
/*
 * CRC32c by the processor's instruction (SSE4.2, on integer registers: no FPU state), instead of lib/crc32.c's weak one: ext4
 * sums every block of metadata it changes. One instruction takes 3 cycles and begins every cycle, so long input is summed in
 * three lanes, and a table moves a lane's sum over the bytes of the next.
 */
#include <linux/crc32.h>
#include <linux/init.h>
#include <linux/types.h>

#define POLY 0x82f63b78
#define LANE 256	/* bytes; of each, where there are three of them */

static u32 over_lane[4][256];	/* of a sum's byte k = b: what it is after LANE zero bytes */
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

static inline u64 word(u64 crc, const u8 *p)
{
	u64 w;

	__builtin_memcpy(&w, p, sizeof(w));
	asm("crc32q %1, %0" : "+r"(crc) : "r"(w));
	return crc;
}

static u32 one_lane(u64 crc, const u8 *p, size_t len)
{
	for (; len >= 8; len -= 8, p += 8)
		crc = word(crc, p);
	for (; len; len--, p++)
		asm("crc32b %1, %k0" : "+r"(crc) : "rm"(*p));
	return crc;
}

static inline u32 moved(u32 crc)
{
	return over_lane[0][crc & 255] ^ over_lane[1][crc >> 8 & 255] ^ over_lane[2][crc >> 16 & 255] ^ over_lane[3][crc >> 24];
}

static u32 three_lanes(u64 a, const u8 *p)
{
	u64 b = 0, c = 0;

	for (int i = 0; i < LANE; i += 8) {
		a = word(a, p + i);
		b = word(b, p + LANE + i);
		c = word(c, p + 2 * LANE + i);
	}
	return moved(moved(a) ^ b) ^ c;
}

/* len bytes at p, from crc on; neither end is inverted. As lib/crc32.c. */
u32 __pure __crc32c_le(u32 crc, unsigned char const *p, size_t len)
{
	if (unlikely(!fast))
		return by_bit(crc, p, len);
	for (; len >= 3 * LANE; len -= 3 * LANE, p += 3 * LANE)
		crc = three_lanes(crc, p);
	return one_lane(crc, p, len);
}

/* Sums are linear: those of the 32 bits make all others. */
static int __init crc32c_init(void)
{
	static const u8 zeros[LANE] __initconst;
	u32 eax = 1, ebx, ecx = 0, edx;

	for (int k = 0; k < 4; k++)
		for (int bit = 0; bit < 8; bit++) {
			u32 sum = by_bit(1u << (8 * k + bit), zeros, LANE);

			for (int b = 0; b < 256; b++)
				if (b >> bit & 1)
					over_lane[k][b] ^= sum;
		}
	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	fast = ecx & 1 << 20;
	return 0;
}
pure_initcall(crc32c_init);

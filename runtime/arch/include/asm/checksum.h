/* SPDX-License-Identifier: GPL-2.0 */
/* lib/checksum.c on 64-bit words; the rest of it is generic. Body: kernel/checksum.c. */
#ifndef _ASM_SD_CHECKSUM_H
#define _ASM_SD_CHECKSUM_H

#include <linux/types.h>

unsigned int sd_csum(const unsigned char *buff, int len);
#define do_csum(buff, len) sd_csum(buff, len)

/* ihl 32-bit words: the sum can't overflow 64 bits, so carries are folded once. */
static inline __sum16 ip_fast_csum(const void *iph, unsigned int ihl)
{
	const u32 *word = iph;
	u64 sum = 0;

	while (ihl--)
		sum += *word++;
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__force __sum16)~sum;
}
#define ip_fast_csum ip_fast_csum

#include <asm-generic/checksum.h>

#endif

// SPDX-License-Identifier: GPL-2.0
/* checksum.c: the Internet checksum, on unaligned 64-bit words: the end-around carry makes word
 * size and alignment irrelevant. */
#include <linux/string.h>
#include <net/checksum.h>

static u64 csum_add_carry(u64 sum, u64 word)
{
	sum += word;
	return sum + (sum < word);
}

static u64 csum_load(const void *p)
{
	u64 word;

	__builtin_memcpy(&word, p, sizeof(word));
	return word;
}

static unsigned int csum_fold_word(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

unsigned int sd_csum(const unsigned char *buff, int len)
{
	u64 a = 0, b = 0, tail = 0;

	if (len <= 0)
		return 0;
	for (; len >= 32; len -= 32, buff += 32) {
		a = csum_add_carry(csum_add_carry(a, csum_load(buff)), csum_load(buff + 8));
		b = csum_add_carry(csum_add_carry(b, csum_load(buff + 16)), csum_load(buff + 24));
	}
	for (; len >= 8; len -= 8, buff += 8)
		a = csum_add_carry(a, csum_load(buff));
	memcpy(&tail, buff, len);
	return csum_fold_word(csum_add_carry(csum_add_carry(a, b), tail));
}

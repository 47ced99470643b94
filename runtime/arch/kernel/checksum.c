// SPDX-License-Identifier: GPL-2.0
/* The Internet checksum, on unaligned 64-bit words: the end-around carry makes word size and
 * alignment irrelevant. */
#include <linux/string.h>
#include <net/checksum.h>

static u64 add(u64 sum, u64 word)
{
	sum += word;
	return sum + (sum < word);
}

static u64 load(const void *p)
{
	u64 word;

	__builtin_memcpy(&word, p, sizeof(word));
	return word;
}

static unsigned int fold(u64 sum)
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
		a = add(add(a, load(buff)), load(buff + 8));
		b = add(add(b, load(buff + 16)), load(buff + 24));
	}
	for (; len >= 8; len -= 8, buff += 8)
		a = add(a, load(buff));
	memcpy(&tail, buff, len);
	return fold(add(add(a, b), tail));
}

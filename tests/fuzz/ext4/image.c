// SPDX-License-Identifier: GPL-2.0
/*
 * image.c: records of an input:  where, item, offset (16 bits), width, value (24 bits).
 * where names a structure, item which one of its kind; width 1, 2 or 4 bytes. A value whose top
 * bits are 11 is one of the edges.
 */
#include "ext4.h"

#include <stdbool.h>
#include <string.h>

#define SB	 1024
#define GOOD_INO 16
#define DIR_TAIL 12
#define MODE_DIR 0x4000

static uint8_t *img;
static size_t img_size;
static uint32_t block, inode_size, desc_size, inodes;

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static void put(uint8_t *p, uint32_t v, int width)
{
	for (int i = 0; i < width; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* Of the base, which is good. */
static void geometry(void)
{
	block = 1024u << get32(img + SB + 24);
	inodes = get32(img + SB + 40);
	inode_size = get16(img + SB + 88);
	desc_size = get16(img + SB + 254);
	if (desc_size < 32)
		desc_size = 32;
}

static uint8_t *at(uint64_t off)
{
	return img + off % (img_size - 4096);
}

static uint8_t *desc(void)
{
	return at(block == 1024 ? 2048 : block);
}

static uint8_t *inode(uint32_t ino)
{
	return at((uint64_t)get32(desc() + 8) * block + (ino - 1) % inodes * inode_size);
}

/* The first block of its data, by an extent in the inode. */
static uint8_t *data_of(uint32_t ino)
{
	const uint8_t *i = inode(ino);

	return at((uint64_t)get32(i + 40 + 12 + 8) * block);
}

static uint8_t *place(const uint8_t *r)
{
	uint32_t item = 1 + r[1] % inodes, off = get16(r + 2);

	switch (r[0] % 10) {
	case 0:
		return img + SB + off % 1020;
	case 1:
		return desc() + off % desc_size;
	case 2:
		return at((uint64_t)get32(desc()) * block + off % block);
	case 3:
		return at((uint64_t)get32(desc() + 4) * block + off % block);
	case 4:
		return inode(item % (2 * GOOD_INO) + 1) + off % inode_size;
	case 5:
		return data_of(GOOD_INO - 5 + item % GOOD_INO) + off % block;
	case 6:
		return data_of(8) + off % block; /* the journal's superblock */
	case 7:
		return at((uint64_t)get32(inode(item) + 104) * block +
			  off % block); /* its attributes */
	case 8:
		return inode(item % (2 * GOOD_INO) + 1) + 40 + off % 60; /* extents */
	default:
		return data_of(2) + off % block; /* the root directory */
	}
}

static uint32_t value(const uint8_t *r)
{
	static const uint32_t edge[] = {0,	1,	2,    0xffffffff, 0x7fffffff, 0x80000000,
					0xfffe, 0x8000, 4095, 4096,	  0x10000,    12,
					8,	0xf30a, 0xff, 64};

	return r[7] < 0xc0 ? r[5] | (uint32_t)r[6] << 8 | (uint32_t)r[7] << 16 : edge[r[5] % 16];
}

/* ---- checksums ---- */

static uint32_t crc32c(uint32_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

static uint32_t crc_of(uint32_t seed, uint32_t v)
{
	uint8_t le[4];

	put(le, v, 4);
	return crc32c(seed, le, 4);
}

static void sum_inode(uint32_t seed, uint32_t ino)
{
	uint8_t *i = inode(ino), *dir = data_of(ino);
	uint32_t own = crc_of(crc_of(seed, ino), get32(i + 100)), crc;

	put(i + 0x7c, 0, 2);
	put(i + 0x82, 0, 2);
	crc = crc32c(own, i, inode_size);
	put(i + 0x7c, crc, 2);
	put(i + 0x82, crc >> 16, 2);
	if ((get16(i) & 0xf000) == MODE_DIR && dir[block - 5] == 0xde)
		put(dir + block - 4, crc32c(own, dir, block - DIR_TAIL), 4);
}

static void sum_attributes(uint32_t seed, uint32_t ino)
{
	uint32_t nr = get32(inode(ino) + 104);
	uint8_t *b = at((uint64_t)nr * block);

	if (!nr || get32(b) != 0xea020000)
		return;
	put(b + 16, 0, 4);
	put(b + 16, crc32c(crc_of(crc_of(seed, nr), 0), b, block), 4);
}

static void sums(void)
{
	uint32_t seed = crc32c(~0u, img + SB + 0x68, 16), crc;
	uint8_t *d = desc();

	for (uint32_t i = 1; i <= 2 * GOOD_INO && i <= inodes; i++) {
		sum_attributes(seed, i);
		sum_inode(seed, i);
	}
	crc = crc32c(seed, at((uint64_t)get32(d) * block), 1024);
	put(d + 0x18, crc, 2);
	if (desc_size >= 64)
		put(d + 0x38, crc >> 16, 2);
	crc = crc32c(seed, at((uint64_t)get32(d + 4) * block), inodes / 8);
	put(d + 0x1a, crc, 2);
	if (desc_size >= 64)
		put(d + 0x3a, crc >> 16, 2);
	put(d + 0x1e, 0, 2);
	put(d + 0x1e, crc32c(crc_of(seed, 0), d, desc_size), 2);
	put(img + SB + 1020, crc32c(~0u, img + SB, 1020), 4);
}

void image_craft(uint8_t *image, size_t size, const uint8_t *data, size_t len)
{
	img = image;
	img_size = size;
	geometry();
	for (size_t i = 1; i + 8 <= len; i += 8) {
		static const int widths[] = {1, 2, 4, 4};

		put(place(data + i), value(data + i), widths[data[i + 4] % 4]);
	}
	if (len && (data[0] & 3) == 1)
		sums();
}

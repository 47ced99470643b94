/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ext4.h: crafted ext4 images for a domain, by libFuzzer.
 *
 *   ext4.c    an input becomes an image, the image is given to a domain image, what its console
 *             says is judged
 *   image.c   the input's records: which byte of which structure; checksums made good again
 *   use.c     what a program does with such a file system: walks, reads, writes, unlinks
 *
 * An input is a byte of flags (1: the base with metadata_csum; 2: leave checksums wrong) and
 * records of 8 bytes, see image.c. The bases are made by run.sh: 4 MB, one block group.
 */
#ifndef FUZZ_EXT4_H
#define FUZZ_EXT4_H

#include <stddef.h>
#include <stdint.h>

/* Applies an input to a copy of its base. */
void image_craft(uint8_t *image, size_t size, const uint8_t *data, size_t len);

/* In a process of its own: starts the domain image, uses its file system, ends it in good order.
 * What the calls came to is noted in seen. */
void use_domain(const char *domain, uint8_t *seen, size_t n);

#endif

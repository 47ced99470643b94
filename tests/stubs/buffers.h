/* SPDX-License-Identifier: GPL-2.0 */
/* buffers.h: shared by buffers.c and buffers_files.c. */
#ifndef BUFFERS_H
#define BUFFERS_H

#include "stub_test.h"

#include <stddef.h>

struct slot {
	u8 *base, *end; /* end: the unmapped page */
	u8 *low;	/* lowest byte in use */
	u8 *readonly;
};

/* The first one taken of a slot is the argument itself. Filled with a pattern, to detect bytes
 * that weren't written. */
void *take(struct slot *s, size_t n);
void *put(struct slot *s, const void *data, size_t n);

/* buffers_files.c: paths, names, structs of calls about files and identities. False: not one of
 * these. */
bool make_file(struct slot *s, const char *name);

#endif

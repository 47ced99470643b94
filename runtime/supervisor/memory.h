/* SPDX-License-Identifier: GPL-2.0 */
/* memory.h: memory that is shared with clients. */
#ifndef KDOM_MEMORY_H
#define KDOM_MEMORY_H

#include <stdint.h>

/* A memfd whose size and seals are ours: nobody who has it can cut the memory under the others.
 * -errno. */
int memory_make(const char *name, uint64_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* memory.h: memory that is shared with clients. */
#ifndef KDOM_MEMORY_H
#define KDOM_MEMORY_H

#include <stdint.h>

/* Makes a memfd with fixed size and seals, so that no holder can truncate it under the others.
 * -errno. */
int memory_make(const char *name, uint64_t size);

#endif

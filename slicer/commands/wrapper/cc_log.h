/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cc_log.h: the log that kslice-cc appends to and commands/log.c reads. A record is this head, then
 * NUL-terminated strings: working directory, source, object, argv[0..argc), the dependencies
 * [ndeps].
 */
#ifndef KSLICE_CC_LOG_H
#define KSLICE_CC_LOG_H

#include <stdint.h>

#define CC_MAGIC 0x4b534343u /* "KSCC" */

struct cc_record {
	uint32_t magic;
	uint32_t size; /* including the strings */
	uint32_t argc, ndeps;
	uint32_t is_asm; /* an assembler source */
	uint32_t to_asm; /* -S: not an object of the kernel, but a source of generated headers */
};

#endif

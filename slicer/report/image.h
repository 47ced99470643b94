/* SPDX-License-Identifier: GPL-2.0 */
/* image.h: what an ELF file or a compressed kernel holds. Nothing here prints. */
#ifndef KSLICE_REPORT_IMAGE_H
#define KSLICE_REPORT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* Calls fn for each function that an ELF file defines, once for each address. Nothing if there is
 * no such file. */
void image_functions(const char *path, void (*fn)(void *arg, const char *name, uint64_t bytes),
		     void *arg);

struct image {
	uint64_t text;	    /* bytes of executable sections */
	uint64_t functions; /* by the symbol table, else by BTF; 0: it has neither */
	uint64_t calls;	    /* system calls: functions __x64_sys_NAME; 0: unknown */
	uint64_t gadgets;   /* gadgets_count() */
};

/*
 * Reads an ELF file, or the ELF file in a bzImage (/boot/vmlinuz), which xz, zstd or gzip unpack to
 * a temporary file. NULL, or why it can't.
 */
const char *image_measure(struct image *out, const char *path);

#define GADGET_BACK 9 /* bytes before the return, at most */

/*
 * gadgets.c: the number of different gadgets in machine code: byte strings that end with a near
 * return (c3, or c2 and two bytes), begin at most GADGET_BACK bytes before it, at any byte, and are
 * whole x86-64 instructions without another branch among them. ROPgadget counts with the same
 * depth; it compares disassembled text instead of bytes.
 */
struct gadgets {
	uint64_t *hashes;
	size_t n, cap;
};
void gadgets_add(struct gadgets *g, const uint8_t *code, size_t len);
/* Their number; frees them. */
uint64_t gadgets_count(struct gadgets *g);

/*
 * decode.c: length of the x86-64 instruction at code, at most `len` bytes. 0: none, or it is
 * longer. *branch: it changes the flow of control other than by going on (calls, jumps, returns,
 * traps).
 */
unsigned decode_length(const uint8_t *code, size_t len, int *branch);

#endif

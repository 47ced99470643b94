/* SPDX-License-Identifier: GPL-2.0 */
/* sizes.h: functions, lines and bytes of code, per directory of the tree, kept and whole. */
#ifndef KSLICE_CLOSURE_SIZES_H
#define KSLICE_CLOSURE_SIZES_H

#include "closure/graph.h"

struct size {
	uint64_t functions, lines, files, text;
};

struct dir_size {
	char *dir; /* "net/ipv4": at most two levels */
	struct size kept, whole;
};

struct sizes {
	VEC(struct dir_size) dirs; /* sorted by name */
	struct size kept, whole;
};

void sizes_count(struct sizes *s, const struct graph *g);
void sizes_free(struct sizes *s);
/* Bytes of executable sections of an ELF file; 0 if there is no such file. */
uint64_t elf_text(const char *path);
/* First two folders of a path, malloc'ed. */
char *dir_of(const char *path);

#endif

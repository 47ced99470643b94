/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compdb.h (CONTRACT): pass 2, tree + config => one compile command per translation unit, without compiling.
 */
#ifndef KSLICE_COMPDB_H
#define KSLICE_COMPDB_H

#include <stddef.h>

struct tu {
	char *source;  /* path relative to the tree root: "net/socket.c", "arch/sd/kernel/switch.S" */
	char *object;  /* relative to the object directory */
	char **argv;   /* the compiler's, as recorded, NULL-terminated; runs in objdir */
	int argc;
	int is_asm;    /* .S */
};

struct compdb {
	char *tree;   /* pristine tree, real path */
	char *overlay; /* overlay tree that has arch/sd */
	char *objdir; /* O=: generated headers, .config */
	struct tu *tus;
	size_t ntus;
};

struct spec;
/* Makes (or takes from the cache) the commands for spec's config. 0, or -1 after printing the error. */
int compdb_load(struct compdb *db, const struct spec *spec, const char *tree, int jobs);
void compdb_free(struct compdb *db);

struct facts;
/* Passes 3-5: facts of every TU, in db order, from the cache or by parsing. facts[i].str NULL for .S without facts. 0/-1. */
int facts_load_all(struct facts *facts, const struct compdb *db, int jobs);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commands.h (CONTRACT): the pass commands, tree + config => one compile command per translation
 * unit, without compiling.
 *
 * A struct compdb owns all it points to; compdb_free() frees it, also where loading failed. Only
 * read once it is loaded.
 */
#ifndef KSLICE_COMMANDS_H
#define KSLICE_COMMANDS_H

#include <stddef.h>
#include <stdio.h>

struct tu {
	char *source; /* path relative to the tree root: "net/socket.c", "arch/sd/kernel/switch.S"
		       */
	char *object; /* relative to the object directory */
	char **argv;  /* the compiler's, as recorded, NULL-terminated; runs in objdir */
	int argc;
	int is_asm;  /* .S */
	char **deps; /* of .S: files it includes, as the compiler named them (relative to objdir) */
	size_t ndeps;
};

struct compdb {
	char *tree;	/* pristine tree, real path */
	char *overlay;	/* overlay tree that has arch/sd */
	char *objdir;	/* O=: generated headers, .config */
	struct tu *tus; /* in link order (of vmlinux.a, then of the lib.a archives) */
	size_t ntus;
	size_t nbuiltin; /* tus[nbuiltin..] are members of libraries: linked only if something needs
			    them */
	char *dir; /* the cache directory of this tree and config, holds compile_commands.json */
};

struct spec;
/* Makes (or takes from the cache) the commands for spec's config. 0, or -1 after printing the
 * error. */
int compdb_load(struct compdb *db, const struct spec *spec, const char *tree, int jobs);
/* The same from a compile_commands.json that was made elsewhere: of tests, and of trees that were
 * configured by hand. */
int compdb_from_json(struct compdb *db, const char *tree, const char *path);
/* Prints the commands readably, one a line after its unit. */
void compdb_dump(const struct compdb *db, FILE *out);
void compdb_free(struct compdb *db);

#endif

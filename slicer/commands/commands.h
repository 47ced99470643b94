/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commands.h (CONTRACT): the pass commands, tree + config => one compile command per translation
 * unit, without compiling.
 *
 * A struct compdb owns all it points to; compdb_free() frees it, also if loading failed. It is
 * read-only once it is loaded.
 */
#ifndef KSLICE_COMMANDS_H
#define KSLICE_COMMANDS_H

#include <stdbool.h>
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
	size_t nbuiltin; /* tus[nbuiltin..] are members of libraries, linked only if needed */
	int lock;  /* on dir, for reading: its overlay stays while this is loaded; <= 0: none */
	char *dir; /* the cache directory of this tree and config, holds compile_commands.json */
};

struct spec;
/* Records the commands for spec's config, or takes them from the cache. 0, or -1 after printing the
 * error. */
int compdb_load(struct compdb *db, const struct spec *spec, const char *tree, int jobs);
/* The same from an existing compile_commands.json, for tests and for trees configured by hand.
 * Entries with "library": true are members of libraries. */
int compdb_from_json(struct compdb *db, const char *tree, const char *path);
/* Are the runtime, which ends the boot in sd_main(), and the server among the units? What Kbuild's
 * wildcards miss is missing without an error. stubs: there are some. 0, or -1 after the error. */
int compdb_check_runtime(const struct compdb *db, bool stubs);
/* Prints the commands, one per line after its unit. */
void compdb_dump(const struct compdb *db, FILE *out);
void compdb_free(struct compdb *db);

#endif

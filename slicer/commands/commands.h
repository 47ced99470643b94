/* SPDX-License-Identifier: GPL-2.0 */
/*
 * commands.h (CONTRACT): pass 2, tree + config => one compile command per translation unit, without
 * compiling.
 */
#ifndef KSLICE_COMPDB_H
#define KSLICE_COMPDB_H

#include <stddef.h>

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
void compdb_free(struct compdb *db);

struct facts;
/*
 * Passes 3-5: facts of every TU, in db order, from the cache or by parsing. facts[i].str NULL for
 * .S without facts. 0/-1. `facts` has room for db->ntus + 1: the last one is the header pool. All
 * DEF_HEADER definitions of all units are there, once each; the others hold only what stands in .c
 * files (file 0, or a .c file that a .c file includes, such as kernel/sched/rt.c: files[i].header
 * is 0 for these, and they may be deleted from too).
 */
int facts_load_all(struct facts *facts, const struct compdb *db, int jobs);
void facts_free_all(struct facts *facts, const struct compdb *db);

/*
 * The architecture the tree is configured for: $KSLICE_ARCH, else "sd". Only "sd" gets an overlay
 * tree; for others overlay is the tree itself.
 */
const char *compdb_arch(void);

#endif

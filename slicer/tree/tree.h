/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tree.h: the passes source and build, closure => a standalone source tree and its build.ninja.
 *
 *   build/<domain>/tree/...        sources and headers at their places in the kernel tree
 *   build/<domain>/tree/build/...  generated headers; compile commands run here
 *   build/<domain>/obj/...         objects
 *   build/<domain>/build.ninja
 */
#ifndef KSLICE_TREE_H
#define KSLICE_TREE_H

#include "closure/graph.h"

/* Writes outdir/tree (to a temporary directory that replaces the old one). Unchanged files keep
 * inode and mtime. 0/-1. */
int emit_source(const struct graph *g, const char *outdir);

/* Prints the source files of the new tree (no headers), in link order. */
void source_dump(const struct graph *g, const char *outdir, FILE *out);

enum build_kind { BUILD_SLICED, BUILD_WHOLE };
struct build_opts {
	enum build_kind kind;
	const char *outdir; /* build/<domain>, or build/<domain>-whole */
	const char *name;   /* <domain> */
};
/* Writes outdir/build.ninja, and compile_commands.json of the tree. A sliced build contains the
 * units in g->live. 0/-1. */
int emit_build(const struct graph *g, const struct build_opts *o);
/*
 * ninja.c: builds outdir/build.ninja in dir, with progress under that name. 0, or -1 after err().
 */
int run_ninja(const char *outdir, const char *dir, const char *name, int jobs);
/*
 * boot.c: boots the new image once, which makes the calls of its routes; a machine whose images
 * don't run here is told on stdout. The console is in outdir/boot.log. 0, or -1 after err().
 */
int boot_once(const struct graph *g, const char *outdir);
/* launcher.c. Does nothing in a clone, or if the user has no stubs. 0, or -1 after err(). */
int launcher_link(int jobs);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stubs.h: the pass stubs, spec + types of the calls => generated/<domain>/.
 */
#ifndef KSLICE_STUBS_H
#define KSLICE_STUBS_H

struct spec;
struct compdb;

/* Writes spec->generated (outdir NULL), or outdir. 0, or -1 after printing the errors, without
 * writing anything. */
int stubs_emit(const struct spec *spec, const struct compdb *db, const char *outdir);

/*
 * stubs_emit() to spec->generated if anything it depends on has changed. 0, -1, or 1: its Kbuild
 * has changed, so the compile commands must be loaded again by compdb_load().
 */
int stubs_refresh(const struct spec *spec, const struct compdb *db);

/*
 * other_tree.c: after stubs_refresh() for a tree that isn't the default one: says on stderr whether
 * its stubs are those of generated/<name>/, which programs have. Nothing for the default tree.
 */
void stubs_compare(const struct spec *spec);

/* `kslice check`: what was inferred, what was annotated, what is unsure; writes nothing. -1 if
 * anything is unsure or wrong. */
int stubs_check(const struct spec *spec, const struct compdb *db);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overlay.h: the cuts that come before parsing, because they change which text the kernel is made
 * of. Both are made in the overlay tree, so that all later passes, and whole builds too, see
 * ordinary source files, and the pristine tree keeps every byte.
 *
 *	replace	the definition in the tree is replaced by the text of a file of ours
 *	remote	the client stubs of another domain become units: arch/sd/peer/<domain> is a link to
 *		generated/<domain>, beside a Kbuild that names the client_*.c in use
 */
#ifndef KSLICE_COMMANDS_OVERLAY_H
#define KSLICE_COMMANDS_OVERLAY_H

#include "spec/spec.h"
#include <stddef.h>
#include <stdint.h>

/* Part of the cache key of an overlay tree: changes with what these cuts put into it. */
uint64_t overlay_key(const struct spec *spec);
/* The folders on the way to each replaced file become real folders of symbolic links. 0/-1. */
int overlay_apply(const struct spec *spec, const char *tree, const char *overlay);
/* Does a replace cut put nothing in? Then there is no symbol left that could be looked for. */
bool replace_removes(const struct spec_cut *c);
/* Range of the file-scope definition of name in C text, found by scanning braces. 0, or -1: none.
 */
int find_definition(const char *text, size_t len, const char *name, size_t *beg, size_t *end);

#endif

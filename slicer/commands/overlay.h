/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overlay.h: `replace` cuts, the only cuts that come before parsing: the definition in the tree
 * gives way to the text of a file of ours, in the overlay tree. So everything after (facts, whole
 * builds) sees one ordinary source file, and the pristine tree keeps every byte.
 */
#ifndef KSLICE_REPLACE_H
#define KSLICE_REPLACE_H

#include "spec/spec.h"
#include <stdint.h>

/* Part of the cache key of an overlay tree: changes with what is replaced by what. */
uint64_t replace_key(const struct spec *spec);
/* The folders on the way to each replaced file become real folders of symlinks in overlay. 0/-1. */
int replace_apply(const struct spec *spec, const char *tree, const char *overlay);
/* Its text is empty: the definition is gone, and there is no symbol that could be looked for. */
bool replace_removes(const struct spec_cut *c);
/* Range of the file-scope definition of name in C text, found by scanning braces. 0, or -1: none.
 */
int find_definition(const char *text, size_t len, const char *name, size_t *beg, size_t *end);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overlay.h: cuts that are made before parsing, because they change the kernel's sources. Both are
 * made in the overlay tree, so that all later passes and whole builds see ordinary source files,
 * and the pristine tree isn't changed.
 *
 *	replace	the definition in the tree is replaced by the text of a file of ours;
 *		arch/sd/replaced/NAME, an empty file, tells runtime/kernel/Kbuild
 *	remote	the client stubs of another domain become units: arch/sd/peer/<domain> is a link to
 *		generated/<domain>, beside a Kbuild that names the client_*.c in use
 *
 * Also the types of the spec's devices: arch/sd/device/TYPE, an empty file for
 * runtime/kernel/Kbuild.
 */
#ifndef KSLICE_COMMANDS_OVERLAY_H
#define KSLICE_COMMANDS_OVERLAY_H

#include "spec/spec.h"
#include <stddef.h>
#include <stdint.h>

/* Part of an overlay tree's cache key: a hash of what these cuts put into it. */
uint64_t overlay_key(const struct spec *spec);
/* Makes the cuts; folders on the way to replaced files become real folders of symbolic links. 0/-1.
 */
int overlay_apply(const struct spec *spec, const char *tree, const char *overlay);
/* Does a replace cut only remove? Then no symbol is left to be looked up. */
bool replace_removes(const struct spec_cut *c);
/* Range of the file-scope definition of name in C text, found by scanning braces. 0, or -1: none.
 */
int find_definition(const char *text, size_t len, const char *name, size_t *beg, size_t *end);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * units.h: private to types.c, bodies.c and lower.c, which alone in this room use libclang.
 */
#ifndef KSLICE_STUBS_UNITS_H
#define KSLICE_STUBS_UNITS_H

#include "stubs/bodies.h"

#include <clang-c/Index.h>

struct tu;

/* types.c: parses a unit with its own command; bodies: not skipped. text: instead of the file's;
 * NULL: the file's. NULL: libclang gives up. The caller disposes of it. */
CXTranslationUnit types_parse(const struct compdb *db, CXIndex index, const struct tu *tu,
			      const char *file, const char *text, bool bodies);
const struct tu *types_unit(const struct compdb *db, const char *source); /* NULL: none */

/* bodies.c: adds the functions of a parsed unit, whose bodies weren't skipped. By any thread that
 * holds the caller's lock. */
void bodies_add_unit(struct bodies *b, const char *file, CXTranslationUnit unit);

/* lower.c: for bodies_add_unit() */
void lower_unit(struct bodies *b, const char *file, CXTranslationUnit unit);

#endif

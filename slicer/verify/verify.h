/* SPDX-License-Identifier: GPL-2.0 */
/*
 * verify.h (CONTRACT): the check of a slice that doesn't trust the closure. Each C unit is compiled
 * to unoptimised IR twice, of the whole source and of the sliced one, and what the slice has is
 * compared by name with what the whole unit has (compare.h).
 *
 *	whole source + recorded command ──clang──> IR ──ir.h──> module ┐
 *	                                                               ├─compare.h─> errors
 *	sliced source + its command ─────clang──> IR ──ir.h──> module ┘
 *	                                     edits.json ───────────────┘
 *
 * Modules are cached by the command and the content of all files that a unit includes: those of the
 * whole with the tree's configuration, those of the slice in outdir/verify. Many units share a
 * precompiled header; a difference counts only if it is there without it, too.
 *
 * Not compared: line numbers, visibility, and what the optimiser and the linker do.
 */
#ifndef KSLICE_VERIFY_H
#define KSLICE_VERIFY_H

#include "closure/graph.h"

/* After emit_source() and emit_build(). 0, or -1 after err() for each difference or for what
 * prevented the check. */
int verify_slice(const struct graph *g, const char *outdir, int jobs);

#endif

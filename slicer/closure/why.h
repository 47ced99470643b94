/* SPDX-License-Identifier: GPL-2.0 */
/*
 * why.h: why is this kept? Closure => outdir/why.tsv, one line per kept unit with the edge that
 * first reached it; and the path from a root to one symbol, read from that file without parsing the
 * tree.
 *
 *      number <tab> names <tab> file:line <tab> edge <tab> number of `from` or - <tab> field and
 *          its holder
 * For an edge through a field, `from` is the code that reads the field.
 *
 * edges.tsv holds every reference between kept units, not only the first one, by their numbers:
 *
 *      number of the unit that refers <tab> number of the one referred to
 */
#ifndef KSLICE_CLOSURE_WHY_H
#define KSLICE_CLOSURE_WHY_H

#include "closure/graph.h"

/* Writes both files. 0, or -1 after printing the error. */
int why_write(const struct graph *g, const char *outdir);
/* Prints what why_write() writes. */
void closure_dump(const struct graph *g, FILE *out);
/*
 * The same path in one line, of its last steps: "reached by sys_bind > inet_bind > f", or
 * "reached by ... > a > f". malloc'ed.
 */
char *why_line(const struct graph *g, uint32_t def_id);
/* Prints the path. 0, or -1 after printing the error. */
int why_print(const char *outdir, const char *symbol);

#endif

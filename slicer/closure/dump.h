/* SPDX-License-Identifier: GPL-2.0 */
/* dump.h: what the passes graph, cuts, boundary and closure made, as text (kslice --dump-after). */
#ifndef KSLICE_CLOSURE_DUMP_H
#define KSLICE_CLOSURE_DUMP_H

#include "closure/graph.h"

/* Each piece of text that goes or stays as a whole: place, names, whether its file pins it. */
void graph_dump(const struct graph *g, FILE *out);
/* What each cut hits; kept_only: only in definitions that are kept. */
void cuts_dump(const struct graph *g, bool kept_only, FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* dump.h: results of the passes graph, cuts, boundary and closure as text (kslice --dump-after). */
#ifndef KSLICE_CLOSURE_DUMP_H
#define KSLICE_CLOSURE_DUMP_H

#include "closure/graph.h"

/* Each removal unit: place, names, whether its file pins it. */
void graph_dump(const struct graph *g, FILE *out);
/* The hits of each cut; kept_only: only in definitions that are kept. */
void cuts_dump(const struct graph *g, bool kept_only, FILE *out);

#endif

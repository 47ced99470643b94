/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compare.h: one spec on two kernel trees => what differs, for whoever updates a kernel.
 *
 * The result is a JSON object:
 *
 *      calls      [{"name", "is": "gone", "new" or "changed", "what": [text]}]: numbers, wire
 *                       types,
 *                 directions as the stubs have them. null: the stubs of a tree can't be made
 *      structs    [name]: wire structures whose layout changed
 *      functions  {"new": [{"name", "file", "line"}], "gone": the same, "moved": with "from", the
 *                       old
 *                 file}: of the slice, without those of headers
 *      cuts       {"gone": [{"kind", "symbol", "group"}], "new": the same}: those that match
 *                       nothing in
 *                 the new tree, but did in the old one, and the other way round
 *      changed    [{"name", "file", "line", "because": [text]}]: functions of both slices whose own
 *                       text
 *                 changed ("text") or what it depends on: "sk_dst_get (include/net/sock.h)"
 *      from, to   {"tree": path, "functions": n, without those of headers, "kept": n, "whole": n:
 *                 with them, of the slice and of the configuration}
 */
#ifndef KSLICE_REPORT_COMPARE_H
#define KSLICE_REPORT_COMPARE_H

#include "closure/graph.h"

struct compare_side {
	const struct graph *graph; /* after the closure */
	char *summary,
		*wire; /* texts of the stubs' summary.json and wire.h; NULL: none were made */
};
json_t *compare_slices(const struct compare_side *from, const struct compare_side *to);
/* Of its "from" or "to", in percent; 0: nothing is there. */
double compare_share(const json_t *side);
/* Prints it as text. */
void compare_print(const json_t *result, FILE *out);

/* changed.c: the "changed" of two slices. */
json_t *compare_texts(const struct graph *from, const struct graph *to);
/* For each kept function of .c files, of one text several times: its def_id. */
void each_kept_function(const struct graph *g, void (*fn)(void *arg, uint32_t def_id), void *arg);

#endif

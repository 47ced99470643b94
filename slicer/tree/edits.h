/* SPDX-License-Identifier: GPL-2.0 */
/*
 * edits.h: what the emitter changes in the tree's text, for those who must know it later: the check
 * of the slice (verify/), and people. edits.json, by file:
 *
 *	{"net/socket.c": [{"kind": "element", "line": 140, "beg": 3410, "end": 3433,
 *			   "in": ["socket_file_ops"], "field": "struct file_operations:mmap",
 *			   "dead": {"socket_file_ops": ["sock_mmap"]}}, ...]}
 *
 * kind	definition, type (the definition goes, its type stays), element, statement (a call),
 *		put (replaced by "text"), body (a function's, by "text")
 * beg, end	bytes of the original file, as of its beginning; line: of beg, from 1
 * names	what a deleted definition defines
 * in		otherwise: the definitions that contain the range, of all units that see the file
 * dead		per variable: what its element refers to, where the closure found it dead in that
 *		unit's view
 * cut		the symbol of the cut that wants it
 *
 * A list belongs to one run of emit_source(). One thread.
 */
#ifndef KSLICE_TREE_EDITS_H
#define KSLICE_TREE_EDITS_H

#include "closure/graph.h"
#include "tree/textedit.h"

#define EDITS_FILE "edits.json"

struct edit_list;
struct edit_list *edit_list_new(const struct graph *g);
/* Before the edits are applied, which widens them. */
void edit_list_add(struct edit_list *l, const char *path, const char *text, size_t len,
		   const struct edits *e);
/* Writes edits.json in outdir. 0, or -1 after err(). */
int edit_list_write(const struct edit_list *l, const char *outdir);
void edit_list_free(struct edit_list *l);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * passes.h: the passes of the slicer. passes[] in passes.c lists them in the order in which they
 * run; session_run() runs them. A pass reads earlier passes' results in the session or in files,
 * and adds its own; no pass changes an earlier result, except that cuts count their hits in the
 * spec.
 *
 * To add a pass: write it in the room it belongs to, with `input => output` in the first line of
 * its file, and add a row with a run function that calls it, and a dump.
 */
#ifndef KSLICE_PASSES_H
#define KSLICE_PASSES_H

#include <stdio.h>

struct session;

struct pass {
	const char *name, *input, *output;
	/* 0, or -1 after printing the errors. */
	int (*run)(struct session *s);
	/* Prints the pass's result as readable text. */
	void (*dump)(const struct session *s, FILE *out);
};

/* Ends with a row without a name. */
extern const struct pass passes[];
/* At least as many as there are rows. */
#define PASSES_MAX 16

/* NULL: no such pass. */
const struct pass *pass_find(const char *name);
/* Prints a line per pass: name, input => output. */
void passes_list(FILE *out);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * passes.h: the passes of the slicer. passes[] in passes.c lists them in the order in which they
 * run; session_run() runs them. A pass reads what earlier ones left in the session or wrote, and
 * adds its own output; nothing that a pass made is changed by a later one, except that cuts count
 * their hits in the spec.
 *
 * To add a pass: write it in the room it belongs to, its file opening with `input => output`, and
 * add a row with a run function that calls it, and a dump.
 */
#ifndef KSLICE_PASSES_H
#define KSLICE_PASSES_H

#include <stdio.h>

struct session;

struct pass {
	const char *name, *input, *output;
	/* 0, or -1 after printing the errors. */
	int (*run)(struct session *s);
	/* Prints what the pass has made, as text to be read. */
	void (*dump)(const struct session *s, FILE *out);
};

/* Ends with a row without a name. */
extern const struct pass passes[];
/* At least as many as there are rows. */
#define PASSES_MAX 16

/* NULL: there is no pass of that name. */
const struct pass *pass_find(const char *name);
/* One line a pass: name, input => output. */
void passes_list(FILE *out);

#endif

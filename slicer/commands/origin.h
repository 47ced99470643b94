/* SPDX-License-Identifier: GPL-2.0 */
/*
 * origin.h: calls => the files with their SYSCALL_DEFINEs, in the whole tree and not only in what
 * is configured; files => the options that compile them: those of the Makefile's line for the
 * object, of the objects and folders that it is a part of, and of the #if lines around the calls.
 *
 * Zeroed but for `tree`, and files to begin with; origin_free() frees what it holds.
 */
#ifndef KSLICE_COMMANDS_ORIGIN_H
#define KSLICE_COMMANDS_ORIGIN_H

#include "base/util.h"

struct origin {
	const char *tree;
	VEC(char *) files;     /* relative to the tree */
	struct strmap options; /* without CONFIG_ */
	/* if set, called for each SYSCALL_DEFINE of them, with the text behind its ( */
	void (*see)(void *arg, const char *text);
	void *arg;
};

/* calls: names in SYSCALL_DEFINEs; those that are found get the value 1. */
void origin_find(struct origin *o, struct strmap *calls);
void origin_free(struct origin *o);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * shares.h: the share of functions that a slice keeps, compared between kernel trees. A jump means
 * that something of the newer tree isn't understood, or that a cut lost its target, and nothing
 * else says so.
 */
#ifndef KSLICE_TREE_SHARES_H
#define KSLICE_TREE_SHARES_H

#include <stdbool.h>

/*
 * Prints a warning to stderr for each folder beside outdir that holds the same slice of another
 * tree (build/NAME, build/NAME@VERSION), if their shares differ by more than three points. The same
 * slice: equal calls and cuts. How many there were, or -1 after printing an error.
 */
int shares_compare(const char *outdir);
/* The same of two shares, in percent; 0: not known. Did it warn? */
bool shares_tell(const char *a, double of_a, const char *b, double of_b);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * questions.h: what the types and bodies of a spec's calls leave open, as errors with the text to
 * paste. For `kslice check`, and for `kslice new`, which writes what proposals tell.
 */
#ifndef KSLICE_STUBS_QUESTIONS_H
#define KSLICE_STUBS_QUESTIONS_H

#include "stubs/marshal.h"

/* Each prints its error; the place of the answer and its text are the cure. */

/* part: "calls" or "structs"; of: its name; label: a case of a switch, or NULL. */
void question_value(const struct marshal *m, const char *part, const char *of, const struct mval *v,
		    const char *label);
void question_result(const struct marshal *m, const struct mcall *c);

/* Prints an error for each call without a route or test; their number. */
unsigned questions_calls(const struct marshal *m);

/*
 * proposals.c: what a person would write first. A proposal is valid, but may test little: numbers
 * are zero where their names tell nothing, and descriptors are made by the spec's own calls.
 */

/* One base of a test; NULL: not all of its values can be told. Fixtures that it names are added to
 * `fixtures`, which the caller owns. */
json_t *propose_base(const struct marshal *m, const struct mcall *c, json_t *fixtures);
/* The route that a call needs which nothing brings here, as a spec has it; NULL: it needs none.
 * *why: the call whose route was copied, NULL: none. */
json_t *propose_route(const struct marshal *m, const struct mcall *c, const char **why);

#endif

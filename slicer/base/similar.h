/* SPDX-License-Identifier: GPL-2.0 */
/* similar.h: names that resemble one that isn't known, for the cure of an error. */
#ifndef KSLICE_BASE_SIMILAR_H
#define KSLICE_BASE_SIMILAR_H

#include "base/util.h"

#define SIMILAR_NAMES 3

/* The best ones so far, the best first; {} has none. Names are borrowed. */
struct similar {
	struct {
		const char *name;
		size_t score; /* thousandths of equal beginnings and ends */
	} best[SIMILAR_NAMES];
};

/* Adds `other` if it resembles `name` well enough and isn't there yet. */
void similar_offer(struct similar *s, const char *name, const char *other);
/* "a, b, c" behind `intro`; nothing if there are none. */
void similar_print(const struct similar *s, const char *intro, struct strbuf *out);

#endif

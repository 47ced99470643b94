/* SPDX-License-Identifier: GPL-2.0 */
/*
 * words.h (CONTRACT): names => does the tree's code have them, in any configuration? So a name that
 * is only switched off differs from one that this version never had.
 *
 * Code is every .c, .h and .S file of the tree but those of other programs (tools, scripts,
 * Documentation, samples), without comments and strings. A name that only a macro puts together
 * isn't found. Answers are cached by tree: a second run reads no source.
 */
#ifndef KSLICE_COMMANDS_WORDS_H
#define KSLICE_COMMANDS_WORDS_H

#include "base/util.h"

enum { WORD_ABSENT, WORD_PRESENT };

/* Sets the value of each of `names` to one of the above. 0, or -1 after printing the error. */
int tree_find_words(const char *tree, struct strmap *names);
/* Marks in `names` the words of C text s, of n bytes. */
void words_of_text(const char *s, size_t n, struct strmap *names);

#endif

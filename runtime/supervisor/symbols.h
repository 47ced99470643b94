/* SPDX-License-Identifier: GPL-2.0 */
/* symbols.h: names for addresses that the domain prints, see symbols.c. */
#ifndef KDOM_SYMBOLS_H
#define KDOM_SYMBOLS_H

#include <stddef.h>

/*
 * If a line of the domain gives a place in its image, writes " function+offset/size (file:line)" to
 * `to`. Its length; 0: nothing to add.
 */
size_t symbols_of(int image_fd, const char *line, char *to, size_t size);
void symbols_new_run(void); /* the domain starts: resets the count of NAMED_MAX */

#endif

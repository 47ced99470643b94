/* SPDX-License-Identifier: GPL-2.0 */
/* symbols.h: names for addresses that the domain prints, see symbols.c. */
#ifndef KDOM_SYMBOLS_H
#define KDOM_SYMBOLS_H

#include <stddef.h>

/*
 * If a line of the domain names a place in its image: " function+offset/size (file:line)" into
 * `to`. Its length; 0: there is nothing to add.
 */
size_t symbols_of(int image_fd, const char *line, char *to, size_t size);
void symbols_new_run(void); /* the domain starts: a run may have so many places named */

#endif

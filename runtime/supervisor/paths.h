/* SPDX-License-Identifier: GPL-2.0 */
/* paths.h: where sockets, logs, images and disks are. Functions return 0 or -errno. */
#ifndef KDOM_PATHS_H
#define KDOM_PATHS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <sd/control.h>

/* The run directory: $KDOM_DIR and so on. Made if it is missing; prints errors. */
int paths_dir(char *buf, size_t n);
int paths_in_dir(char *buf, size_t n, const char *name, const char *suffix);
/* rel in the directory above the one that kdom itself is in. */
int paths_beside(char *buf, size_t n, const char *rel);
/* name in $KDOM_DIR if that is set, else in $XDG_STATE_HOME/kdom, else in ~/.local/state/kdom.
 * Prints errors. */
int paths_data(char *buf, size_t n, const char *name);
bool name_valid(const char *name);

#endif

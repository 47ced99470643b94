/* SPDX-License-Identifier: GPL-2.0 */
/* paths.h: where sockets, logs, images and disks are. Functions return 0 or -errno. */
#ifndef KDOM_PATHS_H
#define KDOM_PATHS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <sd/control.h>

/* The run directory: $KDOM_DIR or the default. Created if missing; prints errors. */
int paths_dir(char *buf, size_t n);
int paths_in_dir(char *buf, size_t n, const char *name, const char *suffix);
/*
 * The launcher that belongs to this kdom: of the clone it is in; if kdom was installed, the user's,
 * which `kslice build` links for domains of his own, unless the installation has changed since;
 * else the installation's.
 */
int paths_launcher(char *buf, size_t n);
/*
 * A file that `kslice build` has made: in build/DOMAIN of kdom's clone; if kdom was installed, in
 * $XDG_STATE_HOME/kslice/build/DOMAIN if it exists there, else in PREFIX/lib/kslice/DOMAIN.
 */
int paths_product(char *buf, size_t n, const char *domain, const char *file);
/* name in $KDOM_DIR if that is set, else in $XDG_STATE_HOME/kdom, else in ~/.local/state/kdom.
 * Prints errors. */
int paths_data(char *buf, size_t n, const char *name);
bool name_valid(const char *name);

#endif

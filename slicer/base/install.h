/* SPDX-License-Identifier: GPL-2.0 */
/*
 * install.h (CONTRACT): what stands for the repo when kslice was installed (`make install`).
 *
 * The installation, PREFIX/share/kslice, can't be written. A folder of the user's,
 * $XDG_STATE_HOME/kslice or ~/.local/state/kslice, has the layout of a clone: its specs, runtime,
 * scripts and generated stubs are links into the installation; build/ and the stubs of the user's
 * own specs are real. It is made, and links that lead elsewhere are renewed, by each run.
 *
 * Where a spec in it is the user's own, so are the stubs of that name, and the launcher that knows
 * them (tree/launcher.c).
 */
#ifndef KSLICE_INSTALL_H
#define KSLICE_INSTALL_H

#include <stdbool.h>
#include <stddef.h>

/* That folder's path, if the running program is PREFIX/bin/PROGRAM of an installation. Dies if it
 * can't be made. */
bool installed_repo(char *path, size_t size);
/* After repo_root(): it is such a folder, and holds stubs of the user's own. */
bool installed_own_stubs(void);
/* file of that folder was made after the installation was. */
bool installed_before(const char *file);

#endif

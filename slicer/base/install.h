/* SPDX-License-Identifier: GPL-2.0 */
/*
 * install.h (CONTRACT): what takes the place of the repo if kslice was installed (`make install`).
 *
 * The installation, PREFIX/share/kslice, is read-only. A folder of the user, $XDG_STATE_HOME/kslice
 * or ~/.local/state/kslice, has the layout of a clone: its specs, runtime, scripts and generated
 * stubs are links into the installation; build/ and the stubs of the user's own specs are real.
 * Each run creates it if necessary, and corrects links that lead elsewhere.
 *
 * The stubs of a spec that is the user's own, and the launcher that has them, are the user's, too
 * (tree/launcher.c).
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

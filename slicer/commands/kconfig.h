/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kconfig.h (CONTRACT): has the tree's Kconfig accepted a fragment? It silently drops options
 * whose dependencies aren't met, and those that it doesn't have.
 */
#ifndef KSLICE_COMMANDS_KCONFIG_H
#define KSLICE_COMMANDS_KCONFIG_H

#include "commands/commands.h"

/*
 * Compares the fragment with db->objdir/.config. A line behind a comment that begins with
 * "# optional:" may name an option that this tree has nowhere. 0, or -1 after printing the errors.
 */
int kconfig_check(const struct compdb *db, const char *fragment);

#endif

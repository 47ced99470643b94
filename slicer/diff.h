/* SPDX-License-Identifier: GPL-2.0 */
/* diff.h: the command `kslice diff`. */
#ifndef KSLICE_DIFF_H
#define KSLICE_DIFF_H

struct options;
/* 0, or -1 after err(): the spec isn't right for one of the trees. */
int cmd_diff(const struct options *o, char **args);

#endif

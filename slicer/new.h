/* SPDX-License-Identifier: GPL-2.0 */
/* new.h: the command `kslice new`. */
#ifndef KSLICE_NEW_H
#define KSLICE_NEW_H

struct options;
/* Writes NAME.json and NAME.config, and prints what a person has to decide. 0, or -1 after err():
 * then nothing was written. */
int cmd_new(const struct options *o, char **args);

#endif

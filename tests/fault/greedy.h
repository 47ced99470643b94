/* SPDX-License-Identifier: GPL-2.0 */
/* greedy.h: shared by greedy.c and greedy_raw.c: calls of a client without the hook. Each takes one
 * more: 0, or -1 and errno. */
#ifndef TEST_GREEDY_H
#define TEST_GREEDY_H

#include "attach.h"

extern char data[65536];
extern const char *socket_path;
extern u16 op[9]; /* numbers of the calls that a kind makes, in its order */

int one_ticketed(void);	 /* those of a connection */
int one_polled(void);	 /* those of a connection, poll */
int one_of_groups(void); /* setgroups open */
int one_embryo(void);	 /* those of a connection */

#endif

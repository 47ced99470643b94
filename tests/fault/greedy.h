/* SPDX-License-Identifier: GPL-2.0 */
/* greedy.h: shared by greedy.c and greedy_raw.c: calls of a client without the hook. Each takes one
 * more: 0, or -1 and errno. */
#ifndef TEST_GREEDY_H
#define TEST_GREEDY_H

#include "attach.h"

extern char data[65536];
extern const char *socket_path;
extern u16 op[8]; /* numbers of the calls that a kind makes, in its order */

int one_unix(void);	 /* socketpair setsockopt sendto */
int one_ticketed(void);	 /* socketpair setsockopt sendto close */
int one_polled(void);	 /* socketpair setsockopt sendto poll */
int one_nested(void);	 /* socketpair setsockopt sendto close sendmsg */
int one_of_groups(void); /* setgroups open */
int one_embryo(void);	 /* socket bind listen connect setsockopt sendto close */

#endif

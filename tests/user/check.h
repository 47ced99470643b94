/* SPDX-License-Identifier: GPL-2.0 */
/* check.h: a failed check prints its place, and the program's exit status reports it. */
#ifndef TESTS_USER_CHECK_H
#define TESTS_USER_CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_failed;
#define CHECK(c)                                                                                   \
	do {                                                                                       \
		if (!(c)) {                                                                        \
			printf("%s:%d: %s: not so: %s (errno %d)\n", __FILE__, __LINE__, __func__, \
			       #c, errno);                                                         \
			check_failed = 1;                                                          \
		}                                                                                  \
	} while (0)

#endif

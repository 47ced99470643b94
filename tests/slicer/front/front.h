/* SPDX-License-Identifier: GPL-2.0 */
/* front.h: a scratch directory per test program. */
#ifndef TEST_FRONT_H
#define TEST_FRONT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/util.h"

static char scratch[] = "/tmp/kslice-front.XXXXXX";

static inline int scratch_make(void **state)
{
	(void)state;
	return mkdtemp(scratch) ? 0 : -1;
}

static inline int scratch_remove(void **state)
{
	(void)state;
	return remove_tree(scratch);
}

static inline char *in_scratch(const char *name)
{
	return xasprintf("%s/%s", scratch, name);
}

static inline void put(const char *path, const char *text)
{
	assert_int_equal(write_file(path, text, strlen(text)), 0);
}

#endif

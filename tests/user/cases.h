/* SPDX-License-Identifier: GPL-2.0 */
/* cases.h: a program's cases by name: all of them, or a selected one; with VERBOSE in the
 * environment each is named when it begins. */
#ifndef TESTS_USER_CASES_H
#define TESTS_USER_CASES_H

#include "check.h"
#include <unistd.h>

struct check_case { /* the last one of a list has no name */
	const char *name;
	void (*run)(void);
};

static int case_begins(const struct check_case *c, const char *only)
{
	if (only && strcmp(only, c->name))
		return 0;
	if (getenv("VERBOSE"))
		printf("%s\n", c->name);
	return 1;
}

/* In this process, each within so many seconds. Beforehand, since children say what they find and
 * _exit(): setvbuf(_IOLBF). */
__attribute__((unused)) static void run_cases_here(const struct check_case *c, const char *only,
						   unsigned seconds)
{
	for (; c->name; c++) {
		if (!case_begins(c, only))
			continue;
		alarm(seconds);
		c->run();
		alarm(0);
	}
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* engine.h: shared by engine.c and main.c. */
#ifndef ENGINE_H
#define ENGINE_H

#include "stub_test.h"

struct engine_totals {
	u32 passed, failed;
};

extern struct engine_totals totals;
extern struct side side_host;
extern char engine_now[200]; /* the current case, for the watchdog */

/* All cases of a call, on both sides. */
void engine_call(const struct st_call *call);
/* Was it selected on the command line? name NULL: are all cases of the call wanted? */
bool engine_wanted(const char *call, const char *name);
/* Under mutation: number of cases that detected it. */
void engine_mutated(const struct st_call *call, u32 noticed);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * trace.h: reports each call of this process to `kdom run --trace` (sd/trace.h).
 *
 * While a thread is traced, SD_LOOK_TRACE is set in its t->look, which sd_hook() tests for other
 * reasons anyway: a thread that isn't traced pays nothing. A traced one looks at all calls, makes
 * host calls inside the hook, so that it sees their results, and sends a record of each.
 */
#ifndef SD_CLIENT_TRACE_H
#define SD_CLIENT_TRACE_H

#include "channel/observers.h"

/* What to do instead of the call's stages. */
enum sd_way sd_trace_call(struct sd_thread *t);
/* With KDOM_TRACE set: from here on every call of every thread is looked at. */
void sd_trace_init(struct sd_thread *t);
extern const struct sd_observer sd_trace_observer; /* its socket is a hidden fd */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * trace.h: tells `kdom run --trace` and `kdom trace` of each call of this process (sd/trace.h).
 *
 * While a thread is traced, its t->traced is set, a half of the word that entry.S tests for other
 * reasons anyway: a thread that isn't traced pays nothing for that. A traced one looks at all
 * calls, makes calls of the host's in the hook, so that it sees their results, and sends a record
 * of each to every tracer.
 *
 * That a domain's programs are traced is in its wake-up page, where sd_qp_of() looks at every call
 * of the domain: a load and a branch. It sets t->traced; at the thread's next call all threads of
 * the process are traced, whatever calls they make. When no tracer is left they stop.
 *
 * Tracers are kept in struct sd_files, as the table of fds is what a connection belongs to. A
 * forked child goes on with its parent's connections: packets of several processes don't mix.
 */
#ifndef SD_CLIENT_TRACE_H
#define SD_CLIENT_TRACE_H

#include "channel/channel.h"

/* What to do instead of the call's stages. */
enum sd_way sd_trace_call(struct sd_thread *t);
/* With KDOM_TRACE set: from here on every call of every thread is looked at. */
void sd_trace_init(struct sd_thread *t);

#endif

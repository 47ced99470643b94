/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace.h: prints the calls of hooked threads (sd/trace.h), a line each, as strace does:
 *
 *      1234 openat(AT_FDCWD, "/sd/x", 0x241, 0644) = 5 <block: name> 12.3 us
 *
 * One thread; nothing blocks but the output. Received records are checked and escaped: the sender
 * may be another user's program.
 */
#ifndef KDOM_TRACE_H
#define KDOM_TRACE_H

#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>

#include <sd/trace.h>

struct tracer {
	FILE *out;
	char path[PATH_MAX];
	struct pollfd *fds; /* [0] is the listener, the others are connections */
	int n, room;
};

/* Listens at a new path below dir. 0, or -errno after saying why. */
int tracer_open(struct tracer *tr, const char *dir, FILE *out);
/*
 * Prints records until `end` is readable, then those sent before. 0, or -errno: out can't be
 * written any more.
 */
int tracer_run(struct tracer *tr, int end);
void tracer_close(struct tracer *tr);

/* Prints one record as one line. Also used by tests. */
void trace_print(FILE *out, const struct sd_trace *r);

#endif

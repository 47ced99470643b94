/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace.h: prints the calls of hooked threads (sd/trace.h), a line each, as strace does:
 *
 *      1234 openat(AT_FDCWD, "/sd/x", 0x241, 0644) = 5 <block: name> 12.3 us
 *
 * Of running programs the number is the process's, and behind it, /1235, that of a thread which
 * isn't its first, as the process itself knows it.
 *
 * One thread; nothing blocks but the output. What comes over a connection is checked and escaped:
 * it may be another user's program that sends it.
 */
#ifndef KDOM_TRACE_H
#define KDOM_TRACE_H

#include <limits.h>
#include <poll.h>
#include <sys/types.h>
#include <stdbool.h>
#include <stdio.h>

#include <sd/trace.h>

struct tracer {
	FILE *out;
	bool running; /* programs of a domain, which go on when the tracer ends; else our child's */
	pid_t only;   /* running: this process's calls, 0: all */
	char path[PATH_MAX];
	struct pollfd *fds; /* [0] is the listener, the others are connections */
	int n, room;
};

/* Listens at tr->path, the caller having filled in what is above it. 0, or -errno after saying why.
 */
int tracer_open(struct tracer *tr);
/*
 * Prints records until `end` is readable, then those sent before. 0, or -errno: out can't be
 * written any more.
 */
int tracer_run(struct tracer *tr, int end);
void tracer_close(struct tracer *tr);

/* One line for one record. pid: as the kernel says it of the sender; 0: none is printed, but the
 * thread's. */
void trace_print(FILE *out, const struct sd_trace *r, pid_t pid);

#endif

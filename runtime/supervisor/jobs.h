/* SPDX-License-Identifier: GPL-2.0 */
/*
 * jobs.h: queues of jobs, first in, first out. A queue has no lock of its own: whoever shares one
 * locks it.
 */
#ifndef KDOM_JOBS_H
#define KDOM_JOBS_H

struct daemon;

/* Work that may block and is done by a thread. Until done() the thread alone touches what the job
 * is part of; then it is the loop's again. */
struct job {
	struct job *next;
	void (*work)(struct job *j);		       /* by the thread */
	void (*done)(struct daemon *d, struct job *j); /* by the loop, afterwards */
};

struct jobs {
	struct job *first, *last;
};

void jobs_put(struct jobs *q, struct job *j);
struct job *jobs_take(struct jobs *q); /* NULL: there is none */

#endif

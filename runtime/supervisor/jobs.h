/* SPDX-License-Identifier: GPL-2.0 */
/*
 * jobs.h: queues of jobs, first in, first out. A queue has no lock: its users provide one if they
 * share it.
 */
#ifndef KDOM_JOBS_H
#define KDOM_JOBS_H

struct daemon;

/* Work that may block and is done by a thread. Until done() only the thread uses the object that
 * contains the job; then it belongs to the loop again. */
struct job {
	struct job *next;
	void (*work)(struct job *j);		       /* in the thread */
	void (*done)(struct daemon *d, struct job *j); /* in the loop, afterwards */
};

struct jobs {
	struct job *first, *last;
};

void jobs_put(struct jobs *q, struct job *j);
struct job *jobs_take(struct jobs *q); /* NULL: the queue is empty */

#endif

// SPDX-License-Identifier: GPL-2.0
/* jobs.c: queues of jobs, see jobs.h. */
#include "jobs.h"

#include <stddef.h>

void jobs_put(struct jobs *q, struct job *j)
{
	j->next = NULL;
	if (q->first)
		q->last->next = j;
	else
		q->first = j;
	q->last = j;
}

struct job *jobs_take(struct jobs *q)
{
	struct job *j = q->first;

	if (j)
		q->first = j->next;
	return j;
}

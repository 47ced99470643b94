/* SPDX-License-Identifier: GPL-2.0 */
/* threads.h: threads for work that may block, see threads.c. All functions are for the loop's
 * thread. */
#ifndef KDOM_THREADS_H
#define KDOM_THREADS_H

#include <stdbool.h>

#include "jobs.h"
#include "loop.h"

int threads_start(struct loop *l); /* 0 or -errno */
/* stranger: the job is for a uid that is neither root's nor ours, and uses the threads for those.
 */
void threads_do(struct job *j, bool stranger);

#endif

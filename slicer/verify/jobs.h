/* SPDX-License-Identifier: GPL-2.0 */
/*
 * jobs.h: private to the check: compiles units of both sides in worker processes.
 */
#ifndef KSLICE_VERIFY_JOBS_H
#define KSLICE_VERIFY_JOBS_H

#include "closure/graph.h"
#include "verify/side.h"

enum { WHOLE, SLICED, SIDES };

struct verify_job {
	uint32_t side, unit;
};

struct verify {
	const struct graph *g;
	struct side side[SIDES];
	uint32_t *tu; /* per unit: its number in g->db */
	size_t n;
	VEC(struct verify_job) todo;
	bool *pch; /* per unit: may use the precompiled header */
	int processes;
	const char *name; /* for progress */
};

/*
 * Makes the modules of v->todo. exact: without precompiled headers, and unit-N.ll stays, which the
 * caller reads and removes. 0, or -1 after err().
 */
int jobs_run(struct verify *v, bool exact);

#endif

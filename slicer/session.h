/* SPDX-License-Identifier: GPL-2.0 */
/*
 * session.h: one run over one spec: what the passes leave for each other, and what each cost. The
 * commands of main.c say how far a session runs.
 *
 * A session owns what the passes made; session_close() frees it, also when a pass has failed. The
 * options must outlive it. One thread.
 */
#ifndef KSLICE_SESSION_H
#define KSLICE_SESSION_H

#include "closure/graph.h"
#include "passes.h"

struct options {
	const char *tree;   /* --tree, NULL: kernel-tree/linux of the repo */
	const char *out;    /* --out, NULL: build/<domain> of the repo */
	const char *debug;  /* --debug: a fragment in specs/debug, to build/<domain>-<debug>; NULL:
			      none */
	const char *compdb; /* --compdb, NULL: from the tree's own build system */
	const struct pass *dump_after; /* --dump-after, NULL: none */
	int jobs;
	bool whole, html, list, time;
	bool check; /* generated/<domain> is left as it is */
};

struct pass_cost {
	double seconds;
	long peak, child_peak; /* KiB resident, up to the pass's end: of kslice, of its biggest
				  child process so far */
};

struct session {
	const struct options *options;
	const char *arg;     /* the spec, as on the command line */
	struct spec spec;    /* from here on: made by the pass of that name */
	char *outdir;	     /* spec: build/<domain> */
	struct compdb db;    /* commands */
	struct facts *facts; /* facts: db.ntus + 1 of them */
	struct graph graph;  /* graph; completed by cuts and closure */
	size_t ndone;	     /* passes that have run */
	struct pass_cost cost[PASSES_MAX];
};

void session_open(struct session *s, const char *spec, const struct options *o);
/* Runs the passes that haven't run yet, through the one with that name. 0, or -1 after errors. */
int session_run(struct session *s, const char *last);
/* What the passes from first to last took together. */
double session_seconds(const struct session *s, const char *first, const char *last);
/* With --time, prints to stderr what each pass cost. */
void session_close(struct session *s);

#endif

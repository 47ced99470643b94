/* SPDX-License-Identifier: GPL-2.0 */
/*
 * session.h: one run over one spec: the results of the passes, and the cost of each. The commands
 * of main.c decide how far a session runs.
 *
 * A session owns the results; session_close() frees them, also after a failed pass. The options
 * must outlive it. One thread.
 */
#ifndef KSLICE_SESSION_H
#define KSLICE_SESSION_H

#include "closure/graph.h"
#include "passes.h"

struct options {
	const char *tree;   /* --tree, NULL: see commands/trees.h */
	const char *out;    /* --out, NULL: build/<domain> of the repo, and see commands/trees.h */
	const char *debug;  /* --debug: a fragment in specs/debug, to build/<domain>-<debug>; NULL:
			      none */
	const char *compdb; /* --compdb, NULL: from the tree's own build system */
	const struct pass *dump_after; /* --dump-after, NULL: none */
	const char *beside;	       /* --beside, NULL: none */
	const char *to_file;	       /* --html, NULL: report.html of the output folder */
	int jobs;
	const char *calls;     /* --calls */
	const char *files[16]; /* --file */
	size_t nfiles;
	const char *from, *to; /* --from, --to */
	const char *uncut;     /* --uncut: groups, to build/<domain>-uncut; NULL: none */
	bool whole, html, list, time, no_verify, json;
	bool compare;	 /* for diff: no stubs are made, and compdb is below the tree */
	bool only_stubs; /* and no image: another domain's may be the default tree's */
	bool check;	 /* don't write generated/<domain> */
};

struct pass_cost {
	double seconds;
	/* KiB resident at the pass's end: of kslice, of its largest child process so far */
	long peak, child_peak;
};

struct session {
	const struct options *options;
	const char *arg;     /* the spec, as on the command line */
	struct spec spec;    /* from here on: made by the pass named in the comment or member */
	char *outdir;	     /* spec: build/<domain> */
	struct compdb db;    /* commands */
	struct facts *facts; /* facts: db.ntus + 1 of them */
	struct graph graph;  /* graph; completed by cuts and closure */
	int lock;	     /* on the output folder, for writing; 0: none */
	size_t ndone;	     /* passes that have run */
	struct pass_cost cost[PASSES_MAX];
};

void session_open(struct session *s, const char *spec, const struct options *o);
/* Runs the passes that haven't run yet, up to and including `last`. 0, or -1 after errors. */
int session_run(struct session *s, const char *last);
/* Counts the passes up to and including `last` as run: their results were put into the session, or
 * aren't needed. */
void session_skip(struct session *s, const char *last);
/* Makes the output folder dir, for this session alone: waits for another that writes to it.
 * 0, or -1 after the error. */
int session_own(struct session *s, const char *dir);
/* Total time of the passes from first to last. */
double session_seconds(const struct session *s, const char *first, const char *last);
/* With --time, prints to stderr what each pass cost. */
void session_close(struct session *s);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * session.h: one run over one spec, as the commands of main.c share it: spec, compile commands,
 * facts, graph, closure. A session is closed also when opening failed half way.
 */
#ifndef KSLICE_SESSION_H
#define KSLICE_SESSION_H

#include "closure/graph.h"

struct options {
	const char *tree;   /* --tree, NULL: kernel-tree/linux of the repo */
	const char *out;    /* --out, NULL: build/<domain> of the repo */
	const char *debug;  /* --debug: a fragment in specs/debug, to build/<domain>-<debug>; NULL:
			       none */
	const char *compdb; /* --compdb, NULL: from the tree's own build system */
	int jobs;
	bool whole, html, list;
	bool check; /* generated/<domain> is left as it is */
};

struct session {
	struct spec spec;
	struct compdb db;
	struct facts *facts;
	struct graph graph;
	char *outdir; /* build/<domain> */
	double t_compdb, t_facts, t_closure;
};

int session_spec(struct session *s, const char *spec, const struct options *o);
/* Compile commands only. */
int session_commands(struct session *s, const struct options *o);
/* The rest (and what comes before it, if that wasn't asked for), up to the closure; with cuts
 * matched. 0, or -1 after printing errors. */
int session_closure(struct session *s, const struct options *o);
void session_close(struct session *s);

#endif

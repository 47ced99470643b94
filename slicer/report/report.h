/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report.h: the pass report, and what shows its result.
 *
 *      manifest.c      closure + built objects => OUT/manifest.json
 *      model.c         OUT's files => struct model: kept units with their reasons, functions with
 *                      their bytes, kept and whole. Needs neither facts nor a closure
 *      heavy.c         model => bytes that only one unit holds in (dominator tree)
 *      suggest.c       a unit => the cut that would drop it, and what users would lose
 *      table.c         model => the text of `kslice report`
 *      page.c          model => OUT/report.html: page.html with page.css, *.js and the data
 *      changes.c       original and sliced text => hunks
 *      beside.c        model => figures of its image and of other kernels
 *      image.c         ELF file or compressed kernel => functions, system calls, gadgets
 *      gadgets.c       machine code => number of gadgets; decode.c knows instructions' lengths
 */
#ifndef KSLICE_REPORT_H
#define KSLICE_REPORT_H

#include "closure/graph.h"

/* Writes outdir/manifest.json. 0, or -1 after printing the error, as all of these. */
int report_write(const struct graph *g, const char *outdir);
/* The manifest of build/<domain>-whole. */
int report_write_whole(const struct graph *g, const char *outdir);
/* Prints one line: how much was kept of the whole. */
int report_summary(const char *outdir);

struct report_opts {
	const char *outdir;
	const char *beside; /* --beside: a kernel to compare with, ELF or bzImage; NULL: none */
	const char *to;	    /* the page; NULL: outdir/report.html */
};
/* Prints the table. */
int report_print(const struct report_opts *o);
/* Writes the page and prints its path. */
int report_page(const struct report_opts *o);

#endif

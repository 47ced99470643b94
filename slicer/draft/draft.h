/* SPDX-License-Identifier: GPL-2.0 */
/*
 * draft.h: a first spec from names of calls, for `kslice new`.
 *
 *      config.c        calls and files => options that compile them, by Makefiles and #ifdefs
 *      groups.c        calls => the shared annotation groups that describe them
 *      answers.c       struct marshal => routes, results, tests that types and names tell
 *      text.c          struct draft => the spec as text
 *
 * A draft owns its strings and JSON; draft_free() frees it. Nothing is guessed that would make a
 * wrong stub: what remains open is left to `kslice check`.
 */
#ifndef KSLICE_DRAFT_H
#define KSLICE_DRAFT_H

#include "commands/origin.h"
#include "base/util.h"

#include <jansson.h>

struct compdb;
struct marshal;
struct spec;

struct draft {
	const char *name, *tree;
	VEC(char *) calls; /* SYSCALL_DEFINEs: as given, then what descriptors need: close, fcntl */
	VEC(char *) names; /* of calls: as programs say */
	size_t asked;	   /* of calls: given */
	struct origin origin; /* its files: those of --file, then those of the calls */
	size_t ngiven;	      /* of these files: given by --file */
	char *config;	      /* the fragment's text */
	VEC(char *) groups, cuts;
	json_t *routes, *own; /* array; the spec's own annotation group */
	VEC(char *) notes;    /* for the user, to be looked at */
};

/* "a,b,c" => d->calls. 0, or -1 after err(). */
int draft_calls(struct draft *d, const char *list);
/* Finds the calls' files, and writes d->config. 0, or -1 after err(): no such call or file, or an
 * option that can't be had. */
int draft_config(struct draft *d);
/* Chooses d->groups. 0, or -1 after err(). */
int draft_groups(struct draft *d);
/* Removes close and fcntl, which draft_calls() adds, if no call makes descriptors. */
void draft_drop_calls(struct draft *d, const struct marshal *m);
/* Gives `take` what types and bodies say of the spec's calls. 0, or -1 after err(). */
int draft_infer(struct draft *d, const struct spec *spec, const struct compdb *db,
		void (*take)(struct draft *d, const struct marshal *m));
/* First run: routes, results. */
void draft_routes(struct draft *d, const struct marshal *m);
/* Second run, with the routes: tests and fixtures. */
void draft_tests(struct draft *d, const struct marshal *m);
void draft_note(struct draft *d, char *text); /* takes text */
void draft_text(const struct draft *d, struct strbuf *b);
void draft_free(struct draft *d);

#endif

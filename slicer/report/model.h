/* SPDX-License-Identifier: GPL-2.0 */
/*
 * model.h: a slice as its reports show it, loaded from the files in its output folder.
 *
 * Units are those of why.tsv, numbered from 0 in its order; `from` is such a number. A file's
 * functions are those of its object, so an inline function of a header counts where the compiler
 * put it. model_free() frees everything; strings belong to the model.
 */
#ifndef KSLICE_REPORT_MODEL_H
#define KSLICE_REPORT_MODEL_H

#include "base/util.h"
#include "closure/graph.h"
#include "report/image.h"
#include <jansson.h>

#define NO_UNIT UINT32_MAX

struct munit {
	const char *names; /* separated by commas */
	const char *file;
	unsigned line;
	const char *edge;  /* how it was first reached, as `kslice why` says it */
	const char *extra; /* the field and its holder, "" for other edges */
	uint32_t from;	   /* NO_UNIT: a root */
	uint64_t bytes;	   /* of code, if objects are built */
	uint64_t held;	   /* bytes that are in the slice only because this unit is; heavy.c */
};

struct mfun {
	char *name;
	uint64_t bytes;
	uint32_t unit; /* NO_UNIT: unknown, as of what only the whole has */
	bool gone;     /* only the whole has it */
};

struct mfile {
	char *path;
	VEC(struct mfun) funs; /* biggest first; those of the slice before the gone ones */
	uint64_t kept, whole;  /* bytes */
};

/* A name of a unit; next: 1 + index of another unit with it. */
struct named {
	uint32_t unit, next;
};

struct model {
	json_t *manifest;
	const char *name;
	char *outdir;
	char *why_text;
	VEC(struct munit) units;
	struct strmap by_name; /* name => 1 + index of the first in `named` */
	VEC(struct named) named;
	VEC(struct unit_edge) edges; /* numbers of units */
	VEC(struct mfile) files;     /* sorted by path */
	struct strmap file_index;
	bool has_whole; /* the same configuration is built unsliced */
	uint32_t *idom; /* heavy.c: per node of its graph */
	json_t *groups; /* suggest.c: the cut groups of specs/cuts; NULL: not loaded yet */
};

/* 0, or -1 after err(): not sliced. A slice that isn't built has no bytes. */
int model_load(struct model *m, const char *outdir);
void model_free(struct model *m);
/* The unit with that name; of several one in this file, else one in a .c file. NO_UNIT: none. */
uint32_t model_unit(const struct model *m, const char *name, const char *file);
/* Length of the first of the unit's names. */
int munit_name_len(const struct munit *u);
bool munit_is_header(const struct munit *u);

/* heavy.c: fills in `held` of all units. */
void model_weigh(struct model *m);
/* Units that hold much, biggest first, at most max, without those that only lead to one that is in
 * the list. The caller frees *out. */
size_t model_heaviest(const struct model *m, size_t max, uint32_t **out);
/* Bytes held by the unit in each directory (dir_of()): {"net/core": 123}. */
json_t *model_held_by_dir(const struct model *m, uint32_t unit);

/* suggest.c: {"cut": what to write into the spec, "why": ..., "lost": ...}, or NULL: none is
 * known. */
json_t *suggest_cut(struct model *m, uint32_t unit);

/* changes.c: [[path, lines added, lines taken away, "unified hunks"]]; NULL after err(). */
json_t *model_changes(const struct model *m);

/* beside.c: calls row for the image, the unsliced one if it is built, and the kernel in file
 * `beside` (NULL: none). 0, or -1 after err(). */
typedef void image_row(void *arg, const char *what, const struct image *im);
int model_images(const struct model *m, const char *beside, image_row *row, void *arg);

#endif

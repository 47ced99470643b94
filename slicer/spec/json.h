/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json.h: JSON with places. jansson doesn't report lines of values, so the text is scanned again to
 * record the line of each JSON pointer.
 */
#ifndef KSLICE_SPEC_JSON_H
#define KSLICE_SPEC_JSON_H

#include "spec/spec.h"
#include "base/util.h"

/* One parsed file; a chain of these owns all strings of a spec. */
struct spec_file {
	struct spec_file *next;
	char *path;
	json_t *json;
	struct strmap lines; /* pointer => line */
	VEC(void *) owned;
};

/* Reads and parses; reports syntax errors and duplicate keys with their line. NULL after an error.
 */
struct spec_file *spec_file_load(const char *path, const char *cure);
void spec_file_free(struct spec_file *f);

/* Makes f one of the spec's files; f, which may be NULL. */
struct spec_file *spec_chain_file(struct spec *spec, struct spec_file *f);
/* A name relative to the folder of `path`; malloc'ed. */
char *spec_path_beside(const char *path, const char *name);

/* The place of a JSON pointer given in printf style; the strings have the file's lifetime. */
struct spec_place spec_at(struct spec_file *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void *spec_own(struct spec_file *f, void *p);

enum spec_type {
	ST_STRING,
	ST_NAMES, /* string or array of strings */
	ST_ARRAY,
	ST_OBJECT,
	ST_TRUE,   /* the value true */
	ST_NUMBER, /* an integer, 0 or more */
};

struct spec_key {
	const char *name;
	enum spec_type type;
	bool required;
};
/* Checks that every key of obj is in keys and has its type, and that no required key is missing.
 * 0/-1. */
int spec_check_keys(struct spec_file *f, json_t *obj, const char *pointer,
		    const struct spec_key *keys, size_t nkeys);
/* A string or an array of non-empty strings; NULL gives none. 0/-1. */
int spec_names_of(struct spec_file *f, json_t *value, const char *pointer, struct spec_names *out);

#endif

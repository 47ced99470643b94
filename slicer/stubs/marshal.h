/* SPDX-License-Identifier: GPL-2.0 */
/*
 * marshal.h: how each parameter of each call is passed. Made by infer.c, read by emit*.c.
 *
 * Ownership: struct marshal owns everything, including types; freed by marshal_free().
 */
#ifndef KSLICE_STUBS_MARSHAL_H
#define KSLICE_STUBS_MARSHAL_H

#include "stubs/evidence.h"
#include "stubs/types.h"
#include "spec/spec.h"
#include "base/util.h"

#include <jansson.h>

#define MARSHAL_MAX_DATA (1024 * 1024) /* SD_MAX_DATA; the output asserts it */

#define MARSHAL_MAX_KEYS  8 /* as in struct sd_route_key */
#define MARSHAL_MAX_PATHS 2 /* as in struct sd_path_args */

enum dir { DIR_NONE = 0, DIR_IN = 1, DIR_OUT = 2, DIR_INOUT = 3 };

enum how { HOW_INFERRED, HOW_ANNOTATED, HOW_UNSURE };

enum from { /* what said so, in the order of their weight */
	    FROM_NOTHING,
	    FROM_NAME,
	    FROM_TYPE,
	    FROM_BODY,
	    FROM_ANNOTATION,
};

enum len_kind {
	LEN_FIXED, /* `bytes` */
	LEN_ARG,   /* sibling `of` (parameter or field) units of `elem_size` bytes */
	LEN_VR,	   /* sibling `of` is a value-result length: int *, or a field written back */
	LEN_BITS,  /* sibling `of` bits, in 8-byte words */
	LEN_STR,   /* up to and including NUL, at most PATH_MAX */
};

enum filled { /* how much of an out buffer the call writes */
	      FILLED_ALL,
	      FILLED_RET, /* result units of `elem_size` bytes */
	      FILLED_VR,  /* the value-result length, at most what was offered */
	      FILLED_SUM, /* a scatter list: filled in order by the running total */
};

enum pass {
	PASS_SCALAR,
	PASS_PTR,
	PASS_INLINE, /* a struct inside a struct that needs more than copying */
	PASS_VR,     /* int * of another parameter's LEN_VR */
	PASS_REFUSE, /* the call fails with `refuse` without reaching the kernel */
	PASS_SWITCH, /* like one of `cases` */
};

struct mcase;
struct mstruct;

/* Unsure: a key to be written, and its possible values as JSON, the likeliest first, with | between
 * them; key NULL: none. */
struct question {
	const char *key, *choices;
};

/* Records: each has its length at `at`, in `size` bytes; is at least `least` long; and has a string
 * at `name`. size 0: no records. */
struct mrecords {
	unsigned at, size, least, name;
};

/* What a call may return besides an error: at most `most`, or what parameter `of` allows. */
struct mresult {
	enum how how;
	enum from from;
	int64_t most;
	int of;		/* -1: none */
	unsigned times; /* multiplied by this */
	int64_t empty;	/* the maximum if that is 0 */
};

/* A parameter, a field of a struct variant, or one case of a switch. */
struct mval {
	const char *name;
	const struct type *type;
	const char *spelling; /* parameters: the cast */
	size_t offset;	      /* fields */
	enum pass pass;
	enum how how;
	const char *note; /* unsure: what is missing; for `kslice check` */
	struct question ask[2];
	enum from dir_from, len_from, fd_from;
	bool fd;
	bool path;    /* names a file */
	int dirfd;    /* path: the parameter that it is relative to; -1: the current directory */
	enum dir dir; /* PTR: direction of the pointee; SCALAR fields: OUT = written back */

	enum len_kind len; /* PTR from here on */
	size_t bytes, elem_size;
	int of;
	size_t times; /* LEN_ARG: units are times * of + plus, and elem_size is 1; 0: just `of` */
	int64_t plus;
	int64_t max;   /* units; above it the kernel itself fails, so nothing is copied; 0: none */
	int64_t clamp; /* units; longer lengths are reduced to it, as by MAX_RW_COUNT; 0: none */
	enum filled filled;
	bool always;	   /* also written back on errors */
	bool ignore_fault; /* the kernel ignores a fault on writing it back */
	bool parts;	   /* more than `clamp` is split into several calls */
	int part_pos;	   /* parameter with the file offset, advanced with the parts; -1: none */
	/* name of a call: parts only if it succeeds with (fd, 0, SEEK_CUR); NULL: always */
	const char *parts_if;
	bool whole;  /* the kernel copies the whole result, even beyond the given length */
	bool prefix; /* the kernel may need only the first part */
	/* if this parameter has keep_mask set the buffer's contents are passed in, too; -1: none */
	int keep_arg;
	int64_t keep_mask;
	bool partial; /* fewer elements than requested may be passed */
	/* VR: the returned length may exceed the given one up to this; 0: it may not */
	int64_t longer;
	struct mrecords rec; /* the output is a sequence of records */
	bool terminated;     /* the output ends with NUL */
	struct mstruct *st;  /* elements that contain pointers or are written back in part */

	int refuse; /* errno */
	int on[2];  /* SWITCH: the parameters; on[1] = -1: only one */
	struct mcase *cases;
	size_t ncases;
	struct mval *otherwise;
};

struct mcase {
	const char *label; /* "F_GETLK", "SOL_SOCKET SO_ATTACH_FILTER" */
	int64_t key[2];
	struct mval val;
	bool ret_fd;
};

struct mstruct {
	const char *name; /* "iovec_in" */
	const struct type *type;
	bool declared; /* by an annotation, since no header has it */
	struct mval *fields;
	size_t nfields;
	int total;     /* field with the number of data bytes received; -1: the call's result */
	bool in_ready; /* being built (recursion is refused) */
};

struct mguard { /* a parameter that must be NULL, or may have only these bits */
	unsigned param;
	uint64_t bits;
};

enum mroute {
	MROUTE_NONE,
	MROUTE_FD,
	MROUTE_KEY,
	MROUTE_PATH,
	MROUTE_MIRRORED
}; /* enum sd_route */

struct mkey { /* the parameter's masked value is one of these */
	int param;
	uint64_t mask, *values;
	const char **names; /* of the values; borrowed from the spec */
	size_t n;
};

struct mcall {
	const struct calltype *ct;
	const struct evidence *ev; /* of its body; NULL: none */
	struct mval *p;
	unsigned n;
	bool ret_fd;
	bool ret_id; /* a number of the kernel's choice, which tests don't compare */
	struct mresult result_is;
	bool route_none;
	enum mroute route;	     /* made by routes.c */
	const struct spec_route *by; /* KEY, ALSO: the spec's; borrowed */
	/* parameter with O_CLOEXEC for the new descriptors; -1: none */
	int cloexec;
	/* all must hold in calls to this domain; none with KEY and ALSO: for any arguments */
	struct mkey key[SPEC_MAX_CONDITIONS];
	size_t nkeys;
	bool blocks;
	unsigned flags; /* enum sd_stub_flags */
	int credit;	/* parameter: the fd whose credit is in the answer; -1: none */
	int early;	/* parameter: data whose length is the early result; -1: none */
	bool known;	/* the early result is always `result` */
	int64_t result;
	struct mguard *only; /* the early completion's conditions */
	size_t nonly;
	json_t *test;	 /* borrowed; NULL: none */
	json_t *differs; /* borrowed; NULL: none */
};

struct group { /* an annotation file */
	char *name, *path;
	json_t *json;
};

struct marshal {
	const char *domain;
	struct types types;
	struct bodies bodies;
	struct group *groups;
	size_t ngroups;
	struct mstruct **structs; /* variants in use, users after what they use */
	size_t nstructs, scap;
	struct mcall *calls;
	size_t ncalls;
	const struct spec *spec;
	unsigned unsure;
	void **mem;
	size_t nmem, mcap;
};

struct compdb;

/* annotations.c: loads the spec's groups. 0/-1 after printing. */
int annotations_load(struct marshal *m);
json_t *annotation_of_call(const struct marshal *m, const char *call, const char **path);
json_t *annotation_of_struct(const struct marshal *m, const char *name, const char **path);
/* What types_load() must look up besides the calls. The caller frees the arrays; strings are
 * borrowed. */
void annotations_wants(const struct marshal *m, struct types_request *want);
/* An unknown key is an error with its place. */
int annotation_keys(const char *path, const char *what, json_t *obj, const char *const *allowed);

/* SD_STUB_FDS_OUT of sd/client.h: two descriptors are returned in an array of the caller */
#define MCALL_FDS_OUT 1u

/* What to add to a length's name in "len" so that it is an expression: " * 4 + 8", or NULL. */
const char *length_operators(const char *len);

/* Data of a scatter list, limited by what a call carries. */
static inline bool is_data(const struct mval *v)
{
	return v->pass == PASS_PTR && !v->st && v->len == LEN_ARG &&
	       v->clamp == (int64_t)(MARSHAL_MAX_DATA / (v->elem_size ?: 1));
}

/* Does the struct contain such data, or lead to it? */
static inline bool holds_data(const struct mstruct *st)
{
	for (size_t i = 0; i < st->nfields; i++) {
		const struct mval *v = &st->fields[i];

		if (is_data(v) || (v->st && holds_data(v->st)))
			return true;
	}
	return false;
}

/* The call's name in the spec, which may be the tree's. */
static inline const char *call_in_spec(const struct marshal *m, const struct mcall *c)
{
	return m->spec->calls[c - m->calls].name;
}

static inline bool makes_fds(const struct mcall *c)
{
	return c->ret_fd || c->flags & MCALL_FDS_OUT;
}

/* results.c: fills in the call's result_is and ret_fd, by its annotation (may be NULL). 0, or -1
 * after printing. */
int marshal_result(struct marshal *m, struct mcall *c, const char *path, json_t *a);
/* routes.c: fills in every call's route and key. 0, or -1 after printing. */
int marshal_routes(struct marshal *m);
/* For `kslice check`: prints which calls of a program come here, and why. */
void routes_print(const struct marshal *m);
/* "fd", "key", "path", "mirrored", "none" */
const char *route_name(enum mroute r);
unsigned call_fds(const struct mcall *c);   /* bit i: parameter i is a descriptor */
unsigned call_paths(const struct mcall *c); /* bit i: parameter i names a file */

/* infer.c. 0, or -1 after printing; unsure values are only counted. */
int marshal_load(struct marshal *m, const struct spec *spec, const struct compdb *db);
void marshal_free(struct marshal *m);
void *marshal_keep(struct marshal *m, void *p);
/* Value of a constant or number in an annotation; false if it is neither. */
bool marshal_value(const struct marshal *m, json_t *v, int64_t *out);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * marshal.h: how each parameter of each call crosses. Made by infer.c, read by emit*.c.
 *
 * Ownership: struct marshal owns everything, types included; marshal_free() once at the end.
 */
#ifndef KSLICE_STUBS_MARSHAL_H
#define KSLICE_STUBS_MARSHAL_H

#include "stubs/types.h"
#include "base/util.h"

#include <jansson.h>

#define MARSHAL_MAX_DATA (1024 * 1024) /* SD_MAX_DATA; the output asserts it */

#define MARSHAL_MAX_KEYS  8 /* of struct sd_route_key */
#define MARSHAL_MAX_PATHS 2 /* of struct sd_path_args */

struct spec;
struct spec_route;

enum dir { DIR_NONE = 0, DIR_IN = 1, DIR_OUT = 2, DIR_INOUT = 3 };

enum how { HOW_INFERRED, HOW_ANNOTATED, HOW_UNSURE };

enum len_kind {
	LEN_FIXED, /* `bytes` */
	LEN_ARG,   /* sibling `of` (parameter or field) units of `elem_size` bytes */
	LEN_VR,	   /* sibling `of` is a value-result length: int *, or a field written back */
	LEN_BITS,  /* sibling `of` bits, in 8-byte words */
	LEN_STR,   /* up to and with NUL, at most PATH_MAX */
};

enum filled { /* how much of an out buffer the call has written */
	      FILLED_ALL,
	      FILLED_RET, /* result units of `elem_size` bytes */
	      FILLED_VR,  /* the value-result length, at most what was offered */
	      FILLED_SUM, /* a scatter list: filled in order by the running total */
};

enum pass {
	PASS_SCALAR,
	PASS_PTR,
	PASS_INLINE, /* a struct within a struct that needs more than copying */
	PASS_VR,     /* int * of another parameter's LEN_VR */
	PASS_REFUSE, /* the call answers `refuse` without reaching the kernel */
	PASS_SWITCH, /* as one of `cases` */
};

struct mcase;
struct mstruct;

/* Records: each says at `at`, in `size` bytes, how long it is; is `least` at least; and has a
 * string at `name`. size 0: none. */
struct mrecords {
	unsigned at, size, least, name;
};

/* What a call may return beside an error: at most `most`, or what was given of parameter `of`. */
struct mresult {
	enum how how;
	int64_t most;
	int of;		/* -1: none */
	unsigned times; /* so often that */
	int64_t empty;	/* the most if that is 0; 0: it is 0, too */
};

/* A parameter, a field of a struct variant, or one case of a switch. */
struct mval {
	const char *name;
	const struct type *type;
	const char *spelling; /* parameters: the cast */
	size_t offset;	      /* fields */
	enum pass pass;
	enum how how;
	const char *note; /* what settled it, or what is missing; for `kslice check` */
	bool fd;
	bool path;    /* names a file */
	int dirfd;    /* path: parameter it is relative to, -1: the current directory */
	enum dir dir; /* PTR: of what it leads to; fields that are SCALAR: OUT = written back */

	enum len_kind len; /* PTR from here on */
	size_t bytes, elem_size;
	int of;
	int64_t max; /* units; above it the kernel refuses by itself, nothing is copied; 0: none */
	int64_t clamp; /* units; above it the length is cut, as MAX_RW_COUNT does; 0: none */
	enum filled filled;
	bool always;	   /* written back on errors as well */
	bool ignore_fault; /* the kernel ignores a fault on writing it back */
	bool parts;	   /* more than `clamp` goes in several calls */
	int part_pos; /* parameter that says where in the file, moved along with them; -1: none */
	const char *parts_if; /* name of a call: parts only if fd, 0, SEEK_CUR makes it succeed;
				 NULL: always */
	bool whole; /* the kernel copies the result's bytes, however many it was offered room for */
	bool prefix;  /* the kernel may need only the first part */
	int keep_arg; /* parameter with keep_mask: set, the buffer's contents go in as well; -1:
			 none */
	int64_t keep_mask;
	bool partial;	/* fewer elements than asked for may go over */
	int64_t longer; /* VR: the length that comes back may exceed what was offered, up to this;
			   0: it may not */
	struct mrecords rec; /* what comes back is a sequence of records */
	bool terminated;     /* what comes back ends in NUL */
	struct mstruct *st;  /* elements that hold pointers or are written back in part */

	int refuse; /* errno */
	int on[2];  /* SWITCH: parameters looked at; on[1] = -1: only one */
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
	bool declared; /* by the annotations: no header has it */
	struct mval *fields;
	size_t nfields;
	int total;     /* field that says how many data bytes came, -1: the call's result */
	bool in_ready; /* being built (recursion is refused) */
};

struct mguard { /* a parameter that must be NULL, or have no bits but these */
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

struct mcall {
	const struct calltype *ct;
	struct mval *p;
	unsigned n;
	bool ret_fd;
	struct mresult result_is;
	bool route_none;
	enum mroute route;	     /* made by routes.c */
	const struct spec_route *by; /* KEY, ALSO: the spec's; borrowed */
	int cloexec;		     /* parameter with O_CLOEXEC for what it makes; -1: none */
	int key; /* with nkeys: the parameter whose value, masked, is one of keys in a call of this
		    domain */
	uint64_t keymask, *keys;
	const char **keynames; /* borrowed from the spec */
	size_t nkeys;	       /* 0 with KEY and ALSO: whatever its arguments are */
	bool blocks;
	unsigned flags; /* enum sd_stub_flags */
	int credit;	/* parameter: the fd whose credit the answer tells; -1: none */
	int early;  /* parameter: data whose length is the result a caller may be told before the
			answer; -1: none */
	bool known; /* the result is `result`, and a caller may be told so before the answer */
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
/* What types_load() has to look up besides the calls. Arrays to be freed, strings borrowed. */
void annotations_wants(const struct marshal *m, struct types_request *want);
/* An unknown key is an error with its place. */
int annotation_keys(const char *path, const char *what, json_t *obj, const char *const *allowed);

#define MCALL_FDS_OUT \
	1u /* SD_STUB_FDS_OUT of sd/client.h: two descriptors lie in an array of the caller */

/* Data of a scatter list: as much as a call carries. */
static inline bool is_data(const struct mval *v)
{
	return v->pass == PASS_PTR && !v->st && v->len == LEN_ARG &&
	       v->clamp == (int64_t)(MARSHAL_MAX_DATA / (v->elem_size ?: 1));
}

/* Does the struct hold some, or lead to it? */
static inline bool holds_data(const struct mstruct *st)
{
	for (size_t i = 0; i < st->nfields; i++) {
		const struct mval *v = &st->fields[i];

		if (is_data(v) || (v->st && holds_data(v->st)))
			return true;
	}
	return false;
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
/* For `kslice check`: which calls of a program come here, and by what. */
void routes_print(const struct marshal *m);
/* "fd", "key", "path", "mirrored", "none" */
const char *route_name(enum mroute r);
unsigned call_fds(const struct mcall *c);   /* bit i: parameter i is a descriptor */
unsigned call_paths(const struct mcall *c); /* bit i: parameter i names a file */

/* infer.c. 0, or -1 after printing; unsure values are counted, not refused. */
int marshal_load(struct marshal *m, const struct spec *spec, const struct compdb *db);
void marshal_free(struct marshal *m);
void *marshal_keep(struct marshal *m, void *p);
/* Value of a constant or number in an annotation, false if it's neither. */
bool marshal_value(const struct marshal *m, json_t *v, int64_t *out);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bodies.h: functions' bodies as expressions, and what flows through them.
 *
 *      lower.c         a body of libclang => statements and expressions
 *      bodies.c        finds a function's file by its text, parses it when the function is needed
 *      flow.c          follows a call's parameters through bodies => struct evidence
 *      primitives.c    the table of functions in which following ends, with their meaning
 *
 * The order of statements and the conditions around them are ignored: a variable holds whatever is
 * assigned to it anywhere in its function. So evidence says what may happen, and that nothing else
 * does as long as nothing escaped.
 *
 * Ownership: struct bodies owns everything, freed by bodies_free(). Not thread safe.
 */
#ifndef KSLICE_STUBS_BODIES_H
#define KSLICE_STUBS_BODIES_H

#include "base/util.h"

struct compdb;

enum expr_op {
	X_OTHER, /* not understood, or of no interest; the operands are evaluated */
	X_CONST, /* n */
	X_VAR,	 /* variable n of the function; its parameters come first */
	X_FUNC,	 /* the function `name` */
	X_CALL,	 /* function `name`, or the value of operand 0 if that is NULL; then arguments */
	X_ADD,
	X_SUB,
	X_MUL,
	X_DEREF,
	X_ADDR,	  /* of operand 0 */
	X_MEMBER, /* field `name` ("struct x:f") at byte n of operand 0 */
	X_JOIN,	  /* one of the operands */
	X_MIX,	  /* computed from the operands */
};

struct expr {
	uint8_t op, nkids;
	bool array;   /* MEMBER, VAR: an array, whose value is its address */
	bool pointer; /* VAR */
	uint32_t line;
	int64_t n;
	const char *name;
	struct expr **kids;
};

enum stmt_kind { STMT_ASSIGN, STMT_RETURN, STMT_EXPR };

struct stmt {
	enum stmt_kind kind;
	struct expr *to, *value; /* to: ASSIGN */
};

struct fn {
	const char *key; /* its name; "path:name" if it is static in a .c file */
	const char *file;
	unsigned nparams, nvars;
	VEC(struct stmt) stmts;
};

struct bodies {
	const struct compdb *db;
	struct strmap fns;   /* key => struct fn * */
	struct strmap files; /* name of a function => 1 + number of the unit that may define it */
	struct strmap units; /* path of a unit that was added => 1 */
	bool indexed;
	unsigned parsed;  /* units that were parsed for bodies alone */
	VEC(char *) read; /* paths of all units that were added */
	VEC(void *) mem;
};

void bodies_init(struct bodies *b, const struct compdb *db);
void bodies_free(struct bodies *b);
void *bodies_keep(struct bodies *b, void *p);
/* The function that `key` names, by parsing its unit if need be; NULL: no unit has its body. */
const struct fn *bodies_find(struct bodies *b, const char *key);
const struct fn *bodies_known(const struct bodies *b, const char *key); /* without parsing */

/* ---- primitives.c ---- */

enum primitive_kind {
	PRIM_COPY_IN,  /* reads `len` bytes at user address `ptr` */
	PRIM_COPY_OUT, /* writes them */
	PRIM_STRING,   /* reads a string at `ptr` */
	PRIM_PATH,     /* the same, and it names a file */
	PRIM_VECTOR,   /* `ptr` is an array of `len` struct iovec; `dir`: READ or WRITE */
	PRIM_DATA,     /* data at `ptr`, `len` bytes; `dir` as above */
	PRIM_USES_FD,  /* `ptr` is a descriptor that the caller has */
	PRIM_MAKES_FD, /* the result is a new descriptor */
	PRIM_IGNORE,   /* nothing of its arguments is kept or followed */
};

struct primitive {
	const char *name; /* a function, or "struct x:f" for what is called through that field */
	enum primitive_kind kind;
	int8_t ptr, len, dir; /* arguments; -1: none */
	int8_t dst;	      /* COPY_IN: where to; COPY_OUT: where from; -1: none */
};

const struct primitive *primitive_find(const char *name); /* NULL: none */

/* ---- flow.c ---- */

enum { FLOW_ATOMS = 10, FLOW_PARAMS = 6 };

enum atom_kind {
	ATOM_OTHER,  /* anything */
	ATOM_ERROR,  /* -errno */
	ATOM_CONST,  /* n */
	ATOM_PARAM,  /* parameter `param` of the call, times `times`, plus n */
	ATOM_LOADED, /* read from memory that it points to */
	ATOM_FD,     /* a new descriptor */
	ATOM_FUNC,   /* the address of function `name` */
};

struct atom {
	uint8_t kind, param;
	bool inexact; /* PARAM: changed by what isn't known */
	bool weak;    /* PARAM: found in a struct, maybe in another of its fields */
	int32_t times;
	int64_t n;
	const char *name;
};

/* The values that an expression may have. */
struct atoms {
	unsigned n;
	struct atom a[FLOW_ATOMS];
};

enum { COPY_IN = 1, COPY_OUT = 2 };

struct copy {
	uint8_t dir; /* bits COPY_IN, COPY_OUT */
	uint8_t param;
	bool string, path, vector, gives_fd;
	bool inexact; /* the offset isn't known */
	int64_t off;
	struct atoms len;  /* in bytes */
	const char *where; /* "ipc/msgutil.c:97" */
};

struct evidence {
	VEC(struct copy) copies;
	uint8_t uses_fd;  /* bit i: parameter i is looked up as a descriptor */
	uint8_t followed; /* bit i: nothing of parameter i escaped: copies and uses_fd are all */
	const char *escape[FLOW_PARAMS]; /* where it escaped: "vfs_ioctl, through a pointer" */
	const char *fd_at[FLOW_PARAMS];	 /* where it is looked up */
	bool makes_fd;			 /* the result may be a new descriptor */
	const char *makes_at;
	int64_t most; /* the largest result, -1: not all results are known */
};

/* What call `entry` (without sys_) does with its parameters. wide: those that other units are
 * parsed for. NULL: it has no body. */
struct evidence *flow_call(struct bodies *b, const char *file, const char *entry, unsigned nparams,
			   unsigned wide);

#endif

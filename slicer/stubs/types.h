/* SPDX-License-Identifier: GPL-2.0 */
/*
 * types.h: calls => their parameters' names and types, with the layouts behind the pointers.
 *
 * The only code besides facts/ and lower.c, bodies.c that uses libclang. SYSCALL_DEFINEd functions
 * are looked up in the .c files of the configured tree and parsed with the kernel's own flags, with
 * function bodies only for bodies.h; `__user` is made visible as btf_type_tag("user"). Types and
 * constants that only annotations name come from a small unit that includes the annotations'
 * headers.
 *
 * Ownership: everything belongs to struct types, freed by types_free(). Not thread safe.
 */
#ifndef KSLICE_STUBS_TYPES_H
#define KSLICE_STUBS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct compdb;
struct bodies;

enum type_kind { TYPE_VOID, TYPE_INT, TYPE_PTR, TYPE_STRUCT, TYPE_UNION, TYPE_ARRAY, TYPE_OTHER };

struct type_field {
	const char *name; /* "" for an anonymous member */
	const struct type *type;
	size_t offset; /* bytes */
	bool bits;     /* a bit-field */
};

struct type {
	enum type_kind kind;
	const char *name; /* the C name without qualifiers: "struct iovec", "unsigned int" */
	size_t size;	  /* bytes; 0 for void and incomplete types */
	bool is_signed;
	bool is_const;		   /* qualifier of this use, not of the canonical type */
	bool user;		   /* carries __user */
	const struct type *to;	   /* PTR: pointee; ARRAY: element */
	size_t count;		   /* ARRAY */
	struct type_field *fields; /* STRUCT, UNION */
	size_t nfields;
};

struct param {
	const char *name;
	const struct type *type;
	const char *spelling; /* to be used in a cast: "struct sockaddr __user *" */
};

struct calltype {
	const char *name;  /* as user space calls it: "sendfile" */
	const char *entry; /* the kernel's function without sys_: "sendfile64" */
	unsigned nr;	   /* x86-64 number */
	const char *file;  /* of the SYSCALL_DEFINE, relative to the tree */
	int line;
	bool compiled; /* not excluded by an #if */
	struct param param[6];
	unsigned nparams;
	const struct type *result; /* by types_function() only */
};

struct constant {
	const char *name;
	int64_t value;
};

struct unknown_name {
	const char *text;  /* as annotated: "EFD_CLOEXEC|EFD_NON" */
	const char *fault; /* clang's message; "" of a type that no header defines */
	bool type;
};

struct types {
	struct calltype *calls;
	size_t ncalls;
	const struct type **named; /* types that annotations name, in their order */
	const char **asked;	   /* their names */
	size_t nnamed;
	struct constant *consts;
	size_t nconsts;
	struct unknown_name *unknown; /* what the headers of annotations don't have */
	size_t nunknown;
	void *impl;
};

struct types_request {
	const char **calls;
	size_t ncalls;
	const char **headers; /* "linux/socket.h" */
	size_t nheaders;
	const char **names; /* C types: "struct ifreq" */
	size_t nnames;
	const char **consts; /* "F_GETLK" */
	size_t nconsts;
	struct bodies *bodies; /* gets the units of the calls; NULL: no bodies are wanted */
};

/* 0, or -1 after printing the error, or without a word if t->unknown has the names that are to
 * blame. */
int types_load(struct types *t, const struct compdb *db, const struct types_request *want);
void types_free(struct types *t);
/* Looks up a function of one file by name. Initialises t, which owns what *fn refers to. 0, or -1
 * after printing. */
int types_function(struct types *t, const struct compdb *db, const char *file, const char *name,
		   struct calltype *fn);

/*
 * constants.c: values of n constant expressions ("AF_INET") as unit `source` sees them; known[i]:
 * it knows the names in it. 0, or -1 after printing.
 */
int types_constants(const struct compdb *db, const char *source, const char *const *exprs, size_t n,
		    int64_t *values, bool *known);

const struct calltype *types_call(const struct types *t, const char *name);
const struct type *types_named(const struct types *t, const char *name);   /* NULL: unknown */
bool types_const(const struct types *t, const char *name, int64_t *value); /* also plain numbers */

#endif

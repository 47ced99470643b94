/* SPDX-License-Identifier: GPL-2.0 */
/*
 * facts.h (CONTRACT): the pass facts, compile commands => the facts of each translation unit, from
 * libclang, libelf (assembler) or the cache. Later passes only read them.
 *
 * Everything is in flat arrays that refer to each other by index, so that a unit's facts are one
 * relocatable block: mmap()able from the cache. Strings are offsets into `str`.
 *
 * Symbols. A symbol's key is its name if it has external linkage, else "path:name" with the path of
 * the defining file relative to the tree root (statics; also static inlines of headers).
 * Definitions in headers are facts, too (the closure walks through them), but are never deleted.
 * They aren't repeated in each unit: facts_load_all() returns them as one extra block, the header
 * pool.
 *
 * Places. A place is a file and a byte offset in it, both of the expansion location. Deleting a
 * range deletes every ref, call and field read whose offset is inside: so the closure knows what a
 * dropped call, a dead element or a dead definition no longer needs.
 */
#ifndef KSLICE_FACTS_H
#define KSLICE_FACTS_H

#include "base/util.h"
#include <stdint.h>
#include <stddef.h>
#include <stdio.h>

struct compdb;

typedef uint32_t fact_string; /* offset into facts.str; 0 = "" */

enum def_kind {
	DEF_FUNC = 1,
	DEF_VAR,
	DEF_PROTO /* a declaration without body in a .c file */,
	DEF_ASM /* file-scope asm */,
	DEF_ASSERT /* file-scope static_assert */,
	DEF_TYPE /* in a .c file */
};

enum def_flag {
	DEF_STATIC = 1 << 0, /* internal linkage */
	DEF_WEAK = 1 << 1,
	DEF_USED =
		1 << 2, /* attribute used, retain, constructor, destructor, or initcall/param/setup:
			   kept if its TU is live */
	DEF_SECTION = 1 << 3,  /* section attribute; name in `section` if known */
	DEF_ALIAS = 1 << 4,    /* alias, weakref, ifunc; target is the first ref */
	DEF_INITCALL = 1 << 5, /* an initcall macro: level in `section` ("initcall6", "earlycon",
				  "setup" ...) */
	DEF_HEADER = 1 << 6,   /* in a header: walked through, never deleted */
	DEF_INLINE = 1 << 7,
	DEF_MACRO = 1 << 8, /* whole range is one macro invocation; all defs with the same range are
			       one removal unit */
	DEF_TENTATIVE = 1 << 9,
	DEF_SYSCALL = 1 << 10, /* made by SYSCALL_DEFINE */
	DEF_EXPORT = 1 << 11,  /* the EXPORT_SYMBOL line of another definition (deleted with it) */
	DEF_SHARED = 1 << 12,  /* declarator shares its range with others (int a, b;) */
	DEF_ATTRS = 1 << 13,   /* a type with attributes */
	DEF_WRITTEN = 1 << 14, /* a type whose text a macro writes */
};

struct fact_def {
	fact_string key, name;
	fact_string section;
	uint32_t file;	   /* index into files */
	uint32_t beg, end; /* removal unit, bytes; includes the trailing ';' */
	uint32_t line;	   /* 1-based, of beg */
	uint16_t kind, flags;
	uint32_t ref0, nref; /* refs of this definition */
	uint32_t read0, nread;
	uint32_t call0, ncall;
	uint32_t element0, nelement;
	uint32_t value0, nvalue;
	uint32_t body;	  /* functions: offset of the body's '{', else 0 */
	fact_string type; /* function: printed result type; variable: printed type */
	/* Variable: the record that it holds, or points to; "-" if none. Else 0. */
	fact_string record;
};

enum ref_kind {
	REF_CALL = 1,
	REF_ADDR,
	REF_READ,
	REF_WRITE,
	REF_ALIAS,
	REF_CLEANUP,
	REF_ASM,
	REF_TYPE /* of a type defined in a .c file, or of one of its constants */
};

struct fact_ref {
	fact_string key; /* symbol referred to, key as above */
	uint32_t off;	 /* place, in the definition's file */
	uint32_t
		element; /* 1 + index of the innermost initialiser element that holds it, 0: none */
	uint32_t kind;
	fact_string record; /* to a variable of external linkage: as above, as declared here */
};

/* One element of a designated or positional initialiser whose value refers to a symbol. */
struct fact_element {
	fact_string field; /* "struct proto_ops:sendmsg"; 0: array element or no record */
	/*
	 * ".sendmsg = inet_sendmsg," with its comma. 0,0 if it must stay: it is positional, made by
	 * a macro, or others depend on its text.
	 */
	uint32_t beg, end;
	/* Its value, where that is a function's address: another takes its place. Else 0,0. */
	uint32_t value, value_end;
	uint32_t parent; /* 1 + index, 0: none */
};

/* A field whose value may be used by this definition: read, or its address taken. */
struct fact_read {
	/* As above; "struct X:*" where the whole object is copied, cast or escapes. */
	fact_string field;
	uint32_t off;
};

/* One call expression by name in a .c file, what CUT_DROP works on. */
struct fact_call {
	fact_string callee; /* key */
	uint32_t beg, end;  /* the statement with ';' where stmt, else the expression */
	uint8_t stmt;	    /* an expression statement on its own: may be deleted (leaving ';') */
	uint8_t macro;	    /* the range is (or is inside) a macro invocation: only deletable if the
			      invocation is the statement */
	uint8_t pad[2];
};

/* A constant, or what isn't one, in a place that somebody watches (struct facts_watch). */
struct fact_value {
	fact_string what;     /* "struct X:f" of an initialiser, or the key of a called function */
	fact_string constant; /* a number in decimal, or a string's bytes; "": none */
	fact_string text;     /* as it is written: "PF_INET"; "" if a macro or header wrote it */
	uint32_t off;
	uint16_t arg;	/* of a call: which argument */
	uint16_t known; /* it is a constant */
};

struct fact_file {
	/* Relative to the tree root or, with "obj:" in front, the object directory; or absolute. */
	fact_string path;
	uint32_t header; /* 0: the TU's main .c file */
};

struct facts {
	char *str;
	uint32_t nstr;
	struct fact_file *files;
	uint32_t nfiles; /* file 0 is the .c file; all others: every header included, in order */
	struct fact_def *defs;
	uint32_t ndefs;
	struct fact_ref *refs;
	uint32_t nrefs;
	struct fact_element *elements;
	uint32_t nelements;
	struct fact_read *reads;
	uint32_t nreads;
	struct fact_call *calls;
	uint32_t ncalls;
	struct fact_value *values;
	uint32_t nvalues;
	void *block;
	size_t size; /* the block the arrays lie in */
};

/*
 * Fields and functions (by name, also static ones) whose constants are facts: "struct X:f",
 * "load_nls". Facts are made again if the set changes. NULL: none.
 */
struct facts_watch {
	struct strmap names;
};
void facts_watch_add(struct facts_watch *w, const char *name);
void facts_watch_free(struct facts_watch *w);

/*
 * Facts of every unit, in db order, from the cache or by parsing in `jobs` processes. facts[i].str
 * is NULL for an assembler unit without facts. 0/-1. `facts` has room for db->ntus + 1: the last
 * one is the header pool. All DEF_HEADER definitions of all units are there, once each; the others
 * hold only what .c files define (file 0, or a .c file that a .c file includes, such as
 * kernel/sched/rt.c: files[i].header is 0 for these, and text may be deleted from them, too).
 */
int facts_load_all(struct facts *facts, const struct compdb *db, const struct facts_watch *watch,
		   int jobs);
void facts_free_all(struct facts *facts, const struct compdb *db);

/* Prints facts as text. */
void facts_dump(const struct facts *f, FILE *out);
/* `kslice facts`; the exit status. */
int cmd_facts(int nargs, char **args);

static inline const char *fact_str(const struct facts *f, fact_string s)
{
	return f->str + s;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * emit.h: interfaces between the files of the stub generator. An emit_*(m, b) appends one whole
 * output file to b, an emit_*(m, o) adds files to o; the output depends only on the spec, the
 * annotations and the tree's types (no dates, paths, hashes).
 */
#ifndef KSLICE_STUBS_EMIT_H
#define KSLICE_STUBS_EMIT_H

#include "stubs/marshal.h"
#include "base/util.h"

/* Makes all files in memory: 0, 1 if they differ from generated/<domain>/, or -1 after printing the
 * errors. */
int stubs_try(const struct marshal *m);
unsigned stubs_print_check(const struct marshal *m);
/* Says that nothing tests the call, or only with a descriptor that nobody has; NULL: it's tested */
const char *test_lack(const struct mcall *c);
/* stubs_emit() to dir. read: gets a line for each unit that was read; may be NULL. */
int stubs_make(const struct spec *spec, const struct compdb *db, const char *dir,
	       struct strbuf *read);
void describe_value(const struct mval *v, const struct mval *list, struct strbuf *b);

/* ---- emit_files.c: the files of the folder ---- */

struct output {
	char *name;
	struct strbuf text;
};

struct outputs {
	struct output *a;
	size_t n, cap;
};

void outputs_add(struct outputs *o, const char *name,
		 const struct strbuf *text); /* o takes over text */
int outputs_write(const struct outputs *o,
		  const char *dir); /* and removes files of an earlier split. 0/-1 after err() */
bool outputs_differ(const struct outputs *o, const char *dir); /* from the files in dir? */
void outputs_free(struct outputs *o);

/* Pieces of text that fill BASE.EXT, BASE_2.EXT, ...: the caller sets the members m to head, the
 * rest is zero. */
struct pack {
	const struct marshal *m;
	struct outputs *out;
	const char *base, *ext, *tail, *with;
	const struct family *family;
	void (*head)(const struct pack *p,
		     struct strbuf *b); /* begins a file: p->name, after p->last (may be NULL) */
	char *name, *last;
	struct strbuf text;
	unsigned nparts;
};
void pack_add(struct pack *p, struct strbuf *piece); /* takes the piece */
/* name of the last file, freed by the caller; NULL: no piece was added */
char *pack_end(struct pack *p);

/* BASE.h, BASE.c, and files BASE_GROUP.c by annotation group with one piece per call. */
struct family {
	const char *base, *licence, *what; /* what: is in the files of the groups */
	void (*header)(const struct marshal *m, struct strbuf *b);
	void (*table)(const struct marshal *m, struct strbuf *b);
	char *(*structs)(const struct marshal *m,
			 struct outputs *o); /* may be NULL; see emit_client_structs() */
	int (*call)(const struct marshal *m, const struct mcall *c, struct strbuf *b);
};
int emit_family(const struct marshal *m, struct outputs *o, const struct family *f);

/* ---- what is in them ---- */

void emit_wire(const struct marshal *m, struct strbuf *b);
void emit_calls(const struct marshal *m, struct strbuf *b);
int emit_client(const struct marshal *m, struct outputs *o);
/* client_structs.h; its name, to be freed, or NULL if there are no structs. */
char *emit_client_structs(const struct marshal *m, struct outputs *o);
int emit_server(const struct marshal *m, struct outputs *o);
void emit_direct(const struct marshal *m, struct strbuf *b);
void emit_host(const struct marshal *m, struct strbuf *b);
void emit_first(const struct marshal *m, struct strbuf *b);
int emit_tests(const struct marshal *m, struct outputs *o);
void emit_summary(const struct marshal *m, struct strbuf *b);

void emit_layout(const struct marshal *m, struct strbuf *b);

void emit_head(const struct marshal *m, struct strbuf *b, const char *licence, const char *file,
	       const char *what);
/* "#ifndef SD_NET_CLIENT_H ...": the file ends with EMIT_GUARD_END. */
void emit_guard(const struct marshal *m, struct strbuf *b, const char *file);
#define EMIT_GUARD_END "\n#endif\n"
/* A value of type t as the u64 that is passed. */
void emit_widen(const struct type *t, const char *value, struct strbuf *b);
/* The units of v's length, of which `value` is the parameter. */
void emit_units_of(const struct mval *v, const struct type *t, const char *value, struct strbuf *b);
void emit_op(const struct marshal *m, const struct mcall *c,
	     struct strbuf *b); /* "SD_NET_RECVMSG" */
const char *wire_tag(const struct mstruct *st);
/* "recvmsg(int fd, struct user_msghdr __user *msg, unsigned int flags)" */
void emit_prototype(const struct mcall *c, struct strbuf *b);
/* The limit of a value-result length: that of its buffer; 0: none. */
int64_t vr_limit(const struct mcall *c, unsigned i);
/* Does the struct have output fields? */
bool struct_comes_back(const struct mstruct *st);

/* C expressions of the source and destination of a value in the client stub. */
struct side {
	const char *call; /* "&c" or "c" */
	const char *src; /* format of the program's value by index or name: "a[2]", "p->iov_base" */
	const char *dst; /* ... of the wire's: "c.arg[2]", "w->iov_base" */
	bool field;	 /* values are fields (by name), not parameters (by index) */
	const struct mval *list; /* all values of its list */
	const char *tab;
};
void client_put(const struct side *s, const struct mval *v, unsigned i, struct strbuf *b);
/* Number of units of v as a u64 expression of the program's values. */
void client_units(const struct side *s, const struct mval *v, struct strbuf *b);

#endif

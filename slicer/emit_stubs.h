/* SPDX-License-Identifier: GPL-2.0 */
/*
 * emit_stubs.h: between the files of the stub generator. Each emit_*() appends one whole output file
 * to b; the output depends on the spec, the annotations and the tree's types only (no dates, paths, hashes).
 */
#ifndef KSLICE_EMIT_STUBS_H
#define KSLICE_EMIT_STUBS_H

#include "marshal.h"
#include "util.h"

unsigned stubs_print_check(const struct marshal *m);
void describe_value(const struct mval *v, const struct mval *list, struct strbuf *b);

void emit_wire(const struct marshal *m, struct strbuf *b);
void emit_calls(const struct marshal *m, struct strbuf *b);
void emit_client(const struct marshal *m, struct strbuf *b);
void emit_client_structs(const struct marshal *m, struct strbuf *b);
void emit_server(const struct marshal *m, struct strbuf *b);
void emit_direct(const struct marshal *m, struct strbuf *b);
void emit_host(const struct marshal *m, struct strbuf *b);
int emit_tests(const struct marshal *m, struct strbuf *b);
void emit_summary(const struct marshal *m, struct strbuf *b);

void emit_layout(const struct marshal *m, struct strbuf *b);

void emit_head(const struct marshal *m, struct strbuf *b, const char *licence, const char *file, const char *what);
void emit_op(const struct marshal *m, const struct mcall *c, struct strbuf *b); /* "SD_NET_RECVMSG" */
const char *wire_tag(const struct mstruct *st);
/* "recvmsg(int fd, struct user_msghdr __user *msg, unsigned int flags)" */
void emit_prototype(const struct mcall *c, struct strbuf *b);
/* Does the struct have anything to bring back? */
bool struct_comes_back(const struct mstruct *st);

/* Where a value is read from and goes to in the client stub: C expressions. */
struct side {
	const char *call;      /* "&c" or "c" */
	const char *src;       /* format of the program's value by index or name: "a[2]", "p->iov_base" */
	const char *dst;       /* ... of the wire's: "c.arg[2]", "w->iov_base" */
	bool field;	       /* values are fields (by name), not parameters (by index) */
	const struct mval *list; /* all values beside this one */
	const char *tab;
};
void client_put(const struct side *s, const struct mval *v, unsigned i, struct strbuf *b);
/* Number of units of v as a u64 expression of the program's values. */
void client_units(const struct side *s, const struct mval *v, struct strbuf *b);

#endif

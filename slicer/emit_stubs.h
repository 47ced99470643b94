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

/* "recvmsg(int fd, struct user_msghdr __user *msg, unsigned int flags)" */
void emit_prototype(const struct mcall *c, struct strbuf *b);
/* Does the struct have anything to bring back? */
bool struct_comes_back(const struct mstruct *st);
/* C expression of a length companion, widened: signed ones that are negative count as 0. */
bool is_signed32(const struct mval *v);

#endif

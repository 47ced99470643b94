/* SPDX-License-Identifier: GPL-2.0 */
/*
 * canon.h: private to the parser of IR, shared by parse.c (lines of a module => entities), canon.c
 * (numbered names => canonical ones) and constant.c (initialisers => slots).
 */
#ifndef KSLICE_VERIFY_CANON_H
#define KSLICE_VERIFY_CANON_H

#include "verify/ir.h"

struct span {
	const char *s, *end;
};

struct ir_type {
	struct span def;
	char *token;	      /* canonical; NULL: not asked for yet */
	uint64_t size, align; /* valid with token */
};

struct ir_global {
	char *name;
	enum ir_kind kind;
	struct span
		line; /* variables, aliases, declarations: all of it; functions: the define line */
	struct span body;
	char *token; /* canonical, with '@'; NULL: not asked for yet */
	bool by_content, busy;
};

struct numbered {
	struct span def;
	uint64_t hash;
	bool known, busy;
};

struct canon {
	struct strmap types, globals; /* name => 1 + index */
	VEC(struct ir_type) type;
	VEC(struct ir_global) global;
	VEC(struct numbered) attrs, nodes; /* by number */
	struct module *legend;		   /* NULL: no texts */
};

struct named {
	uint64_t global; /* index */
	char *token;	 /* with its ordinal */
};

/* What one entity has named so far. */
struct names {
	VEC(struct named) seen;
	struct strmap refs; /* names of those not made from contents */
};

/* ---- canon.c ---- */
/* Appends the canonical form of IR text without comments. n may be NULL. */
void canon_text(struct canon *c, struct names *n, struct span in, struct strbuf *out);
/* The same for a name: counters of macros become '#'. */
void canon_name(const char *s, size_t len, struct strbuf *out);
void names_free(struct names *n);
/* Parses a type at *s, and moves *s behind it. 0, or -1: not a type, or one without a size. */
int type_layout(struct canon *c, const char **s, const char *end, uint64_t *size, uint64_t *align);
bool ir_ident(char c);
/* Skips blanks. */
void skip_blanks(const char **s, const char *end);

/* ---- constant.c ---- */
/* "@name = LINKAGE global TYPE VALUE, section ..." => head, size and slots. 0, or -1. */
int variable_parse(struct canon *c, struct names *n, const struct ir_global *g,
		   struct ir_entity *out);
void entity_free(struct ir_entity *e);

#endif

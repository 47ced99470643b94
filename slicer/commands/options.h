/* SPDX-License-Identifier: GPL-2.0 */
/*
 * options.h: Kconfig files of a tree + its .config => options with what they depend on, and what
 * must be set to get one.
 *
 *      options.c       the files => options: prompts, dependencies, defaults, selects
 *      optexpr.c       the text of an expression => struct optexpr
 *      needs.c         an option => the lines to add, or why it can't be had
 *
 * Expressions with macros of Kconfig's own ($(cc-option,...)) count as met: they ask the compiler.
 * Everything belongs to struct options; options_free() frees it. Read-only once it is loaded, but
 * for what needs.c remembers in it.
 */
#ifndef KSLICE_COMMANDS_OPTIONS_H
#define KSLICE_COMMANDS_OPTIONS_H

#include "base/util.h"

enum optexpr_op {
	OX_YES,	   /* a constant or macro that is met */
	OX_NO,	   /* one that isn't */
	OX_NAME,   /* the option `name` */
	OX_EQUAL,  /* `name` has the value `text` */
	OX_DIFFER, /* it hasn't */
	OX_NOT,	   /* of a */
	OX_AND,
	OX_OR,
};

struct optexpr {
	enum optexpr_op op;
	const char *name, *text;
	struct optexpr *a, *b;
};

struct optcond { /* a default's value, or the option that selects; and when */
	const char *value;
	struct optexpr *when; /* NULL: always */
};

/* One `config` entry; an option may have several. */
struct optdef {
	const char *file; /* relative to the tree */
	int line;
	bool prompt;
	struct optexpr *depends, *visible; /* NULL: always. visible: of the prompt */
	VEC(struct optcond) defaults;
	int choice; /* 1 + number of the choice it is one of; 0: none */
};

struct option_entry {
	const char *name, *type; /* "bool", ...; "" if no entry says */
	VEC(struct optdef) defs;
	VEC(struct optcond) selectors;
	/* needs.c: how it is had at the least cost, in lines to add */
	uint8_t state;
	unsigned cost;
	struct optexpr *why[2]; /* what must hold; NULL: nothing */
	const char *by;		/* the option that selects it; NULL: none */
	bool line;		/* its own line is needed */
};

struct options {
	const char *tree, *arch; /* arch: "sd" */
	struct strmap index;	 /* name => index of all[] */
	VEC(struct option_entry *) all;
	struct strmap values;	/* of .config: name => index of texts[] */
	struct strmap fragment; /* names that the fragment sets */
	VEC(const char *) texts;
	int nchoices;
	VEC(void *) mem;
};

/* Reads tree/Kconfig and what it sources for `arch`, and `config`, a .config's text (NULL: none).
 * Files that can't be read are left out: Kconfig itself has reported them. */
void options_load(struct options *o, const char *tree, const char *arch, const char *config);
void options_free(struct options *o);
struct option_entry *options_find(const struct options *o, const char *name); /* NULL: none */
/* Its value in .config; "n": it isn't there. */
const char *options_value(const struct options *o, const char *name);
void *options_keep(struct options *o, void *p);

/* optexpr.c: "A && (!B || C=y)"; an empty text gives NULL. */
struct optexpr *optexpr_parse(struct options *o, const char *s);
/* a and b; either may be NULL. */
struct optexpr *optexpr_and(struct options *o, struct optexpr *a, struct optexpr *b);

/*
 * needs.c: what option `name` lacks. true: `lines` has the lines to add, "CONFIG_A=y", each behind
 * a newline and two tabs; `chain` says what needs what. false: it can't be had, and `chain` says
 * why.
 */
bool options_needs(struct options *o, const char *name, struct strbuf *chain, struct strbuf *lines);
/* Does option `name` lack nothing, but its line in the fragment? */
bool options_met(struct options *o, const char *name);

#endif

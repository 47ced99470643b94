/* SPDX-License-Identifier: GPL-2.0 */
/*
 * registered.h: private to registered.c (who registers what, and keeps it), asked.c (the keys that
 * the spec asks for) and callers.c (by what initcall a function is reached).
 *
 * A key is one constant in a record that is passed to a registering function:
 *
 *      static int __init inet_init(void)               the registrar
 *      {
 *              sock_register(&inet_family_ops);        a call of the registry's `register`
 *
 *      static const struct net_proto_family inet_family_ops = {
 *              .family = PF_INET,                      the key: constant "2", written PF_INET
 */
#ifndef KSLICE_CLOSURE_REGISTERED_H
#define KSLICE_CLOSURE_REGISTERED_H

#include "closure/graph.h"
#include "spec/registries.h"

struct key {
	uint32_t registry;
	const char *constant, *text; /* text: as it is written, "" if unknown */
	uint32_t registrar, var;     /* def_ids */
	bool cut;		     /* its registration is cut away */
};

/* A call of a finder, or of a spec's wish. */
struct finder {
	uint32_t def_id, registry;
	const char *constant; /* NULL: known only at run time */
	const char *text;     /* as struct key */
	const char *callee;
	bool seen;
};

/* What the spec itself says. */
struct wish {
	uint32_t registry;
	const struct registry_ask *ask;
	const struct spec_place *at;
	const char *name, *arg; /* "AF_INET", of a route: its call */
	char *constant;		/* owned; NULL: known only at run time */
	bool seen, unanswered;
};

struct callers; /* callers.c */

struct registered {
	struct graph *g;
	VEC(struct key) keys;
	VEC(struct finder) finders;
	VEC(struct wish) wishes;
	VEC(uint32_t) finder_defs; /* pairs: def_id, registry */
	struct callers *callers;
	bool *reported; /* per registry: its run-time keys have a note */
	int errors;
};

/* asked.c: fills wishes. */
void asked_make(struct registered *r);
/* asked.c: reports wishes that nothing registers, and keys that only run time knows. */
int asked_report(struct registered *r);
/* "AF_INET" or "\"ext4\" (fs/ext4/super.c)", for messages. */
void key_print(const struct registered *r, const struct key *k, struct strbuf *out);
/* A definition that looks keys of the registry up and is kept; NONE: there is none. */
uint32_t registry_finder(const struct registered *r, uint32_t registry);
/* Does the key answer this constant? With `words` it may be one of several. */
bool key_answers(const struct registered *r, const struct key *k, const char *constant);

/*
 * callers.c: the definitions on a path by which def_id is called from an initcall or from kept
 * code, itself first; what cuts take away is no path. Their number, 0: there is none. The array
 * is the caller's.
 */
size_t callers_path(struct callers **c, const struct graph *g, uint32_t def_id, uint32_t **path);
void callers_free(struct callers *c);

#endif

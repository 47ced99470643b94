/* SPDX-License-Identifier: GPL-2.0 */
/*
 * graph.h: the passes graph, cuts and closure, facts + spec => what is kept, and why.
 *
 *      graph.c         facts of all units => nodes (symbols), units (deleted as one piece)
 *      pins.c          what is kept with its file, though nothing names it
 *      texts.c         units whose text several translation units include
 *      cuts.c          the spec's cuts => droppings (ranges of text) and cut bodies
 *      closure.c       roots + edges => kept nodes, each with the edge that first reached it
 *      registered.c    what registers itself under a key that kept code or the spec asks for
 *      asked.c         the keys that the spec asks for
 *      library.c       weak symbols that a library may replace
 *      nulls.c         pointers of drops that kept code follows
 *      named.c         objects that the kernel looks up by a string => roots, for closure.c
 *
 * A definition has one number over all units of the tree, its def_id: base[tu] + index. The header
 * pool (facts/facts.h) counts as one more unit, number db->ntus.
 *
 * A graph owns its arrays, graph_free() frees them; strings belong to the facts, and facts, compdb
 * and spec must outlive it. cuts_match() and closure_run() change it, afterwards it is read-only.
 */
#ifndef KSLICE_CLOSURE_GRAPH_H
#define KSLICE_CLOSURE_GRAPH_H

#include "commands/commands.h"
#include "facts/facts.h"
#include "spec/spec.h"
#include "base/util.h"
#include <stdio.h>

#define NONE UINT32_MAX

enum edge_kind {
	EDGE_NONE,
	EDGE_CALL,    /* an exported call of the spec */
	EDGE_KEEP,    /* "keep" in the spec */
	EDGE_NAMED,   /* looked up by a name that "keep" or a device of the spec has */
	EDGE_RUNTIME, /* defined in the runtime, which is never sliced */
	EDGE_LINKER,  /* named by the linker script, or called implicitly by the compiler */
	EDGE_REF,     /* named by the definition `from` */
	EDGE_FIELD,   /* held by initialiser `from`, in a field that kept code reads */
	EDGE_LIVE,    /* initcall, parameter or section member of a file in which `from` is kept */
	EDGE_UNIT,    /* defined by the same macro call or declaration as `from` */
	EDGE_VALUE,   /* named by the value a cut puts in */
	EDGE_ASKED,   /* registers a key that `from` looks up; `field`: index into reasons */
};

struct edge {
	uint32_t from;	/* def_id, NONE for roots */
	uint32_t field; /* EDGE_FIELD: index into fields; EDGE_ASKED: into reasons */
	uint8_t kind;
};

struct node {
	const char *key;
	uint32_t first; /* def_id, NONE: not defined in the tree (or only declared) */
	bool kept, strong;
};

/* A removal unit: a piece of text that is deleted or kept as a whole. */
struct unit {
	uint32_t tu, file, beg, end;
	uint32_t first, n;	    /* into unit_defs */
	struct edge edge;	    /* how it was first reached */
	bool kept, dropped, pinned; /* dropped: by a cut. pinned: stays if its file is live */
	/*
	 * The text belongs to several translation units, which include its file; they may see
	 * different definitions in it. `same` is this text in the next of them, a ring.
	 */
	bool shared;
	uint32_t same;
};

/* A call that a cut deletes or replaces, in definition def_id's file. */
struct dropping {
	uint32_t def_id, beg, end;
	uint32_t cut;
	bool stmt, macro;
};

struct field {
	const char *name; /* "struct X:f" */
	uint32_t record;
	bool read;
	uint32_t reader; /* the def_id that first read it */
	VEC(struct waiter {
		uint32_t def_id;
		uint32_t ref;
	})
	waiters;
};

struct record {
	bool all; /* "struct X:*": all fields count as read */
	uint32_t reader;
	VEC(uint32_t) fields;
};

struct unit_edge {
	uint32_t from, to;
};

struct graph {
	const struct compdb *db;
	const struct facts *facts; /* ntu of them */
	struct spec *spec;
	uint32_t ntu, ndefs, *base;
	uint32_t *node_of, *next, *unit_of; /* per def_id; next: of the same node */
	uint8_t *kept;			    /* per def_id */
	bool *open; /* per def_id: a table that is read otherwise than by its fields' names */
	uint16_t *tu_of;
	VEC(struct node) nodes;
	struct strmap node_index; /* key => index + 1 */
	VEC(struct unit) units;
	uint32_t *unit_defs; /* def_ids sorted by unit */
	bool *live;	     /* per unit of translation */
	VEC(struct live_tu {
		uint32_t tu;
		uint32_t from;
	})
	newly_live;
	size_t live_head;	    /* of those whose initcalls etc. are kept */
	VEC(struct dropping) drops; /* sorted by def_id, beg; none inside another */
	uint32_t *body_cut;	    /* per def_id: 1 + index of a trap/return/remote cut */
	VEC(struct field) fields;
	VEC(struct record) records;
	struct strmap field_index, record_index;
	bool field_blind; /* all fields count as read, as for a linker (tests) */
	VEC(uint32_t) queue;
	size_t queue_head;
	/* every reference that the closure followed, by unit; one may be there several times */
	VEC(struct unit_edge) edges;
	VEC(char *) reasons; /* of EDGE_ASKED: "registers AF_INET, which ..." */
	VEC(char *) notes;   /* what `kslice check` tells, in lines */
	VEC(char *) answers; /* what registers each key of a route: "AF_INET (2) by inet_init()" */
};

/* pins.c */
bool def_is_pinning(const struct facts *f, const struct fact_def *d);
/* Can the unit's types not be cut out of it? Then who uses one keeps the unit. */
bool unit_binds_types(const struct graph *g, const struct unit *u);
/* Of a graph with its units: types that keep their units when they are used, and units that stay
 * because of what their types name. */
void pin_types(struct graph *g);

/* graph.c */
int graph_make(struct graph *g, const struct compdb *db, const struct facts *facts,
	       struct spec *spec);
void graph_free(struct graph *g);
uint32_t graph_node(const struct graph *g, const char *key); /* NONE: no such symbol */
void graph_link_def(struct graph *g, uint32_t def_id);	     /* who refers to its node means it */
static inline const struct fact_def *graph_def(const struct graph *g, uint32_t def_id)
{
	uint32_t tu = g->tu_of[def_id];

	return &g->facts[tu].defs[def_id - g->base[tu]];
}
static inline const struct facts *graph_facts(const struct graph *g, uint32_t def_id)
{
	return &g->facts[g->tu_of[def_id]];
}
const char *graph_file(const struct graph *g, uint32_t def_id); /* path of its file */
const char *graph_name(const struct graph *g, uint32_t def_id);
/* The text of its file, which the caller frees; NULL: unreadable. */
char *graph_text(const struct graph *g, uint32_t def_id, size_t *len);
/* Is this unit part of the runtime (arch/<arch>/...), which is never sliced? */
bool graph_is_runtime(const struct graph *g, uint32_t tu);
/* The part of a key after "path:". */
const char *key_name(const char *key);

/* texts.c: units of files that several translation units include. */
void texts_link(struct graph *g);

/* cuts.c: finds the hits of all cuts. 0, or -1 after errors: a cut that hits nothing or can't be
 * made. */
int cuts_match(struct graph *g);
/* After the closure: reports cuts that can't be made in kept text. 0, or -1 after errors. */
int cuts_check(const struct graph *g);
/* Lists cuts of groups whose symbol isn't in this configuration. */
void cuts_list_absent(const struct graph *g, FILE *out);
/* First dropping of def_id, and the end of its droppings. */
const struct dropping *drops_of(const struct graph *g, uint32_t def_id, size_t *n);

/*
 * library.c: after the closure: reports kept symbols of which the linker may choose another
 * definition in the whole kernel than in the slice. 0, or -1 after errors.
 */
int library_check(const struct graph *g);

/*
 * absent.c: reports names in cuts and keeps that the tree's code has nowhere, whatever the
 * configuration, with similar names that it has. 0, or -1 after errors.
 */
int absent_check(const struct graph *g);

/* nulls.c: notes on kept code that follows a pointer which a drop put in the place of a result. */
void nulls_note(struct graph *g);

/* named.c: the definitions with that name in their initialiser. Their number, or -1 after the error
 * that there are none. */
int find_named(const struct graph *g, const struct spec_keep *k, uint32_t **def_ids);

/*
 * registered.c. watch: the fields and functions of the spec's registries, for the facts.
 * registered_keep() is called when the closure is complete: keeps what is asked for now; the number
 * of definitions newly kept, or -1 after errors. registered_end(): when that is 0; 0, or -1 after
 * errors: keys that nothing registers.
 */
void registered_watch(const struct spec *spec, struct facts_watch *watch);
struct registered *registered_make(struct graph *g);
int registered_keep(struct registered *r);
int registered_end(struct registered *r);
void registered_free(struct registered *r);

/* closure.c: what registered.c keeps, and which text is cut away. */
void closure_keep(struct graph *g, uint32_t def_id, struct edge e);
bool closure_is_gone(const struct graph *g, uint32_t def_id, uint32_t off);

/* closure.c. 0, or -1 after an error: a call or symbol of the spec that doesn't exist. */
int closure_run(struct graph *g);
bool closure_field_read(const struct graph *g, const char *field);
/* Would this element of kept variable def_id's initialiser be kept? */
bool closure_element_live(const struct graph *g, uint32_t def_id, uint32_t element);

#endif

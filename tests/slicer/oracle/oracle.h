/* SPDX-License-Identifier: GPL-2.0 */
/*
 * oracle.h: what the linker would keep. Objects of the unsliced tree, compiled with
 * -ffunction-sections, are a graph of symbols and relocations; its closure from the slicer's own
 * roots is what any sound slice must contain.
 *
 * A symbol's relocations are those that lie in its bytes. What lies in no symbol (string literals,
 * jump tables) belongs to its section, which is then a node itself.
 */
#ifndef KSLICE_ORACLE_H
#define KSLICE_ORACLE_H

#include "base/util.h"

struct osym {
	const char *name;
	uint32_t object, section; /* section 0: undefined */
	uint64_t value, size;
	uint8_t type, bind;
	bool reached;
	uint32_t from;	       /* osym that reached it, UINT32_MAX: root */
	VEC(uint32_t) targets; /* osyms */
};

struct object {
	uint32_t first, n; /* osyms; the first nsections are the sections' own nodes */
	uint32_t nsections;
	const char **section_names;
};

struct oracle {
	VEC(struct osym) syms;
	VEC(struct object) objects;
	struct strmap globals; /* name => 1 + osym, strong before weak */
	VEC(uint32_t) queue;
};

int oracle_load(struct oracle *o, const char *path); /* the next object. 0/-1 after err() */
void oracle_link(struct oracle *o); /* after the last: undefined symbols find their definitions */
void oracle_reach(struct oracle *o, uint32_t sym, uint32_t from);
/* Follows all relocations. live(object) is called once for each object that is first reached. */
void oracle_run(struct oracle *o, void (*live)(void *arg, uint32_t object), void *arg);
static inline bool osym_is_section(const struct oracle *o, uint32_t i)
{
	const struct object *obj = &o->objects.a[o->syms.a[i].object];

	return i < obj->first + obj->nsections;
}

#endif

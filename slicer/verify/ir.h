/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ir.h: LLVM's textual IR of one unit => a canonical form that can be compared by name.
 *
 *	@t = internal constant %struct.s { i32 3, ptr @fa, ptr @.str.2 }, align 8
 *		variable t: head "internal constant align 8", 24 bytes,
 *		slots { 0: "i32 3", 8: "ptr @fa", 16: "ptr @\"text\"" }
 *
 * Two texts of the same source agree in it, whatever else their units hold. What the compiler
 * numbers is replaced by what it stands for:
 *
 *	%struct.x.3, %union.anon.7	name and a hash of the definition
 *	#3 (attributes), !5 (metadata)	a hash of the contents; !srcloc is dropped
 *	@.str.4, @f.flag.2		a name without number, and the contents or their hash.
 *					Several of a function that agree: by their order in it
 *	__UNIQUE_ID_..., __compiletime_assert_..., __initcall__kmod_... (counters of macros): '#'
 *	hidden, dso_local		dropped: a precompiled header loses `#pragma GCC visibility`
 *
 * Initialisers become slots: byte offsets of what isn't zero, whichever types the compiler wrote
 * them with (a union's initialiser has another type for each member).
 *
 * A module owns its entities, module_free() frees it. One thread.
 */
#ifndef KSLICE_VERIFY_IR_H
#define KSLICE_VERIFY_IR_H

#include "base/util.h"

enum ir_kind {
	IR_FUNCTION = 'f',
	IR_DECLARED = 'd', /* a function or variable that the unit only names */
	IR_VARIABLE = 'v',
	IR_ALIAS = 'a', /* and ifunc */
	IR_LIST = 'l',	/* llvm.used, llvm.global_ctors ...: a slot for each member */
	IR_ASM = 'm',	/* file-scope asm: a slot for each line, in their order */
};

struct ir_slot {
	uint64_t at; /* bytes from the variable's beginning */
	char *value; /* canonical: "i32 5", "ptr @f" */
};

struct ir_entity {
	enum ir_kind kind;
	char *name;    /* canonical; those made from contents may occur several times */
	char *head;    /* canonical, all but name, body and initialiser */
	uint64_t body; /* functions: hash of the canonical body */
	uint64_t size; /* variables: bytes */
	char *text;    /* functions: the canonical body; NULL unless it was asked for */
	VEC(struct ir_slot) slots;
	VEC(char *) refs; /* functions: the globals in the body, sorted, each once */
};

struct module {
	VEC(struct ir_entity) entities;
	struct strmap index; /* kind and name => 1 + index of the first entity */
	struct strmap
		legend; /* with texts: canonical type or attribute => char *, its definition */
};

/*
 * Parses the text of `clang -S -emit-llvm`, which it may change. with_text: for messages. 0, or -1
 * with *why (malloc'ed) the line that it doesn't understand.
 */
int ir_parse(char *text, bool with_text, struct module *out, char **why);
/* Appends the canonical form of a name. */
void ir_canon_name(const char *name, struct strbuf *out);
/* NULL: none of that name. */
struct ir_entity *module_find(const struct module *m, enum ir_kind kind, const char *name);
void module_free(struct module *m);

/* For the cache: without texts and legend. */
void module_write(const struct module *m, struct strbuf *out);
/* Reads what module_write() wrote. 0, or -1 if it is damaged. */
int module_read(struct module *m, char *text);

#endif

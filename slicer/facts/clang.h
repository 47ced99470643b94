/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clang.h: private to the pass facts, shared by clang.c (a unit, its definitions), views.c (headers
 * that units see differently), walk.h's files (what a definition refers to), names.c (keys, places)
 * and attributes.c. In this room only they and parse.c use libclang.
 */
#ifndef KSLICE_FACTS_CLANG_H
#define KSLICE_FACTS_CLANG_H

#include <clang-c/Index.h>

#include "facts/build.h"
#include "facts/unit.h"
#include "facts/parse.h"

/* Map from a declaration's or file's address to a pointer. Has the unit's lifetime. */
struct ptrmap {
	const void **keys;
	void **values;
	size_t n, cap;
};
void **ptrmap_at(struct ptrmap *m, const void *key);
void ptrmap_free(struct ptrmap *m);
void symbols_free(struct ptrmap *m); /* and the keys in it */

/* A file under its name in the facts; one for each name that the compiler used. Has the worker's
 * lifetime. */
struct srcfile {
	char *path; /* as in struct fact_file */
	uint64_t path_hash;
	bool is_c; /* its text may be deleted */
};

/* A .c file of the current unit. */
struct ctext {
	const struct srcfile *file;
	CXFile handle;
	struct unit_input in;
	char *blank;
	unit_vec units;
	VEC(uint32_t) unit_defs; /* per unit: number of definitions */
};

/* A name in asm text or an attribute that isn't resolved to a key yet. */
struct late_name {
	uint32_t ref;
	char *name;
};

/* A record that an asm statement of the definition may read. */
struct asm_operand {
	unsigned stmt; /* the definition's n-th asm statement */
	CXType record;
	uint32_t off;
};

/* A macro that a header of the unit's own folder defines. */
struct own_macro {
	const struct srcfile *file;
	uint32_t off;
};

/* A union's member that the definition reads. */
struct seen_member {
	const void *decl;
	uint32_t off;
};

/* Two records, and what pointers of the first lead to where the second has others. */
struct overlay {
	const void *from, *to;
	VEC(CXType) behind;
};

struct walk {
	struct worker *worker;
	CXTranslationUnit tu;
	struct fb *fb; /* being filled: &unit_fb or the worker's pool */
	struct fb unit_fb;
	uint64_t group;	       /* mixed into claims: units whose headers may differ don't share */
	struct ptrmap files;   /* CXFile => struct srcfile */
	struct ptrmap symbols; /* declaration => key, or &no_key */
	struct ptrmap fields;  /* field => key */
	VEC(struct overlay) overlays;
	struct ptrmap records; /* variable => its record's name */
	VEC(struct ctext) ctexts;
	VEC(CXCursor) decls;
	struct strmap statics; /* name => 1 + index of its key in static_keys */
	VEC(char *) static_keys;
	VEC(struct late_name) late;

	/* views.c */
	struct strmap own_macros; /* name => 1 + index of its place */
	VEC(struct own_macro) own_places;
	struct ptrmap views; /* struct srcfile => the unit's view of that header */
	uint64_t macro_view; /* of the macros of the headers read so far */
	bool has_views;

	/* the definition at hand */
	const struct ctext *ctext; /* NULL in a header */
	uint32_t beg;		   /* of its unit */
	uint32_t body;
	bool has_attr;
	unsigned nasm; /* asm statements */
	VEC(struct asm_operand) operands;
	VEC(struct seen_member) members;
};

/* A place in a file: macro arguments where they are written, macro bodies where the macro is
 * called. */
struct place {
	const struct srcfile *file; /* NULL: none */
	CXFile handle;
	uint32_t off;
};

/* names.c */
struct srcfile *walk_file(struct walk *w, CXFile file);
struct place walk_place(struct walk *w, CXSourceLocation loc);
bool from_macro_body(CXSourceLocation loc);
/* Place of a cursor inside the current definition; the beginning of its unit if the cursor is in
 * another file. */
uint32_t place_in_def(struct walk *w, CXCursor c);
/* Key of a function, variable or .c-file type; NULL: not at file scope. Owned by the walk. */
const char *symbol_key(struct walk *w, CXCursor decl);
const char *field_key(struct walk *w, CXCursor field);
/* "struct X" of a record declaration; anonymous ones are named after the enclosing record. Caller
 * frees. */
char *record_name(struct walk *w, CXCursor record);
/* Of a variable: its record, or the one it points to; "-": none. Owned by the walk. */
const char *variable_record(struct walk *w, CXCursor decl);
bool is_array_type(CXType t);
/* A type without its pointers and arrays. */
CXType base_type(CXType t);
bool is_record_kind(enum CXCursorKind kind);
char *pretty(CXCursor decl, bool with_body);
/* Calls fn for each identifier that is an operand in asm text. */
void asm_operands(const char *text, void (*fn)(struct walk *w, const char *name), struct walk *w);

/* views.c: after all macro definitions were seen, the views of headers are made. */
void see_macro_definition(struct walk *w, CXCursor c);
void make_views(struct walk *w);
uint64_t view_of(struct walk *w, const struct srcfile *file);
void views_free(struct walk *w);
void words_free(struct strmap *words); /* the worker's */

/* clang.c: walks a parsed unit; main_path is NULL for a precompiled header. 0, -1 after err(). */
int walk_unit(struct worker *worker, CXTranslationUnit tu, const char *main_path, uint64_t group,
	      struct fb *out);

/* walk.c */
void walk_definition(struct walk *w, CXCursor def);
/* The new ref, valid until the next one; NULL: there is one already. */
struct fact_ref *add_ref(struct walk *w, const char *key, uint32_t off, uint32_t element,
			 enum ref_kind kind);
void overlays_free(struct walk *w);
/* puns.c: what asm statements read; empty[n] says which have no instructions. */
void escape_operands(struct walk *w, const bool *empty, size_t n);
struct fact_ref *add_late_ref(struct walk *w, const char *name, uint32_t off, enum ref_kind kind);

/* attributes.c */
void apply_attributes(struct walk *w, CXCursor decl, struct fact_def *d);
/* base: a DEF_ASM definition with its place. Adds one definition for each symbol that the text
 * defines. */
void asm_definition(struct walk *w, const char *printed, struct fact_def base);
/* The text of all asm statements of a function => late refs of the open definition. */
void asm_statements(struct walk *w, CXCursor function);

#endif

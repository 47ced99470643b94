/* SPDX-License-Identifier: GPL-2.0 */
/*
 * spec.h (CONTRACT): the pass spec, JSON => struct spec: a slice spec in memory.
 *
 * Everything is owned by the struct spec and freed by spec_free(). Strings are never NULL where the
 * key is required. Each item remembers its JSON pointer and line for error messages.
 * Schema: specs/schema.json; every key: specs/README.md.
 */
#ifndef KSLICE_SPEC_H
#define KSLICE_SPEC_H

#include <stddef.h>
#include <stdbool.h>
#include <string.h>
#include <stdio.h>
#include <jansson.h>

struct spec_place {
	const char *file;    /* the JSON file: the spec itself, or a cut or annotation group */
	const char *pointer; /* RFC 6901, "/cuts/3" */
	int line;	     /* 1-based, 0 if unknown */
};

struct spec_names {
	const char **a;
	size_t n;
};

static inline bool spec_names_have(const struct spec_names *names, const char *s)
{
	for (size_t i = 0; i < names->n; i++)
		if (!strcmp(names->a[i], s))
			return true;
	return false;
}

struct spec_call {
	const char *name; /* "socket": SYSCALL_DEFINE name */
	struct spec_place at;
};

enum cut_kind {
	CUT_TRAP,    /* body replaced: prints its name and dies */
	CUT_RETURN,  /* body replaced: returns `value` */
	CUT_DROP,    /* calls to it are deleted (statement) or replaced by `value` (expression) */
	CUT_REPLACE, /* definition replaced by the one in file `with` */
	CUT_REMOTE,  /* body replaced: makes `call` of another domain, `domain` */
};

/* One cut of one symbol: `"drop": ["a", "b"]` becomes two of these. */
struct spec_cut {
	enum cut_kind kind;
	const char *symbol; /* function, or variable for replace */
	struct spec_names
		/* drop: only calls in these functions or files (path in the tree), n = 0:
		 * everywhere. replace: one, the file with the definition */
		in;
	struct spec_names naming;  /* drop: only calls whose range refers to one of these symbols */
	const char *value;	   /* C expression, NULL: void / statement */
	const char *with;	   /* replace: path of a C file, relative to the repo */
	const char *domain, *call; /* remote */
	struct remote *remote;	   /* remote: made by remote_resolve() */
	const char *why;
	const char *group; /* name of the cut group, NULL if in the spec itself */
	/* "any": its names are those of several trees, so one of each list is enough */
	bool any;
	size_t entry; /* index of the first cut that its entry became */
	struct spec_place at;
	unsigned matched; /* counted by closure/cuts.c */
};

struct registry;

struct spec_group {
	const char *name, *lost; /* a cut group and its line on what is lost */
	struct spec_names calls; /* that don't work with it */
	struct spec_names needs; /* groups without which a slice with this one fails at boot */
	struct spec_place at;
};

enum route_kind {
	ROUTE_CALL, /* `call`, always or by the values of `arg` */
	ROUTE_PATH, /* every call whose files are below `path` */
	/* `call` is made on the host and repeated in the domain; always or by `arg` */
	ROUTE_MIRRORED,
};

/* An argument that has one of the values, as far as the bits of `mask` go. */
struct spec_condition {
	const char *arg, *mask; /* mask: a constant's name or a number; NULL: all bits */
	const char **values;	/* constant names or numbers as text */
	size_t nvalues;
	struct spec_names unanswered; /* those of the values that the domain refuses */
};

#define SPEC_MAX_CONDITIONS 4

/* `"mirrored": ["a", "b"]` becomes two of these. */
struct spec_route {
	enum route_kind kind;
	const char *call;
	struct spec_condition when[SPEC_MAX_CONDITIONS]; /* all must hold */
	size_t nwhen;					 /* 0: all calls of it */
	const char *path;				 /* absolute, no slash at its end */
	struct spec_place at;
};

/* `{"any": ["a", "b"]}` becomes two of these. */
struct spec_keep {
	const char *name; /* symbol, or path of a .c file, which makes its initcalls live */
	/* "struct file_system_type": an object of this type that the kernel looks up by name; else
	 * NULL */
	const char *type;
	size_t any; /* 1 + index of the first of an entry with alternatives; 0: none */
	struct spec_place at;
};

struct spec {
	char *path, *name, *description;
	char *machine;	 /* the machine: a folder of runtime/machine */
	char *transport; /* by which programs come: a folder of runtime/transport */
	char *config;	 /* path of the Kconfig fragment */
	char *of_tree;	 /* what names of products end with: "" or "@6.12" (commands/trees.h) */
	char *generated; /* folder of its stubs: spec_stubs() */
	struct spec_call *calls;
	size_t ncalls;
	struct spec_cut *cuts; /* groups expanded, in order */
	size_t ncuts;
	struct spec_group *groups;
	size_t ngroups;
	struct spec_keep *keep; /* extra roots */
	size_t nkeep;
	struct spec_route *routes;
	size_t nroutes;
	struct spec_names annotations; /* group names; read by annotations.c */
	json_t **own;		       /* annotations in the spec itself: groups without a name */
	size_t nown;
	struct registry *registries; /* registries.h */
	size_t nregistries;
	json_t *devices;	 /* array, checked against the schema */
	json_t *json;		 /* the whole spec, for passes with their own keys */
	struct spec_file *files; /* internal: the parsed files, owners of the strings */
};

/* 0, or -1 after printing place, cause and cure to stderr. */
int spec_load(struct spec *spec, const char *path);
/* Adds the cuts and keeps of another file, of a debug kind, to the spec. 0, or -1 after printing
 * the error; spec_free() in any case. */
int spec_add(struct spec *spec, const char *path);
/* Does the spec list the groups that each of its groups needs? 0, or -1 after printing. */
int spec_check_needs(const struct spec *spec);
/* Prints the spec as text with groups expanded. */
void spec_dump(const struct spec *spec, FILE *out);
void spec_free(struct spec *spec);
/* Those of the values that are looked up: all but the unanswered ones. */
bool condition_answers(const struct spec_condition *c, const char *value);
/* err() with "file:line: /pointer" as the place. Returns -1. */
int spec_error(const struct spec_place *at, const char *cure, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Of a JSON pointer into the spec's own file; its line is 0 if the file has nothing there. */
struct spec_place spec_place_of(const struct spec *spec, const char *pointer);
/* "trap", "return", "drop", "replace", "remote". */
const char *cut_kind_name(enum cut_kind kind);
/* The folder of a domain's stubs that go with products named so: generated/NAME of the default
 * tree, build/NAME@6.12/generated of another; malloc'ed. */
char *spec_stubs(const char *of_tree, const char *domain);
/* path of specs/NAME.json if arg is a bare name, else arg; malloc'ed. */
char *spec_path_of(const char *arg);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * registries.h (CONTRACT): the kernel's registries, as JSON => struct registry.
 *
 * A registry is where code finds other code by a key: a family by its number, a file system by its
 * name. Nothing names what is registered but its own initcall, so the closure must be told who
 * registers, where the key stands, who looks one up, and which keys a spec asks for.
 *
 * Files: specs/registries/linux.json, unless the slicer runs for another arch than sd, and those of
 * a spec's "registries". specs/README.md has every key. Strings belong to the spec.
 */
#ifndef KSLICE_SPEC_REGISTRIES_H
#define KSLICE_SPEC_REGISTRIES_H

#include "spec/spec.h"

/* Functions of one use. */
struct registry_calls {
	struct spec_names names;
	unsigned arg; /* of finders: which argument is the key, from 0 */
	bool any;     /* names of several trees: one is enough */
	struct spec_place at;
};

enum ask_kind {
	ASK_ROUTE,  /* the values of a route's argument */
	ASK_DEVICE, /* the value of a device's key */
	ASK_OPTION, /* the value of an option of the configuration */
	ASK_ALL,    /* every key that is registered */
};

struct registry_ask {
	enum ask_kind kind;
	struct spec_names calls; /* ROUTE */
	const char *name;	 /* argument, key, or option without CONFIG_ */
	const char *as;		 /* OPTION: "cp%s"; NULL: as it is */
	struct spec_names with;	 /* only if one of these is kept; none: always */
	bool optional;		 /* a key that nothing registers isn't an error */
};

struct registry {
	const char *name;	/* "socket family" */
	struct spec_names keys; /* fields: "struct net_proto_family:family" */
	bool words;		/* a key may be made of several: "hmac(sha256)" */
	struct registry_calls *registers, *finds;
	size_t nregisters, nfinds;
	struct registry_ask *asks;
	size_t nasks;
	struct spec_place at;
};

struct spec_file;
/* Loads those of Linux and of the files that v, "registries" of spec file f, names. 0, or -1 after
 * printing. */
int registries_load_all(struct spec *spec, struct spec_file *f, json_t *v);
void registries_free(struct spec *spec);

#endif

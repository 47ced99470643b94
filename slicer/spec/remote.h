/* SPDX-License-Identifier: GPL-2.0 */
/*
 * remote.h: `remote` cuts: a function's body gives way to the generated client stub of a call that another domain exports.
 *
 *	before pass 2	remote_resolve(): the other domain's spec and generated/<domain>/ => what is to be linked in, and which contract
 *	pass 2		remote_overlay(): arch/sd/peer/<domain> -> generated/<domain>, with a Kbuild of the client_*.c in use
 *	pass 7		remote_match(): do the function's parameters agree with the call's?
 *	pass 8		remote_body(): the text that marshals by the stub, through sd_remote_call() of <sd/remote.h>
 *
 * A whole build knows no cuts but `replace`: the function keeps its own body there.
 * Each struct spec_cut of that kind owns a struct remote from remote_resolve() on; spec_free() ends it.
 */
#ifndef KSLICE_REMOTE_H
#define KSLICE_REMOTE_H

#include "closure/graph.h"

#define REMOTE_HEADER "sd/remote.h"

struct remote {
	char *call;	   /* its stub's name: "sendfile" where the spec says sendfile64 */
	char *unit;	   /* "client_files": generated/<domain>/client_files.c has the stub */
	unsigned contract; /* SD_STUBS_CONTRACT of the other domain's stubs */
	char *types[6];	   /* of the call's parameters: "u32", "s64", "ptr" ... */
	unsigned n;
	char *names[6]; /* of the function's parameters, and whether they are pointers: made by
			   remote_match() */
	bool pointer[6];
};

/* 0, or -1 after printing: no such domain, it doesn't export the call, its stubs aren't generated.
 */
int remote_resolve(struct spec *spec);
void remote_free(struct remote *r);
/* Part of the cache key of an overlay tree. */
uint64_t remote_key(const struct spec *spec);
int remote_overlay(const struct spec *spec, const char *overlay);
/* The function of the cut is gdef. */
int remote_match(const struct graph *g, uint32_t gdef, struct spec_cut *c);
/* What the body names: identifiers with spaces between. To be freed. */
char *remote_names(const struct spec_cut *c);
/* declared: the function's file includes REMOTE_HEADER. */
char *remote_body(const struct spec_cut *c, bool declared);
/* "peers" of the manifest: [{"domain": "net", "calls": ["write"]}]; NULL: none. */
json_t *remote_peers(const struct spec *spec);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * remote.h: what a `remote` cut needs to know about the other domain. The cut gives a function a
 * new body, which calls the generated client stub of a call that the other domain exports.
 *
 * What the passes do with such a cut:
 *	spec		remote_resolve(): the other domain's spec and stubs, those of the same tree
 *			(spec_stubs()), say which stub is linked in, and its ABI hash
 *	commands	overlay.c: arch/sd/peer/<domain> is a link to these stubs
 *	cuts		do the function's parameters agree with the call's?
 *	closure		the body names the stub and sd_remote_call()
 *	source		the body itself, through sd_remote_call() of <sd/remote.h>
 *	report		"peers" of the manifest
 * A whole build makes only `replace` cuts, so the function keeps its body there.
 *
 * Each cut of that kind owns a struct remote from remote_resolve() on; spec_free() frees it.
 */
#ifndef KSLICE_SPEC_REMOTE_H
#define KSLICE_SPEC_REMOTE_H

#include "spec/spec.h"

struct remote {
	char *stubs;	/* their folder */
	char *call;	/* its stub's name: "sendfile" where the spec says sendfile64 */
	char *unit;	/* "client_files": client_files.c there has the stub */
	unsigned abi;	/* SD_STUBS_ABI of the other domain */
	char *types[6]; /* of the call's parameters: "u32", "s64", "ptr" ... */
	unsigned n;
	/* of the function's parameters, and which are pointers; set by the pass cuts */
	char *names[6];
	bool pointer[6];
};

/*
 * Fills in every remote cut. given: no image is made here (`kslice diff', `kslice stubs'), or from
 * given units (--compdb): the default tree's stubs do, where this one's aren't there. 0, or -1
 * after printing: no such domain, it doesn't export the call, or its stubs aren't generated.
 */
int remote_resolve(struct spec *spec, bool given);
void remote_free(struct remote *r);
/* Is cut i, a remote one, the first with its domain, or (unit) with its file of that domain? */
bool remote_is_first(const struct spec *spec, size_t i, bool unit);

#endif

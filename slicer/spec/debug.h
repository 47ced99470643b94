/* SPDX-License-Identifier: GPL-2.0 */
/*
 * debug.h: images of a domain with options that look for faults (kslice build --debug=KIND):
 * specs/debug/KIND.config over the spec's own fragment, and the cuts and keeps that go with them.
 * Stubs are the domain's own, generated/<domain>, as they lie there.
 */
#ifndef KSLICE_SPEC_DEBUG_H
#define KSLICE_SPEC_DEBUG_H

#include "spec/spec.h"

/* What specs/debug/KIND.json cuts and keeps, if there is one, is the spec's. 0, or -1 after
 * printing the error. */
int debug_spec(struct spec *spec, const char *kind);
/* spec->config becomes the two in one, outdir/<domain>.config. 0, or -1 after printing the error.
 */
int debug_config(struct spec *spec, const char *kind, const char *outdir);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * debug.h: images of a domain with options that detect bugs (kslice build --debug=KIND):
 * specs/debug/KIND.config overrides the spec's fragment; KIND.json adds cuts and keeps. The stubs
 * are the domain's, generated/<domain>, unchanged.
 */
#ifndef KSLICE_SPEC_DEBUG_H
#define KSLICE_SPEC_DEBUG_H

#include "spec/spec.h"

/* Adds the cuts and keeps of specs/debug/KIND.json, if it exists, to the spec. 0, or -1 after
 * printing the error. */
int debug_spec(struct spec *spec, const char *kind);
/* Merges the fragments to outdir/<domain>.config, which becomes spec->config. 0, or -1 after
 * printing the error. */
int debug_config(struct spec *spec, const char *kind, const char *outdir);

#endif

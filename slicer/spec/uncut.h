/* SPDX-License-Identifier: GPL-2.0 */
/*
 * uncut.h: a spec without some of its cut groups (kslice build --uncut=GROUP), to find out which
 * cut broke something. What such a group's cuts took away comes back, whatever it needs with it.
 */
#ifndef KSLICE_SPEC_UNCUT_H
#define KSLICE_SPEC_UNCUT_H

#include "spec/spec.h"

/* groups: names separated by commas. 0, or -1 after printing the error: the spec has no such group,
 * and these are the ones it has. */
int spec_uncut(struct spec *spec, const char *groups);

#endif

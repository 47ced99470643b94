/* SPDX-License-Identifier: GPL-2.0 */
/*
 * paste.h: where in the spec an answer to an open question belongs, and the JSON text to paste
 * there.
 *
 * Answers go into the spec's own annotation group, since the shared ones are other specs', too.
 * Strings that are returned belong to the caller.
 */
#ifndef KSLICE_STUBS_PASTE_H
#define KSLICE_STUBS_PASTE_H

#include "stubs/marshal.h"

/*
 * keys: the path below the group, "calls", "read", "params", "buf", ended by NULL; members: the
 * members of the object there, "\"dir\": \"in\"". "in FILE:LINE, at /annotations/2/calls, add:\n
 * "read": { "params": { "buf": { "dir": "in" } } }": as much of the path is text as isn't in
 * the group yet.
 */
char *paste_members(const struct marshal *m, const char *const *keys, const char *members);
/* The same for a base of a call's test. */
char *paste_base(const struct marshal *m, const char *call, const char *base);
/* The same for an element of one of the spec's lists, "routes". */
char *paste_element(const struct spec *spec, const char *list, const char *element);
/* Place of a pointer below group g, as spec_error() writes it: "FILE:LINE: /annotations/2/x". */
char *paste_place(const struct marshal *m, const struct group *g, const char *pointer);

#endif

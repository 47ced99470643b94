/* SPDX-License-Identifier: GPL-2.0 */
/*
 * evidence.h: evidence about a call's parameters, put together for infer.c. `ev` may be NULL: no
 * body is known. Pointers are the evidence's.
 */
#ifndef KSLICE_STUBS_EVIDENCE_H
#define KSLICE_STUBS_EVIDENCE_H

#include "stubs/bodies.h"

enum body_kind {
	BODY_NONE,    /* nothing is copied */
	BODY_FIXED,   /* `bytes` */
	BODY_ARG,     /* parameter `of` times `elem` plus `add` */
	BODY_VR,      /* as many as the integer holds that parameter `of` points to */
	BODY_STRING,  /* up to NUL */
	BODY_UNKNOWN, /* a length that was computed; `of` takes part in it if it isn't -1 */
};

struct body_len {
	enum body_kind kind;
	size_t bytes, elem;
	int of;
	int64_t add;
	bool bounded;	   /* less may be copied */
	bool inexact;	   /* ARG: only `of` is certain */
	const char *where; /* of a copy: "ipc/msgutil.c:97" */
};

/* COPY_IN, COPY_OUT, both, or 0: no copy was seen. */
unsigned evidence_dir(const struct evidence *ev, int param);
/* Were all uses of the parameter seen? */
bool evidence_complete(const struct evidence *ev, int param);
/* "fs/ioctl.c:51, struct file_operations:unlocked_ioctl", "" */
const char *evidence_escape(const struct evidence *ev, int param);
bool evidence_gives_fd(const struct evidence *ev, int param);
struct body_len evidence_len(const struct evidence *ev, int param);
/* The largest result, if all results are known; else -1. */
int64_t evidence_result(const struct evidence *ev);

#endif

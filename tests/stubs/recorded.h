/* SPDX-License-Identifier: GPL-2.0 */
/*
 * recorded.h: another kernel's answers, from a file, where this host's own can't give any: it has
 * no such file system or socket family. The program with the unsliced kernel writes those of its
 * functions, called without stubs (--record), others read them in place of the host's (--recorded):
 * the same cases in the same order. Buffers have the same addresses in both.
 */
#ifndef RECORDED_H
#define RECORDED_H

#include "stub_test.h"

#define STATE 32768

/* The outcome of a case on one side. */
struct outcome {
	long ret;
	u64 arg[6];
	size_t len[6];
	u8 *mem[6]; /* copies of the slots */
	u16 port[FX_COUNT];
	char state[STATE];
};

extern bool st_recording, st_recorded;

/* path: of the file. Both die with a message. */
void recorded_open(const char *path, bool write);
void recorded_put(const char *name, const struct outcome *o);
/* The next answer of that name, or again the last one. Its memory is the caller's. */
void recorded_get(const char *name, bool again, struct outcome *o);
/* Writes what isn't written yet. */
void recorded_close(void);

#endif

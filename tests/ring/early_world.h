/* SPDX-License-Identifier: GPL-2.0 */
/*
 * early_world.h: both ends of one queue pair in one thread, and a program that sends: for the tests
 * of early completions. The bytes it sends follow one pattern, independent of calls and fds, so
 * that the domain's log shows what is missing, duplicated or out of order.
 */
#ifndef EARLY_WORLD_H
#define EARLY_WORLD_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include <sd/batch.h>
#include <sd/qp.h>
#include <sd/serve_path.h>
#include "inline_domain.h"

#define FD	 7u
#define OTHER	 (FD + 1)
#define SAME_ROW (FD + SD_CREDITS) /* uses the same credit entry as FD */
#define LOG_ROOM (2u << 20)

struct world {
	struct sd_wake_page wake_page;
	struct hostdom dom;
	struct sd_sregion reg;
	struct sd_qp qp;
	void *base;
	u64 sent; /* bytes that are sent according to the program's results */
	u8 buf[SD_MAX_DATA];
};

extern struct world *w;

int setup(void **state);
int teardown(void **state);

/* Begins a take of the next bytes to send. Waits for the early call if there is no room
 * otherwise. */
void begin_take(struct sd_call *c, u64 fd, u64 len);
/* What a stub of send() does: its result. */
long give(u64 fd, u64 len);
/* The same, but always waited for. */
long waited(u64 fd, u64 len);
void echo_is(u64 v);
/* From now on every take reports this credit, and FD's is known. */
void earn(u8 level);
/* Sends, and checks that the domain hasn't seen it yet. */
void gives_early(u64 fd, u64 len);
void gives_waited(u64 fd, u64 len);
/* Checks that the domain has all sent bytes, in order. */
void all_taken(void);
/* Checks that no early call is pending, and that the arena is free. */
void at_rest(void);
/* Results of the next takes, see struct hostdom_take. */
void says(u32 n, s64 a, s64 b, s64 c, s64 d);
/* The domain serves what is there, unasked. */
void domain_runs(void);

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif

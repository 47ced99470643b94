/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hostdom.h: a domain without a kernel: the real server core and poller over a small call table, in
 * a host process or thread. For the ring tests and benchmarks.
 *
 * Calls: 0 echo: returns arg[0]. 1 sum: adds up arg[1] bytes at arena offset arg[0] through
 * sd_user(). 2 fill: writes arg[1] bytes of arg[2] at arg[0]. 3 fetch: copies a 64-byte struct by
 * sd_fetch() and returns its first word. 4 scratch: needs arg[0] bytes of private memory. 5 take:
 * takes arg[2] bytes at arg[1] for fd arg[0], at most as many as hostdom_take allows, and reports
 * its credit.
 */
#ifndef HOSTDOM_H
#define HOSTDOM_H

#include <sd/wake_page.h>
#include <sd/server.h>

enum { HD_ECHO = SD_OP_CALLS, HD_SUM, HD_FILL, HD_FETCH, HD_SCRATCH, HD_TAKE, HD_END };

struct hostdom {
	struct sd_poller poll;
	struct sd_wake_page *wake_page;
	u32 stop;
	u64 calls, sleeps, liars;
	void (*liar)(struct hostdom *d, struct sd_sregion *r); /* NULL: abort */
};

extern const struct sd_table hostdom_table;
extern const struct sd_server_ops hostdom_ops;

/* Results of takes. says[] is for the next ones, in order: -errno, or how many bytes at most;
 * later ones take all. */
struct hostdom_take {
	s64 says[8];
	u32 nsays, said;
	u8 credit;
	s32 kept; /* errno of the last early call that failed */
	u32 calls;
	u8 *log; /* bytes taken, if log isn't NULL; at most room */
	u64 room, len;
};

extern struct hostdom_take hostdom_take;

void hostdom_init(struct hostdom *d, struct sd_wake_page *wake_page);
/* Serves one round: all published calls, at most `most`. Returns the number served. */
u32 hostdom_round(struct hostdom *d, u32 most);
/* Serve until d->stop: spin, yield, sleep. */
void hostdom_run(struct hostdom *d);
void hostdom_stop(struct hostdom *d);
/* A region's or page's memory, shared with children. */
void *hostdom_map(u64 size);

#endif

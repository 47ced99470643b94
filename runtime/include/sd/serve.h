/* SPDX-License-Identifier: GPL-2.0 */
/*
 * serve.h: what generated server stubs are built on. Kernel side.
 *
 * A server stub gets a private copy of the entry, never the shared one. It checks every offset and
 * length with sd_user() (which bounds it to the caller's arena), rebuilds structures that hold
 * pointers in sd_scratch() memory, and calls sys_xxx() with them as user pointers. It never reads
 * shared memory again after a check; the kernel's own copy_from_user() copies once.
 *
 * A reference out of bounds sets s->bad; the stub returns at once, the channel ends with -EPROTO.
 */
#ifndef SD_SERVE_H
#define SD_SERVE_H

#include <sd/ring.h>
#include <sd/rpc.h>

struct sd_sregion;

struct sd_serve {
	u64 arg[6]; /* private copy */
	u8 *arena;  /* queue pair's arena, SD_ARENA_SIZE bytes, shared: never trusted */
	bool bad;
	bool early;		/* its caller already has a successful result */
	bool last;		/* no other try follows: EAGAIN is an error */
	u8 credit;		/* out: credit of the call's fd, see SD_R_CREDIT */
	void *scratch;		/* list of private allocations, freed after the call */
	u32 spare;		/* bytes that may still be allocated */
	struct sd_sregion *reg; /* the region that it came from */
};

typedef long (*sd_serve_fn)(struct sd_serve *s);

struct sd_served {
	const char *name;
	sd_serve_fn fn;
};

extern const struct sd_served sd_served[]; /* generated; index = op - SD_OP_CALLS */
extern const u32 sd_nserved;
extern const u32 sd_served_abi; /* of the stubs, see struct sd_domain_stubs */

/* A call that a route gives the domain; the table, which is generated, ends with one of no name. */
struct sd_route_call {
	const char *what; /* "socket(family AF_INET)" */
	long (*call)(void);
};
extern const struct sd_route_call sd_route_calls[];

/* off, len => user pointer (NULL for SD_OFF_NULL, a refused one for SD_OFF_FAULT); s->bad if out of
 * bounds. */
void __user *sd_uptr(struct sd_serve *s, u64 off, u64 len);
/* Copies len bytes at off into dst, once. 0, -EFAULT (SD_OFF_FAULT/NULL) or -EPROTO with s->bad
 * set. */
int sd_fetch(struct sd_serve *s, void *dst, u64 off, u64 len);
/*
 * The two functions of the kernel side (runtime/kernel/dev_sock.c) that stubs of calls with credit
 * need. They are on the hot path, so stubs call them directly and not through struct
 * sd_server_ops.
 *
 * The credit of a file, 0 if unknown. See SD_R_CREDIT.
 */
u8 sd_file_credit(unsigned int fd);
/* An early call failed with -err: the file's next call reports it, as if the error had occurred
 * just after. A stream that has lost bytes this way ends with it. */
void sd_file_error(unsigned int fd, int err);
/*
 * Private, zeroed memory until the call ends; NULL when out of memory. All that a call describes
 * is in the arena once, so a call gets no more than the arena's size: a client that refers to one
 * array many times runs out, which sets s->bad.
 */
void *sd_scratch(struct sd_serve *s, u64 len);

#endif

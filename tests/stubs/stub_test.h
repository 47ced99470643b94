/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stub_test.h: shared by the generated tables (generated/<domain>/tests*.c) and the engine that
 * runs them.
 *
 * A case is one call with all arguments chosen, made twice: on the host kernel by a raw system
 * call, and in the domain by its stub; each time in a fresh world of fixtures, prepared by the same
 * calls on the same side, with the same fd numbers, ports and buffer addresses. Compared are the
 * result, every byte of every buffer, and the state of the world afterwards.
 *
 * Every call has bases: complete, sensible argument lists. From each base every parameter takes
 * its edge values while the others stay.
 *
 * Threads: none. A watchdog ends a run that hangs, naming the case.
 */
#ifndef STUB_TEST_H
#define STUB_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* this header comes first everywhere */
#endif

#include <sd/client.h>

enum st_kind { ST_NUM, ST_FD, ST_BUF, ST_ID /* of declared fixture `num` */ };

struct st_arg {
	enum st_kind kind;
	s64 num;
	const char *name; /* fixture or buffer, see world.c and buffers.c */
};

enum st_role { ST_SCALAR, ST_ISFD, ST_LENGTH, ST_LISTED, ST_POINTER };

struct st_param {
	const char *name;
	enum st_role role;
	bool in, out; /* pointers: what crosses */
	u32 nvalues;
	const struct st_arg *values; /* further edge values, from the annotations */
};

struct st_base {
	const char *name;
	struct st_arg arg[6];
	u32 as; /* user and group id that make the call; 0: root */
};

enum st_reason {
	ST_STUB,    /* what stubs can't carry */
	ST_KERNEL,  /* the default tree's version or configuration isn't the host's */
	ST_VERSION, /* of another tree's; the default tree does as the host does */
};

/* A case whose outcome differs for a known reason. An entry that no longer differs, or never
 * ran, fails. */
struct st_differs {
	const char *match; /* fnmatch() on "base" or "base/param=value" */
	enum st_reason reason;
	const char *why;
};

/* What the call may return at most: */
enum st_returns {
	ST_RETURNS_MOST,    /* `most` */
	ST_RETURNS_NUMBER,  /* parameter `of` */
	ST_RETURNS_UNITS,   /* as many as parameter `len` says of the buffer `of` */
	ST_RETURNS_LIST,    /* the bytes that `len` iovecs at `of` hold */
	ST_RETURNS_MESSAGE, /* the bytes that the msghdr at `of` leads to */
};

struct st_result {
	enum st_returns kind;
	s64 most;
	int of, len;
	u32 times;    /* times that */
	s64 empty;    /* the most if it is 0 */
	int keep_arg; /* with these bits in this parameter: more, for lists and buffers; -1: never
		       */
	s64 keep_mask;
};

/* The kernel's function behind a call. */
typedef long st_direct(u64, u64, u64, u64, u64, u64);

struct st_call {
	const char *name;
	u32 nparams;
	const struct st_param *param;
	u32 nbases;
	const struct st_base *base;
	u32 ndiffers;
	const struct st_differs *differs;
	int fd_arg; /* with one of these values the result is a descriptor (fcntl's F_DUPFD); -1:
		       none */
	u32 nfd_values;
	const u32 *fd_values;
	struct st_result result;
	u32 filled; /* bytes at parameter result.of for each unit of the result; 0: it tells nothing
		       of them */
	st_direct *direct; /* the kernel's function; NULL unless it is in this program */
	bool uncompared;   /* the result is a number of the kernel's choice: only errors count */
};

struct st_made {
	u16 nr;
	struct st_arg arg[6];
};

#define ST_THEN 3

/* A fixture that annotations declare: what a call makes. */
struct st_fixture {
	const char *name;
	bool id; /* not a descriptor: removed by `end` */
	struct st_made make;
	bool ends; /* `end` is called after the case: it removes what was made, or its name */
	struct st_made end;
	u32 nthen; /* calls after it was made, which put something in */
	struct st_made then[ST_THEN];
};

struct st_suite {
	const struct sd_domain_stubs *stubs;
	const struct st_call *const *call;
	u32 ncalls;
	const struct st_fixture *fixture;
	u32 nfixtures; /* at most ST_DECLARED */
};

extern const struct st_suite st_suite; /* generated */

/* ---- sides ---- */

/* Every fixture any world may have: an open file by name. What makes them: world.c. */
/* No two runs of clang-format agree on this list. */
/* clang-format off */
#define ST_FIXTURES(F)                                                                             \
	F(tcp_listen)                                                                              \
	F(tcp_a)                                                                                   \
	F(tcp_b)                                                                                   \
	F(tcp_pending)                                                                             \
	F(tcp_new) F(udp_a) F(udp_b) F(unix_a) F(unix_b) F(unixd_a) F(unixd_b) F(epoll) F(pipe_r)  \
		F(pipe_w) F(file) F(file_ro) F(file_wo) F(file_append) F(file_path) F(file_direct) \
			F(empty) F(holes) F(dir) F(link_path) F(fifo)
/* clang-format on */

#define ST_FX(name) FX_##name,
#define ST_DECLARED 16
/* those that annotations declare come last */
enum { ST_FIXTURES(ST_FX) FX_DECLARED, FX_COUNT = FX_DECLARED + ST_DECLARED };

#define FX_FD(i) (100 + (i)) /* the same on both sides */

/* As the annotations name them: "@tcp_a". */
#define ST_FD_OF(name) FD_##name = FX_FD(FX_##name),
enum { ST_FIXTURES(ST_FD_OF) FD_closed = 900 };

struct side {
	const char *name;
	/* Result or -errno. A transport failure is reported and ends the run. */
	long (*call)(const struct sd_stub *st, const u64 arg[6]);
	bool there[FX_COUNT]; /* fixtures this world has */
	u16 port[FX_COUNT];   /* of the bound ones, network order */
	s64 id[ST_DECLARED];  /* of declared fixtures that are no descriptors */
};

/* By x86-64 number; NULL: not among the domain's calls. */
const struct sd_stub *st_stub(unsigned int nr);
long side_call(struct side *s, unsigned int nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

/* ---- world.c ---- */
const char *world_name(int fixture);
/* Finds out which kinds of fixtures the domain can have. Both sides have only those. */
void world_probe(struct side *s);
bool world_has(int fixture);
/* ports: chosen on the host and then used by both. Dies if it can't be made. */
void world_make(struct side *s, u16 ports[FX_COUNT]);
void world_end(struct side *s);
/* The same after a call that may have changed the side's credentials: it has a new identity, and
 * maybe no open files. */
void world_abandon(struct side *s);
/* Sent data may arrive a little later (the kernels' own threads deliver them): look again for
 * some ms. */
extern bool world_patient;
/* Appends the visible state of the world to buf, as text. */
void world_state(struct side *s, char *buf, size_t size);

/* ---- identity.c ---- */
/* Can the call change the caller's credentials? */
bool identity_call(unsigned int nr);
/* Describes as text what the caller may do, and with which ids; for a side that isn't used any
 * more. */
void identity_state(struct side *s, char *buf, size_t size);

/* ---- buffers.c ---- */
#define BUF_SLOT (3u * 1024 * 1024)

void buffers_init(void);
/* Fill slot i with the buffer called name; its address. Ends at an unmapped page. Dies on an
 * unknown name. */
u64 buffer_make(int i, const char *name, const struct side *s);
u64 buffer_guard(int i);    /* address of the unmapped page after slot i */
u64 buffer_readonly(int i); /* address of a read-only page, same contents for both sides */
int buffer_slot(u64 addr);  /* the slot with this address, or -1 */
/* The part of slot i in use. */
u8 *buffer_used(int i, size_t *len);
void buffer_reset(int i);
/* The fixture without which it is meaningless, or -1. */
int buffer_needs(const char *name);
/* Makes equal what always differs between two kernels: current times, device numbers. */
void buffer_mask(int i, const char *name, u64 at);
/* Descriptors that came back in slot i ("%fdpair") are put in fds and replaced by marks; their
 * number. */
int buffer_take_fds(int i, long ret, int fds[2]);

/* ---- backend ---- */
extern struct side backend_domain; /* loop, shm or the host backend */
extern const char *backend_name;
extern bool backend_is_kernel; /* false: host backend, where "kernel" differences don't exist */
void backend_start(int argc, char **argv);
/* Replaces the client by a new one with root's identity and no files. Host backend: nothing to
 * do. */
void backend_fresh(void);
extern struct sd_qp backend_qp; /* made ready by backend_start() */
long backend_call(const struct sd_stub *st,
		  const u64 a[6]); /* through backend_qp; dies on a transport failure */

/* main.c: the whole run; exit status. */
int stub_tests(int argc, char **argv);

/*
 * ---- mutation: 1 damages what goes in, 2 what comes out, while st_mutating is set; 3 notes
 * eight bytes less of each copy of a stub ----
 */
#define ST_MUTATE_COPIES 3
extern int st_mutate;
extern bool st_mutating;

/*
 * ---- copies.c: --copies ----
 *
 * Instead of the host, the functions of the kernel in this program, called with the same pointers
 * and no stub in between. What they read and write of the program (sd_noted, asm/uaccess.h) must be
 * sent and brought back by the stub.
 */
extern bool st_copies;
extern void (*st_copied)(unsigned long addr, unsigned long size, bool write); /* copy.c tells it */
struct side *backend_direct(void) __attribute__((weak)); /* of a backend that has it */
void copies_begin(bool stub);				 /* notes from here to copies_end() */
void copies_end(void);
void copies_note(unsigned long addr, unsigned long size, bool write);
/* After both made the same call, with the same result; else `why` says what the stub misses. */
bool copies_agree(const struct st_call *call, long ret, char *why, size_t size);
/* After all cases of a call: prints how much was moved. */
void copies_call(const struct st_call *call);
/* Did the kernel move anything since this was last asked? */
bool copies_moved(void);

void st_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif

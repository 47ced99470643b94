/* SPDX-License-Identifier: MIT */
/*
 * sd/trace.h - CONTRACT: what the hook reports about a program's calls to `kdom run --trace` and
 * `kdom trace`.
 *
 *   hooked threads ──struct sd_trace, one packet each──> socket ──> kdom prints a line per packet
 *
 * The socket is AF_UNIX SOCK_SEQPACKET, made by kdom; KDOM_TRACE=PATH in the launcher's
 * environment names it, and is kept over every exec. A process connects when its first call is
 * traced, and its threads send on that connection when a call is over (before one that doesn't
 * return). The tracer trusts nothing that it reads: another user's program may be at the other end.
 * Tracing never harms a program: without a listener it ends.
 */
#ifndef SD_TRACE_H
#define SD_TRACE_H

#include <sd/port.h>

#define SD_TRACE_MAGIC	 0x74646b73u /* "skdt" */
#define SD_TRACE_STRINGS 3u	     /* the most that any call has */
#define SD_TRACE_STRING	 128u	     /* bytes kept of each, with its NUL */
#define SD_TRACE_NAME	 32u

enum sd_trace_to {
	SD_TRACE_HOST,	 /* the host's kernel, as the program made it */
	SD_TRACE_EDITED, /* the host's, with changed arguments; its result isn't known */
	SD_TRACE_HOOK,	 /* answered by the hook, which made the host calls it needed */
	SD_TRACE_DOMAIN, /* at least one call of a domain */
};

/* Why it went there. */
enum sd_trace_why {
	SD_TRACE_NO_RULE,  /* no domain takes this call, whatever its arguments */
	SD_TRACE_NOT_OURS, /* domains take it, but not with these fds, names or keys */
	SD_TRACE_BY_FD,
	SD_TRACE_BY_KEY,
	SD_TRACE_BY_PATH,
	SD_TRACE_MIRRORED,
	SD_TRACE_OF_HOOK, /* the hook needs to know of it: signals, clone, exec ... */
};

struct sd_trace {
	u32 magic;
	u32 tid;
	u16 nr;
	u8 to;	/* enum sd_trace_to */
	u8 why; /* enum sd_trace_why */
	u8 has_ret;
	u8 pad[3];
	u32 npath; /* strings that follow */
	u64 ns;	   /* how long it took */
	u64 arg[6];
	s64 ret;
	char domain[SD_TRACE_NAME]; /* the last one that was called */
	char string[SD_TRACE_STRINGS][SD_TRACE_STRING];
};

#endif

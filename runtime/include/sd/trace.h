/* SPDX-License-Identifier: MIT */
/*
 * sd/trace.h - CONTRACT: what the hook reports about a program's calls to `kdom run --trace` and
 * `kdom trace`.
 *
 *   hooked threads ──struct sd_trace, one packet each──> socket ──> kdom prints a line per packet
 *
 * The socket is AF_UNIX SOCK_SEQPACKET, and kdom listens on it. A process connects when its first
 * call is traced, and its threads send on that connection when a call is over (before one that
 * doesn't return). The tracer trusts nothing that it reads: another user's program may be at the
 * other end. A program is never harmed: when nobody listens any more it isn't traced any more.
 *
 * `kdom run --trace`: KDOM_TRACE=PATH in the launcher's environment names the socket, which is kept
 * over every exec. A program waits for a tracer that doesn't read, as it does for strace.
 *
 * `kdom trace`: the supervisor, asked by TRACE (sd/control.def), sets wake_page.trace. A program
 * that sees it at a call of the domain connects to the domain's own socket's path with
 * SD_TRACE_SUFFIX behind it. As with ptrace(2), root may trace everybody, others what is theirs in
 * every respect; each end asks the kernel who is at the other (SO_PEERCRED), so that neither
 * supervisor nor run directory need be trusted. A program waits once for a tracer that doesn't
 * read, for SD_TRACE_WAIT_MS; then its records are dropped until the tracer reads again. The first
 * that it reads says how many (lost).
 */
#ifndef SD_TRACE_H
#define SD_TRACE_H

#include <sd/port.h>

#define SD_TRACE_MAGIC	 0x32646b73u /* "skd2": another one with every change of the layout */
#define SD_TRACE_SUFFIX	 ".trace"
#define SD_TRACE_WAIT_MS 100
#define SD_TRACE_STRINGS 3u   /* no call has more of them */
#define SD_TRACE_STRING	 128u /* bytes kept of each, with its NUL */
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
	u32 tid; /* this and pid: in the program's own namespace */
	u16 nr;
	u8 to;	/* enum sd_trace_to */
	u8 why; /* enum sd_trace_why */
	u8 has_ret;
	u8 npath; /* strings that follow */
	u16 pad;
	u32 pid;
	u32 lost; /* records dropped before this one */
	u32 pad2;
	u64 ns; /* how long it took */
	u64 arg[6];
	s64 ret;
	char domain[SD_TRACE_NAME]; /* the last one that was called */
	char string[SD_TRACE_STRINGS][SD_TRACE_STRING];
};

#endif

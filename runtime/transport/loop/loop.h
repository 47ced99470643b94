/* SPDX-License-Identifier: MIT */
/*
 * loop.h: a transport whose client and server are the same thread: calls are marshalled as
 * everywhere, but the client end calls the kernel end where it would wait.
 *
 * Calls are served in order, one at a time, each to completion: a call that blocks blocks the
 * thread (the kernel's other tasks run), and a posted call begins when the client waits. A cancel
 * always comes too late.
 *
 * The kernel end is in sd.o and on its entry list; tests without a kernel define these two
 * themselves.
 */
#ifndef SD_LOOP_H
#define SD_LOOP_H

#include <sd/port.h>

/* A new client whose region (SD_REGION_SIZE bytes, zeroed) is at base; it replaces the one before.
 * 0 or -errno. */
int sd_loop_attach(void *base);
/* Serve what is published on a queue pair of that client. 0, or -EPROTO: the client's channel has
 * ended.
 */
int sd_loop_serve(u32 qp);

/*
 * The function of a call, with the caller's own pointers: what the same call does that no stub
 * carries. In the client's files, after sd_loop_attach(). Its result.
 */
long sd_loop_direct(long (*fn)(u64, u64, u64, u64, u64, u64), const u64 arg[6]);

#endif

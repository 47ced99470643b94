/* SPDX-License-Identifier: MIT */
/* wait.h: what poll.c, select.c and epoll.c share. See wait.c. */
#ifndef SD_USER_WAITING_H
#define SD_USER_WAITING_H

#include "channel/channel.h"

/* A call in flight at one domain while the thread waits for others too. */
struct sd_async {
	struct sd_call c; /* begun by the caller, ended by it */
	struct sd_chan *chan;
	u32 dom;
	u32 posted;
	long ret; /* after sd_async_wait(): the call's result, or -errno */
	struct sd_async *next;
};

s64 sd_deadline(s64 timeout);
s64 sd_timeout_from(u64 ptr, s64 unit, long *err); /* unit: 1 timespec, 1000 timeval */
u32 sd_timeout_ms(s64 timeout);
void sd_time_left(u64 ptr, s64 unit, s64 deadline);
/* Empties a channel's bell; who else waits for what is done is rung for, but for aio's context
 * `mine`. */
void sd_bell_drain(s32 event, const struct aio_ctx *mine);
void sd_async_post(struct sd_thread *t, struct sd_async *a);
long sd_async_wait(struct sd_thread *t, struct sd_async *a, u32 n, struct sd_pollfd *host,
		   u32 nhost, s64 deadline);
long sd_refused_wait(struct sd_thread *t, struct sd_pollfd *host, u32 nhost, s64 deadline);

#endif

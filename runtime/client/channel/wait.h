/* SPDX-License-Identifier: MIT */
/* wait.h: waiting for domains and the host at once, for poll, select, epoll and aio. See wait.c. */
#ifndef SD_CLIENT_WAIT_H
#define SD_CLIENT_WAIT_H

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

s64 sd_now(void);
s64 sd_deadline(s64 timeout);
s64 sd_timeout_from(u64 ptr, s64 unit, long *err); /* unit: 1 timespec, 1000 timeval */
u32 sd_timeout_ms(s64 timeout);
void sd_time_left(u64 ptr, s64 unit, s64 deadline);
/* Drains a channel's notifications, and notifies again for other waiters whose call is done;
 * `mine` is the observer's waiter that needs no notification, see observers.h. */
void sd_notify_drain(s32 event, const void *mine);
void sd_async_post(struct sd_thread *t, struct sd_async *a);
long sd_async_wait(struct sd_thread *t, struct sd_async *a, u32 n, struct pollfd *host, u32 nhost,
		   s64 deadline);
void sd_waiters_reset(void); /* in a forked child */
long sd_refused_wait(struct sd_thread *t, struct pollfd *host, u32 nhost, s64 deadline);

#endif

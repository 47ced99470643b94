/* SPDX-License-Identifier: MIT */
/* aio.h: declarations shared by aio.c and aio_context.c. See aio.c. */
#ifndef SD_CLIENT_AIO_H
#define SD_CLIENT_AIO_H

#include "calls/calls.h"
#include "channel/wait.h"
#include <sd/stub.h>

#define AIO_PAGES (SD_ARENA_SIZE / PAGE) /* of a queue pair's arena; the first is never given out */

struct aio_req { /* in the slot of its entry */
	u64 obj, data;
	s64 off;
	u64 len, done;	    /* of the whole request; bytes done before this piece */
	struct iovec one;   /* the buffer, or ... */
	struct iovec *span; /* ... nspan of them, a copy in memory of ours */
	u32 nspan;
	u32 piece; /* bytes in the arena */
	s32 fd, dfd;
	u16 nr; /* of the call made for it */
	u8 busy, reads;
	u16 page, pages;
	struct sd_entry_ref ref;
};

struct aio_qp { /* a queue pair that no thread has */
	struct sd_qp *qp;
	struct sd_chan *chan;
	u32 flying;
	u64 used[(AIO_PAGES + 63) / 64];
	struct aio_req req[SD_RING];
};

struct aio_ctx {
	struct aio_ctx *next;
	u64 id; /* the host's context */
	u32 lock;
	u32 users, destroyed; /* the list's lock guards these */
	u32 waiting;
	u32 max;
	u32 active; /* of domains: in flight, or done and not fetched */
	u32 host, host_ever;
	u32 first, ready;	/* done and not fetched: event[first ...] */
	struct io_event *event; /* max of them, once a domain is used */
	struct sd_files *files; /* whose fds they are */
	struct aio_qp qp[SD_DOMAINS];
};

/* aio_context.c: contexts, and requests in flight. All with the context's lock held, unless a
 * comment says "without". */
void sd_aio_destroy(struct aio_ctx *c); /* without */
struct aio_ctx *sd_aio_find(u64 id);	/* without; NULL: not known. The caller puts it back */
void sd_aio_put(struct aio_ctx *c);	/* without */
long sd_aio_new(u64 id, u32 max);	/* without */
long sd_aio_prepare(struct sd_thread *t, struct aio_ctx *c,
		    u32 dom); /* a queue pair to that domain */
/* Sends a copy of *r, or its first piece; waits for room. The caller kicks the domain. NULL:
 * *err. */
struct aio_req *sd_aio_send(struct aio_ctx *c, u32 dom, const struct aio_req *r, long *err);
void sd_aio_done(struct aio_ctx *c, u64 obj, u64 data, long res);
void sd_aio_free(const struct aio_req *r); /* frees what it holds; without */
long sd_aio_take(struct aio_ctx *c, struct aio_qp *a, struct aio_req *r); /* waits; its result */
u32 sd_aio_sweep(struct aio_ctx *c);					  /* events new */
void sd_aio_check(struct aio_ctx *c); /* without: are the supervisors still there? */
u32 sd_aio_flying_in(const struct aio_ctx *c);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * copy_end.h: the two ends of sendfile, splice and copy_file_range, where they aren't of one
 * kernel: each is the host's or a domain's, and the data go through memory of the hook's. What one
 * end gave and the other didn't take stays where it was: files are read at a position, sockets
 * looked into (MSG_PEEK), pipes copied (tee), and only what arrived is taken off.
 */
#ifndef SD_CLIENT_COPY_END_H
#define SD_CLIENT_COPY_END_H

#include "calls/calls.h"

struct sd_end {
	s32 fd; /* the program's */
	struct sd_fd e;
	u64 off;   /* address of the program's offset; 0: the file's own position */
	u64 pos;   /* where it reads or writes */
	int seeks; /* it has positions */
};

struct sd_buf {
	u8 *at;
	u64 size;
};

#define SD_PIECE      (256 * 1024ul)
#define SD_MOST_BYTES 0x7ffff000ul

/* The call nr with the end as its first argument: result or -errno; -ENOSYS: its domain has no such
 * call. */
long sd_end_call(struct sd_thread *t, const struct sd_end *x, u64 nr, u64 a, u64 b, u64 c,
		 int *again);
/* Finds out whether it has positions, and which counts. 0 or -errno. */
int sd_end_open(struct sd_thread *t, struct sd_end *x, s32 fd, u64 off);
/* n bytes went through it: its position, or the program's offset, is n on. 0 or -EFAULT. */
int sd_end_moved(struct sd_thread *t, struct sd_end *x, u64 n);
/* At its position, if it has any. */
long sd_end_read(struct sd_thread *t, const struct sd_end *x, u8 *buf, u64 len, int *again);
long sd_end_write(struct sd_thread *t, const struct sd_end *x, const u8 *buf, u64 len, int *again);
/* Some memory, for as much of len as is moved at a time. 0 or -errno. */
int sd_buf_get(struct sd_buf *b, u64 len);
void sd_buf_put(struct sd_buf *b);

/* sendfile_remote.c: sendfile of in's domain into out's, by calls between the two. -ENOSYS: they
 * don't. */
long sd_sendfile_remote(struct sd_thread *t, const struct sd_end *out, const struct sd_end *in,
			u64 count, int *again);

#endif

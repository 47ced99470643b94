/* SPDX-License-Identifier: MIT */
/*
 * copy_end.h: the two ends of sendfile, splice and copy_file_range, where they are in two kernels:
 * each is the host's or a domain's, and the data pass through the hook's memory. Data that the
 * target doesn't take stay in the source: files are read at a position, sockets with MSG_PEEK,
 * pipes with tee, and only what was written is removed.
 */
#ifndef SD_CLIENT_COPY_END_H
#define SD_CLIENT_COPY_END_H

#include "calls/calls.h"

struct sd_end {
	s32 fd; /* the program's */
	struct sd_fd e;
	u64 off;   /* address of the program's offset; 0: use the file's own position */
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
/* Finds out whether it is seekable, and its position. 0 or -errno. */
int sd_end_open(struct sd_thread *t, struct sd_end *x, s32 fd, u64 off);
/* n bytes went through it: advances its position, or the program's offset. 0 or -EFAULT. */
int sd_end_moved(struct sd_thread *t, struct sd_end *x, u64 n);
/* At its position, if it has any. */
long sd_end_read(struct sd_thread *t, const struct sd_end *x, u8 *buf, u64 len, int *again);
long sd_end_write(struct sd_thread *t, const struct sd_end *x, const u8 *buf, u64 len, int *again);
/* Memory for len bytes, or for as many as are moved at a time. 0 or -errno. */
int sd_buf_get(struct sd_buf *b, u64 len);
void sd_buf_put(struct sd_buf *b);

/* sendfile_remote.c: sendfile from in's domain into out's, by calls between the two. -ENOSYS:
 * they can't. */
long sd_sendfile_remote(struct sd_thread *t, const struct sd_end *out, const struct sd_end *in,
			u64 count, int *again);

#endif

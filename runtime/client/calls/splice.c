/* SPDX-License-Identifier: MIT */
/*
 * splice.c: splice and copy_file_range with ends in two kernels: the host and a domain, or two
 * domains. For two ends in one domain its own call is made, if it has that. One end of a splice is
 * a pipe: a pipe of the host is filled by vmsplice, which takes as much as there is room for, and
 * emptied by tee and read, so that what the other end doesn't take stays in it.
 *
 * copy_file_range between two kernels is EXDEV, as between two kinds of file systems: programs
 * then use read and write. tee and vmsplice on fds of domains: EINVAL.
 */
#include "calls/copy_end.h"
#include "channel/wait.h"

static int is_pipe(struct sd_thread *t, const struct sd_end *x)
{
	int again = 0;

	return sd_end_call(t, x, __NR_fcntl, F_GETPIPE_SZ, 0, 0, &again) > 0;
}

/* ---- out of a pipe of the host ---- */
static void take_off(s32 pipe, u8 *scratch, u64 size, u64 n)
{
	while (n) {
		long got = sys(__NR_read, pipe, scratch, n < size ? n : size);

		if (got <= 0)
			return; /* another reader was faster */
		n -= got;
	}
}

static long look_into(struct sd_thread *t, const struct sd_end *pipe, struct sd_buf *b, u32 flags,
		      int *again)
{
	s32 own[2];
	long n, got, room;
	u64 have = 0;

	n = sys(__NR_pipe2, own, O_CLOEXEC); /* tee asks both whether it may wait */
	if (n < 0)
		return n;
	room = sys(__NR_fcntl, pipe->fd, F_GETPIPE_SZ);
	sys(__NR_fcntl, own[1], F_SETPIPE_SZ, room);
	n = sd_end_call(t, pipe, __NR_tee, own[1], b->size, flags & SPLICE_F_NONBLOCK, again);
	while ((s64)have < n) {
		got = sys(__NR_read, own[0], b->at + have, n - have);
		if (got <= 0)
			break;
		have += got;
	}
	sys(__NR_close, own[0]);
	sys(__NR_close, own[1]);
	return n > 0 ? (long)have : n;
}

static long from_pipe(struct sd_thread *t, struct sd_end *pipe, struct sd_end *out,
		      struct sd_buf *b, u32 flags, int *again)
{
	long n = look_into(t, pipe, b, flags, again), sent;

	if (n <= 0)
		return n;
	sent = sd_end_write(t, out, b->at, n, again);
	if (sent > 0)
		take_off(pipe->fd, b->at, b->size, sent);
	return sent;
}

/* ---- into a pipe of the host ---- */
static long pipe_fill(struct sd_thread *t, const struct sd_end *pipe, u8 *at, u64 n, u32 flags,
		      int *again)
{
	struct iovec v = {at, n};

	if (sys(__NR_fcntl, pipe->fd, F_GETFL) & O_NONBLOCK) /* splice asks it, vmsplice doesn't */
		flags |= SPLICE_F_NONBLOCK;
	return sd_end_call(t, pipe, __NR_vmsplice, (u64)&v, 1, flags & SPLICE_F_NONBLOCK, again);
}

/* Writes all of it, since the data come from a stream without MSG_PEEK, and can't be put back. */
static long pipe_fill_up(struct sd_thread *t, const struct sd_end *pipe, u8 *at, u64 n)
{
	struct pollfd p = {pipe->fd, POLLOUT, 0};
	u64 done = 0;

	while (done < n) {
		struct iovec v = {at + done, n - done};
		long put = sys(__NR_vmsplice, pipe->fd, &v, 1, SPLICE_F_NONBLOCK);

		if (put == -EAGAIN)
			sys(__NR_poll, &p, 1, -1);
		else if (put < 0 && put != -EINTR)
			return done ? (long)done : put;
		else if (put > 0)
			done += put;
	}
	return done;
}

/* A socket: reads with MSG_PEEK, then removes what the pipe took. -ENOTSOCK, -ENOSYS: it isn't
 * one. */
static long socket_to_pipe(struct sd_thread *t, struct sd_end *in, struct sd_end *pipe,
			   struct sd_buf *b, u32 flags, int *again)
{
	u32 how = MSG_PEEK | (flags & SPLICE_F_NONBLOCK ? MSG_DONTWAIT : 0);
	long n = sd_end_call(t, in, __NR_recvfrom, (u64)b->at, b->size, how, again), put;
	struct sd_buf scratch;

	if (n <= 0)
		return n;
	if (sd_buf_get(&scratch, n)) /* the pipe refers to the first */
		return -ENOMEM;
	put = pipe_fill(t, pipe, b->at, n, flags, again);
	for (long got = 0, k; put > 0 && got < put; got += k) {
		k = sd_end_call(t, in, __NR_recvfrom, (u64)scratch.at, put - got, MSG_DONTWAIT,
				again);
		if (k <= 0)
			break;
	}
	sd_buf_put(&scratch);
	return put;
}

static long to_pipe(struct sd_thread *t, struct sd_end *in, struct sd_end *pipe, struct sd_buf *b,
		    u32 flags, int *again)
{
	long n;

	if (!in->seeks) {
		n = socket_to_pipe(t, in, pipe, b, flags, again);
		if (n != -ENOTSOCK && n != -ENOSYS)
			return n;
	}
	n = sd_end_read(t, in, b->at, b->size, again);
	if (n <= 0)
		return n;
	return in->seeks ? pipe_fill(t, pipe, b->at, n, flags, again)
			 : pipe_fill_up(t, pipe, b->at, n);
}

/* ---- the call ---- */
static long offsets_ok(const struct sd_end *x, int pipe)
{
	if (!x->off)
		return 0;
	if (pipe)
		return -ESPIPE;
	return !x->seeks || (s64)x->pos < 0 ? -EINVAL : 0;
}

static long splice_move(struct sd_thread *t, struct sd_end *in, struct sd_end *out, u64 len,
			u32 flags, int *again)
{
	int pin = is_pipe(t, in), pout = is_pipe(t, out);
	struct sd_buf b;
	long n;

	if (!pin && !pout)
		return -EINVAL;
	n = offsets_ok(in, pin) ?: offsets_ok(out, pout);
	if (n)
		return n;
	n = pout ? 0 : sd_end_call(t, out, __NR_fcntl, F_GETFL, 0, 0, again);
	if (n > 0 && n & O_APPEND)
		return -EINVAL;
	n = sd_buf_get(&b, len);
	if (n)
		return n;
	if (pin && in->e.kind == SD_FD_HOST)
		n = from_pipe(t, in, out, &b, flags, again);
	else if (pout && out->e.kind == SD_FD_HOST)
		n = to_pipe(t, in, out, &b, flags, again);
	else
		n = -EINVAL; /* the pipe is a domain's, the other end is not: there is no tee for
			        it */
	sd_buf_put(&b);
	if (n > 0 && (sd_end_moved(t, in, n) || sd_end_moved(t, out, n)))
		return -EFAULT;
	return n == -ENOSYS ? -EINVAL : n;
}

static int is_regular(struct sd_thread *t, const struct sd_end *x)
{
	struct sd_stat st;
	int again = 0;

	return !sd_end_call(t, x, __NR_fstat, (u64)&st, 0, 0, &again) &&
	       (st.mode & S_IFMT) == S_IFREG;
}

static long splice_between(struct sd_thread *t, u64 nr, int *again)
{
	u64 len = t->regs.r8;
	u32 flags = t->regs.r9;
	struct sd_end in, out;
	long err;

	if (nr == __NR_tee || nr == __NR_vmsplice)
		return -EINVAL;
	if (flags & ~(nr == __NR_splice ? SPLICE_F_ALL : 0))
		return -EINVAL;
	if (!len && nr == __NR_splice)
		return 0;
	err = sd_end_open(t, &in, t->regs.rdi, t->regs.rsi)
		      ?: sd_end_open(t, &out, t->regs.rdx, t->regs.r10);
	if (err)
		return err;
	if (nr == __NR_copy_file_range)
		return is_regular(t, &in) && is_regular(t, &out) ? -EXDEV : -EINVAL;
	return splice_move(t, &in, &out, len, flags, again);
}

enum sd_way sd_call_splice(struct sd_thread *t)
{
	u64 nr = t->regs.rax;
	struct sd_fd a = sd_fd_get(t, (s32)t->regs.rdi);
	struct sd_fd b = sd_fd_get(t, nr == __NR_tee ? (s32)t->regs.rsi : (s32)t->regs.rdx);
	int again = 0;
	long ret;

	if (a.kind != SD_FD_DOMAIN && (nr == __NR_vmsplice || b.kind != SD_FD_DOMAIN))
		return sd_next(t, SD_STAGE_FDS);
	if (nr != __NR_vmsplice && a.kind == b.kind && a.dom == b.dom && sd_stub_for(a.dom, nr))
		return sd_call_routed(t);
	ret = splice_between(t, nr, &again);
	return sd_result(t, ret, again);
}

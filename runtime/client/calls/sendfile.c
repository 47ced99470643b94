/* SPDX-License-Identifier: MIT */
/*
 * sendfile.c: sendfile(out, in, offset, count) with one end or both in domains. For two ends in
 * one domain its own sendfile is called; one domain may write into another; otherwise the data are
 * read and written here, see copy_end.h.
 */
#include "calls/copy_end.h"

static long sendfile_copy(struct sd_thread *t, struct sd_end *out, struct sd_end *in, u64 count,
			  int *again)
{
	struct sd_buf b;
	u64 done = 0;
	long n = 0;
	int err = sd_buf_get(&b, count);

	if (err)
		return err;
	while (done < count) {
		u64 len = count - done < b.size ? count - done : b.size;
		long got = sd_end_read(t, in, b.at, len, again);

		n = got;
		if (got <= 0)
			break;
		n = sd_end_write(t, out, b.at, got, again);
		if (n <= 0)
			break;
		done += n;
		err = sd_end_moved(t, in, n) ?: sd_end_moved(t, out, n);
		if (err || n < got)
			break;
	}
	sd_buf_put(&b);
	if (done && !err)
		*again = 0;
	if (err)
		return err;
	if (done)
		return done;
	return n == -ENOSYS ? -EINVAL : n;
}

static long sendfile_run(struct sd_thread *t, s32 out, s32 in, u64 off, u64 count, int *again)
{
	struct sd_end o, i;
	long flags;
	int err = sd_end_open(t, &i, in, off) ?: sd_end_open(t, &o, out, 0);

	if (err)
		return err;
	if (!i.seeks)
		return off ? -ESPIPE : -EINVAL; /* only a file with pages can be sent */
	if ((s64)i.pos < 0)
		return -EINVAL;
	flags = sd_end_call(t, &o, __NR_fcntl, F_GETFL, 0, 0, again);
	if (flags >= 0 && flags & O_APPEND)
		return -EINVAL;
	if (count > SD_MOST_BYTES)
		count = SD_MOST_BYTES;
	if (!count)
		return 0;
	if (i.e.kind == SD_FD_DOMAIN && o.e.kind == SD_FD_DOMAIN) {
		long ret = sd_sendfile_remote(t, &o, &i, count, again);

		if (ret != -ENOSYS)
			return ret;
	}
	return sendfile_copy(t, &o, &i, count, again);
}

enum sd_way sd_call_sendfile(struct sd_thread *t)
{
	s32 out = t->regs.rdi, in = t->regs.rsi;
	struct sd_fd o = sd_fd_get(t, out), i = sd_fd_get(t, in);
	int again = 0;
	long ret;

	if (o.kind != SD_FD_DOMAIN && i.kind != SD_FD_DOMAIN)
		return sd_next(t, SD_STAGE_FDS);
	if (o.kind == i.kind && o.dom == i.dom && sd_stub_for(o.dom, __NR_sendfile))
		return sd_call_routed(t);
	ret = sendfile_run(t, out, in, t->regs.rdx, t->regs.r10, &again);
	return sd_result(t, ret, again);
}

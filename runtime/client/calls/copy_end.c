/* SPDX-License-Identifier: MIT */
/* copy_end.c: one end of a transfer, the host's or a domain's: see copy_end.h. */
#include "calls/copy_end.h"

static long host_call(struct sd_thread *t, s32 fd, u64 nr, u64 a, u64 b, u64 c, int *again)
{
	long ret = sd_raw_wait(nr, fd, a, b, c, 0, &t->kept);

	return ret == -EINTR && t->kept ? sd_verdict(t, -ERESTARTSYS, again) : ret;
}

long sd_end_call(struct sd_thread *t, const struct sd_end *x, u64 nr, u64 a, u64 b, u64 c,
		 int *again)
{
	u64 arg[6] = {(u32)x->e.dfd, a, b, c};
	const struct sd_stub *s;
	struct sd_qp *l;
	long err = 0;

	if (x->e.kind != SD_FD_DOMAIN)
		return host_call(t, x->fd, nr, a, b, c, again);
	s = sd_stub_for(x->e.dom, nr);
	if (!s)
		return -ENOSYS;
	if (!sd_fd_chan(t, x->e, &err))
		return err;
	l = sd_qp_of(t, x->e.dom, 0, &err);
	if (!l)
		return err;
	l->may_early = false;
	err = sd_domain_call(t, l, s, arg, again);
	sd_mmap_written(t, l, x->e.dom, nr, arg, err);
	return err;
}

int sd_end_open(struct sd_thread *t, struct sd_end *x, s32 fd, u64 off)
{
	int again = 0;
	long pos;

	*x = (struct sd_end){.fd = fd, .e = sd_fd_get(t, fd), .off = off};
	if (x->e.kind == SD_FD_HIDDEN)
		return -EBADF;
	pos = sd_end_call(t, x, __NR_lseek, 0, SEEK_CUR, 0, &again);
	if (pos == -EBADF || pos == -EREMOTEIO || pos == -EPROTO)
		return pos;
	x->seeks = pos >= 0;
	x->pos = x->seeks ? pos : 0;
	if (off && sd_copy_from_prog(&x->pos, (void *)off, 8))
		return -EFAULT;
	return 0;
}

int sd_end_moved(struct sd_thread *t, struct sd_end *x, u64 n)
{
	int again = 0;

	if (!x->seeks)
		return 0;
	x->pos += n;
	if (x->off)
		return sd_copy_to_prog((void *)x->off, &x->pos, 8);
	sd_end_call(t, x, __NR_lseek, x->pos, SEEK_SET, 0, &again);
	return 0;
}

long sd_end_read(struct sd_thread *t, const struct sd_end *x, u8 *buf, u64 len, int *again)
{
	if (x->seeks)
		return sd_end_call(t, x, __NR_pread64, (u64)buf, len, x->pos, again);
	return sd_end_call(t, x, __NR_read, (u64)buf, len, 0, again);
}

long sd_end_write(struct sd_thread *t, const struct sd_end *x, const u8 *buf, u64 len, int *again)
{
	long n;

	if (x->seeks)
		n = sd_end_call(t, x, __NR_pwrite64, (u64)buf, len, x->pos, again);
	else
		n = sd_end_call(t, x, __NR_write, (u64)buf, len, 0, again);
	if (n == -EPIPE && x->e.kind == SD_FD_DOMAIN)
		sd_raise(t, SIGPIPE);
	return n;
}

int sd_buf_get(struct sd_buf *b, u64 len)
{
	long at;

	b->size = len < SD_PIECE ? len : SD_PIECE;
	at = sys(__NR_mmap, 0, b->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	b->at = (u8 *)at;
	return at < 0 ? at : 0;
}

void sd_buf_put(struct sd_buf *b)
{
	sys(__NR_munmap, b->at, b->size);
}

/* SPDX-License-Identifier: MIT */
/*
 * sendfile.c: sendfile(out, in, offset, count) with one end in a domain: the file is read here and
 * written there, in pieces. What the domain didn't take isn't counted, nor is the file's position
 * moved over it. Two ends in one domain are its own sendfile.
 */
#include "domain.h"

#define PIECE	  (256 * 1024ul)
#define MAX_COUNT 0x7ffff000ul
#define SEEK_CUR  1

/* One piece from the host file at pos into buf, out to the domain: bytes taken, or -errno. */
static long piece(struct sd_thread *t, struct sd_lane *l, const struct sd_stub *s, s32 dfd, s32 in,
		  u64 pos, u8 *buf, u64 len, int *again)
{
	u64 arg[6] = {(u32)dfd, (u64)buf};
	long n = sys(__NR_pread64, in, buf, len, pos);

	if (n <= 0)
		return n == -ESPIPE ? -EINVAL : n; /* what can't be mapped can't be sent */
	arg[2] = n;
	return sd_domain_call(t, l, s, arg, again);
}

static long send_pieces(struct sd_thread *t, struct sd_lane *l, const struct sd_stub *s, s32 dfd,
			s32 in, u64 *pos, u64 count, int *again)
{
	u64 size = count < PIECE ? count : PIECE;
	long at =
		sys(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long n = 0;
	u64 done = 0;

	if (at < 0)
		return at;
	while (done < count) {
		u64 len = count - done < size ? count - done : size;

		n = piece(t, l, s, dfd, in, *pos, (u8 *)at, len, again);
		if (n > 0) {
			*pos += n;
			done += n;
		}
		if (n < (long)len)
			break;
	}
	sys(__NR_munmap, at, size);
	if (done)
		*again = 0;
	return done ?: n;
}

static long from_host(struct sd_thread *t, struct sd_fd out, s32 in, int *again)
{
	const struct sd_stub *s = sd_stub_for(out.dom, __NR_write);
	u64 at = t->regs.rdx, count = t->regs.r10, pos = 0;
	struct sd_lane *l;
	long ret, err = 0;

	if (!s) {
		sd_unsupported(__NR_sendfile);
		return -EINVAL;
	}
	if (!sd_fd_chan(t, out, &err))
		return err;
	l = sd_lane_of(t, out.dom, 0, &err);
	if (!l)
		return err;
	if (at && sd_copy_from_prog(&pos, (void *)at, 8))
		return -EFAULT;
	if (!at) {
		ret = sys(__NR_lseek, in, 0, SEEK_CUR);
		if (ret < 0)
			return ret == -ESPIPE ? -EINVAL : ret;
		pos = ret;
	}
	if (count > MAX_COUNT)
		count = MAX_COUNT;
	if (!count)
		return 0;
	ret = send_pieces(t, l, s, out.dfd, in, &pos, count, again);
	if (ret <= 0)
		return ret;
	if (!at)
		sys(__NR_lseek, in, pos, 0);
	else if (sd_copy_to_prog((void *)at, &pos, 8))
		return -EFAULT;
	return ret;
}

enum sd_way sd_call_sendfile(struct sd_thread *t)
{
	s32 out = t->regs.rdi, in = t->regs.rsi;
	struct sd_fd o = sd_fd_get(t, out), i = sd_fd_get(t, in);
	int again = 0;
	long ret;

	if (o.kind != SD_FD_DOMAIN && i.kind != SD_FD_DOMAIN)
		return SD_HOST;
	if (i.kind == SD_FD_DOMAIN) {
		if (o.kind == SD_FD_DOMAIN && sd_stub_for(o.dom, __NR_sendfile))
			return sd_call_routed(t);
		return sd_done(t, -EINVAL); /* as for any source without pages */
	}
	ret = from_host(t, o, in, &again);
	if (ret == -EPIPE)
		sd_raise(t, SIGPIPE);
	return sd_result(t, ret, again);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * remote_file.c: an open file of another domain as a file of this one, made by a ticket
 * (SD_OP_REMOTE). Reading and writing it are calls of that domain, which the spec names by remote
 * cuts of the two functions below. So sendfile(), splice() and write() of this domain put its data
 * there, and the program sees none of it.
 *
 * That file decides whether a call blocks and how much it takes at once. It has no position and
 * can't be waited for.
 */
#include <linux/anon_inodes.h>
#include <linux/bvec.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/pipe_fs_i.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/syscalls.h>
#include <linux/uio.h>
#include <sd/remote.h>
#include <sd/ticket.h>
#include "compat.h"
#include "serve.h"

#define SEGMENTS 128 /* of one call: half of what its arena holds, in pages */
#define READ_MAX 65536u

struct remote_file {
	struct sd_link *link;
	int fd; /* there */
};

/* The spec gives these their bodies: `remote` cuts, calls writev and readv. */
long sd_remote_writev(unsigned long fd, const struct iovec __user *vec, unsigned long vlen);
long sd_remote_readv(unsigned long fd, const struct iovec __user *vec, unsigned long vlen);

noinline long sd_remote_writev(unsigned long fd, const struct iovec __user *vec, unsigned long vlen)
{
	return -EOPNOTSUPP;
}

noinline long sd_remote_readv(unsigned long fd, const struct iovec __user *vec, unsigned long vlen)
{
	return -EOPNOTSUPP;
}

static size_t bytes_of(const struct iovec *vec, unsigned long n)
{
	size_t len = 0;

	while (n--)
		len += vec[n].iov_len;
	return len;
}

/*
 * The result comes from the other domain and iterators are advanced by it. The stub compares it
 * with the part of the list that it was given, and we compare it with the whole list: beyond an
 * iterator's end is this kernel's memory.
 */
static long vec_call(struct remote_file *r, bool write, const struct iovec *vec, unsigned long n)
{
	struct sd_use use;
	u32 tries = 0;
	long ret;

	do {
		ret = sd_remote_enter(r->link, &use, false);
		if (ret)
			return ret;
		ret = write ? sd_remote_writev(r->fd, (const struct iovec __user *)vec, n)
			    : sd_remote_readv(r->fd, (const struct iovec __user *)vec, n);
		if (unlikely(!IS_ERR_VALUE(ret) && (unsigned long)ret > bytes_of(vec, n)))
			ret = sd_remote_result(&use, sd_qp_fail(use.qp, SD_PROTO), 0);
		sd_remote_leave(&use);
	} while (sd_remote_again(&use, &ret, &tries));
	return ret;
}

/* Where an iterator's next bytes are: addresses of this process, whatever the iterator's kind. */
static struct iovec next_part(const struct iov_iter *i)
{
	struct iovec v = {.iov_len = iov_iter_single_seg_count(i)};

	if (iov_iter_is_bvec(i)) {
		/* a bio's segment may be longer than a page: pages are contiguous */
		v.iov_base = (void __force __user *)(page_address(i->bvec->bv_page) +
						     i->bvec->bv_offset + i->iov_offset);
	} else if (iov_iter_is_kvec(i)) {
		v.iov_base = (void __force __user *)(i->kvec->iov_base + i->iov_offset);
	} else if (iter_is_ubuf(i)) {
		v.iov_base = i->ubuf + i->iov_offset;
	} else if (iter_is_iovec(i)) {
		v.iov_base = iter_iov_addr(i);
	} else {
		v.iov_len = 0;
	}
	return v;
}

static ssize_t write_all(struct remote_file *r, struct iov_iter *from, struct iovec *vec)
{
	ssize_t done = 0;

	while (iov_iter_count(from)) {
		struct iov_iter at = *from;
		size_t len = 0;
		long n, ret;

		for (n = 0; n < SEGMENTS && iov_iter_count(&at) && len < SD_MAX_DATA; n++) {
			vec[n] = next_part(&at);
			vec[n].iov_len = min_t(size_t, vec[n].iov_len, SD_MAX_DATA - len);
			if (!vec[n].iov_len)
				return done ?: -EINVAL;
			len += vec[n].iov_len;
			iov_iter_advance(&at, vec[n].iov_len);
		}
		ret = vec_call(r, true, vec, n);
		if (ret < 0)
			return done ?: ret;
		iov_iter_advance(from, ret);
		done += ret;
		if (ret < len)
			break;
	}
	return done;
}

static ssize_t remote_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct iovec *vec = kmalloc_array(SEGMENTS, sizeof(*vec), GFP_KERNEL);
	ssize_t ret;

	if (!vec)
		return -ENOMEM;
	ret = write_all(iocb->ki_filp->private_data, from, vec);
	kfree(vec);
	return ret;
}

/*
 * sendfile() uses a pipe of the task, 64 KiB at a time, and waits for each. So the pipe is made
 * larger; the task keeps it.
 */
static ssize_t remote_splice_write(struct pipe_inode_info *pipe, struct file *out, loff_t *ppos,
				   size_t len, unsigned int flags)
{
	if (pipe == current->splice_pipe && pipe->max_usage < SEGMENTS &&
	    !pipe_resize_ring(pipe, SEGMENTS))
		pipe->max_usage = SEGMENTS;
	return iter_file_splice_write(pipe, out, ppos, len, flags);
}

/* Through a buffer of its own: an iterator that hands out pages can't be read into. */
static ssize_t remote_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	size_t len = min_t(size_t, iov_iter_count(to), READ_MAX);
	void *buf = kvmalloc(len, GFP_KERNEL);
	struct iovec vec = {.iov_base = (void __force __user *)buf, .iov_len = len};
	long ret;

	if (!buf)
		return -ENOMEM;
	ret = vec_call(iocb->ki_filp->private_data, false, &vec, 1);
	if (ret > 0)
		ret = copy_to_iter(buf, ret, to) ?: -EFAULT;
	kvfree(buf);
	return ret;
}

static void close_there(struct remote_file *r)
{
	struct sd_use use;
	u32 tries = 0;
	long ret;

	do {
		if (sd_remote_enter(r->link, &use, true))
			break; /* the domain died, and the fd with it */
		sd_remote_result(&use, sd_ticket_close(use.qp, &ret, r->fd), ret);
		sd_remote_leave(&use);
	} while (sd_remote_again(&use, &ret, &tries));
	sd_link_put(r->link);
	kfree(r);
}

static int remote_release(struct inode *inode, struct file *file)
{
	close_there(file->private_data);
	return 0;
}

static const struct file_operations remote_fops = {
	.owner = THIS_MODULE,
	.read_iter = remote_read_iter,
	.write_iter = remote_write_iter,
	.splice_read = sd_splice_read,
	.splice_write = remote_splice_write,
	.release = remote_release,
};

static long redeem_there(struct sd_link *link, const u64 key[2])
{
	struct sd_use use;
	u32 tries = 0;
	long ret;

	do {
		enum sd_status st;

		ret = sd_remote_enter(link, &use, false);
		if (ret)
			return ret;
		st = sd_ticket_redeem(use.qp, &ret, key, 0);
		ret = sd_remote_result(&use, st, ret);
		sd_remote_leave(&use);
	} while (sd_remote_again(&use, &ret, &tries));
	return ret;
}

/* Takes over r. */
static long open_here(struct remote_file *r)
{
	int fd = get_unused_fd_flags(0);
	struct file *file =
		fd < 0 ? ERR_PTR(fd) : anon_inode_getfile("[remote]", &remote_fops, r, O_RDWR);

	if (!IS_ERR(file)) {
		stream_open(file_inode(file), file);
		fd_install(fd, file);
		return fd;
	}
	if (fd >= 0)
		put_unused_fd(fd);
	close_there(r);
	return PTR_ERR(file);
}

long sd_remote_open(struct sd_serve *s)
{
	char name[SD_NAME_MAX + 1] = "";
	struct remote_file *r;
	struct sd_link *link;
	long ret;

	BUILD_BUG_ON(SD_NAME_MAX != 4 * sizeof(s->arg[0]));
	memcpy(name, &s->arg[2], SD_NAME_MAX);
	if (strlen(name) == 0 || strlen(name) >= SD_NAME_MAX)
		return -EINVAL;
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	link = sd_link_get(name);
	ret = IS_ERR(link) ? PTR_ERR(link) : redeem_there(link, s->arg);
	if (ret < 0) {
		if (!IS_ERR(link))
			sd_link_put(link);
		kfree(r);
		return ret;
	}
	*r = (struct remote_file){.link = link, .fd = ret};
	return open_here(r);
}

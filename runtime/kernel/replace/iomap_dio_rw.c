// SPDX-License-Identifier: GPL-2.0
/*
 * fs/iomap/direct-io.c: iomap_dio_rw(). Direct I/O needs the pages of a program's buffer, but a
 * program's memory has no page structures here, so bounce pages are used (runtime/kernel/bounce.c).
 * Calls are served one by one, so nothing here is asynchronous.
 */
struct sd_bounce *sd_bounce_begin(struct iov_iter *iter, struct iov_iter *pages);
ssize_t sd_bounce_end(struct sd_bounce *b, struct iov_iter *iter, ssize_t ret);

ssize_t iomap_dio_rw(struct kiocb *iocb, struct iov_iter *iter, const struct iomap_ops *ops,
		     const struct iomap_dio_ops *dops, unsigned int dio_flags, void *private,
		     size_t done_before)
{
	struct sd_bounce *bounce = NULL;
	struct iov_iter pages;
	struct iomap_dio *dio;
	ssize_t ret;

	if (user_backed_iter(iter) && iov_iter_count(iter)) {
		bounce = sd_bounce_begin(iter, &pages);
		if (IS_ERR(bounce))
			return PTR_ERR(bounce);
	}
	dio = __iomap_dio_rw(iocb, bounce ? &pages : iter, ops, dops, dio_flags, private,
			     done_before);
	ret = IS_ERR_OR_NULL(dio) ? PTR_ERR_OR_ZERO(dio) : iomap_dio_complete(dio);
	return bounce ? sd_bounce_end(bounce, iter, ret) : ret;
}

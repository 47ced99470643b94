// SPDX-License-Identifier: GPL-2.0
/* bounce.c: pages that a disk reads or writes instead of a program's buffer: see
 * replace/iomap_dio_rw.c. */
#include <linux/bvec.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#define ORDER_MAX 4	     /* usually available */
#define MOST	  (4u << 20) /* of one transfer: a caller may ask for gigabytes */

struct sd_bounce {
	bool write;
	unsigned int n;
	size_t len;
	struct bio_vec vec[];
};

struct sd_bounce *sd_bounce_begin(struct iov_iter *iter, struct iov_iter *pages);
ssize_t sd_bounce_end(struct sd_bounce *b, struct iov_iter *iter, ssize_t ret);

static void bounce_free(struct sd_bounce *b)
{
	unsigned int i;

	for (i = 0; i < b->n; i++)
		__free_pages(b->vec[i].bv_page, get_order(b->vec[i].bv_len));
	kfree(b);
}

/* Large pieces if available, else single pages. */
static struct page *bounce_piece(size_t want, size_t *len)
{
	unsigned int order = min_t(unsigned int, get_order(want), ORDER_MAX);
	struct page *page = NULL;

	if (order)
		page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, order);
	if (!page) {
		order = 0;
		page = alloc_page(GFP_KERNEL);
	}
	*len = min_t(size_t, want, PAGE_SIZE << order);
	/* Freed by its length. */
	if (page && get_order(*len) != order)
		BUG();
	return page;
}

/* As many as memory allows: programs must expect short transfers from any kernel. */
static void bounce_allocate(struct sd_bounce *b, size_t want)
{
	while (b->len < want) {
		size_t len;
		struct page *page = bounce_piece(want - b->len, &len);

		if (!page)
			break;
		b->vec[b->n++] = (struct bio_vec){.bv_page = page, .bv_len = len};
		b->len += len;
	}
}

static size_t bounce_copy(struct sd_bounce *b, struct iov_iter *iter, size_t len)
{
	size_t done = 0;
	unsigned int i;

	for (i = 0; i < b->n && done < len; i++) {
		size_t part = min_t(size_t, b->vec[i].bv_len, len - done), n;
		void *mem = page_address(b->vec[i].bv_page);

		n = b->write ? copy_from_iter(mem, part, iter) : copy_to_iter(mem, part, iter);
		done += n;
		if (n < part)
			break;
	}
	return done;
}

struct sd_bounce *sd_bounce_begin(struct iov_iter *iter, struct iov_iter *pages)
{
	size_t want = min_t(size_t, iov_iter_count(iter), MOST);
	struct sd_bounce *b =
		kzalloc(struct_size(b, vec, DIV_ROUND_UP(want, PAGE_SIZE)), GFP_KERNEL);

	if (!b)
		return ERR_PTR(-ENOMEM);
	b->write = iov_iter_rw(iter) == WRITE;
	bounce_allocate(b, want);
	if (!b->n) {
		kfree(b);
		return ERR_PTR(-ENOMEM);
	}
	if (b->write && bounce_copy(b, iter, b->len) < b->len) {
		bounce_free(b);
		return ERR_PTR(-EFAULT);
	}
	iov_iter_bvec(pages, iov_iter_rw(iter), b->vec, b->n, b->len);
	return b;
}

ssize_t sd_bounce_end(struct sd_bounce *b, struct iov_iter *iter, ssize_t ret)
{
	size_t done = ret > 0 ? ret : 0;

	/* The caller writes the rest. */
	if (b->write)
		iov_iter_revert(iter, b->len - done);
	else if (done && bounce_copy(b, iter, done) < done)
		ret = -EFAULT;
	bounce_free(b);
	return ret;
}

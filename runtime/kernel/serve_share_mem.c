// SPDX-License-Identifier: GPL-2.0
/* serve_share_mem.c: memory of shared maps: see share_mem.h. */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include "serve.h"
#include "share_mem.h"

#define CHUNK SZ_256K /* read with the inode locked once */

LIST_HEAD(share_list);
static u64 held_all;

static u64 size_of(const struct share *s)
{
	return min_t(u64, i_size_read(s->inode), SD_SHARE_SIZE);
}

/* ---- how much ---- */
static void share_holds(struct share *s, u64 bytes)
{
	held_all += bytes - s->held;
	s->held = bytes;
}

u64 share_count(struct share *s)
{
	if (!s->mem)
		return s->wants;
	share_holds(s, sd_machine->share_held(s->fd));
	return s->held;
}

static void share_count_all(void)
{
	struct share *s;

	list_for_each_entry (s, &share_list, node)
		share_count(s);
}

int share_room(u64 n)
{
	if (held_all + n <= sd_boot->share_max)
		return 0;
	share_count_all(); /* the count included repeated writes to the same place */
	return held_all + n <= sd_boot->share_max ? 0 : -ENOMEM;
}

void share_mem_lost(struct share *s)
{
	share_holds(s, 0);
	s->mem = NULL;
	s->data_end = 0;
	wake_up_all(&s->wait);
}

void share_mem_done(struct share *s)
{
	u8 *mem = s->mem;

	share_mem_lost(s);
	sd_machine->share_done(mem, s->fd, s->key);
}

/* ---- where there is data ---- */
static void share_zero(struct share *s, u64 from, u64 to)
{
	to = min_t(u64, to, SD_SHARE_SIZE);
	if (from >= to)
		return;
	if (sd_machine->share_zero(s->fd, from, to))
		memset(s->mem + from, 0, to - from);
	s->data_end = 0;
}

/* The first data of mem at or after pos; its end, or pos where there is none. */
static u64 mem_data(struct share *s, u64 *pos)
{
	u64 to = *pos;

	if (*pos >= s->data && *pos < s->data_end)
		return s->data_end;
	if (!sd_machine->share_data(s->fd, pos, &to))
		return *pos;
	s->data = *pos;
	s->data_end = to;
	return to;
}

/* SEEK_DATA or SEEK_HOLE of the file. On an error everything counts as data. The answer holds until
 * something sleeps. */
static u64 file_seek(struct share *s, u64 pos, int whence)
{
	loff_t at = s->fop->llseek(s->file, pos, whence);

	if (at == -ENXIO)
		return SD_SHARE_SIZE;
	return at < 0 ? whence == SEEK_DATA ? pos : SD_SHARE_SIZE : min_t(u64, at, SD_SHARE_SIZE);
}

/* ---- from the page cache ---- */
static ssize_t read_page_cache(struct share *s, void *buf, u64 pos, size_t len)
{
	struct kvec v = {buf, len};
	struct iov_iter i;
	struct kiocb k;

	init_sync_kiocb(&k, s->file);
	k.ki_pos = pos;
	iov_iter_kvec(&i, READ, &v, 1, len);
	return s->fop->read_iter(&k, &i);
}

/* [pos, pos + len) through a page, since mem may be gone after a read that slept. Bytes, or -errno.
 */
static ssize_t share_load(struct share *s, void *page, u64 pos, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n =
			read_page_cache(s, page, pos + done, min_t(size_t, len - done, PAGE_SIZE));

		if (n <= 0 || !s->mem)
			return done ?: n;
		memcpy(s->mem + pos + done, page, n);
		done += n;
	}
	return done;
}

static int fill_data(struct share *s, void *page, u64 end)
{
	while (s->filled < end) {
		u64 pos = s->filled;
		size_t len = min_t(u64, end - pos, CHUNK);
		ssize_t n = share_room(len);

		if (n)
			return n;
		/* no write is missed: it is finished, or copied because filled is beyond it */
		inode_lock(s->inode);
		if (s->filled == pos) {
			n = share_load(s, page, pos, len);
			if (n > 0)
				s->filled = pos + n;
		}
		inode_unlock(s->inode);
		if (n < 0)
			return n;
		share_holds(s, s->held + n);
		if (!n) /* it got shorter while we slept */
			break;
	}
	return 0;
}

static int share_fill_range(struct share *s, void *page, bool fresh)
{
	int err = 0;

	while (!err && s->filled < size_of(s)) {
		u64 pos = s->filled, data = file_seek(s, pos, SEEK_DATA);

		if (s->filled != pos)
			continue;
		if (data > pos) {
			data = min(data, size_of(s));
			if (!fresh)
				share_zero(s, pos, data);
			s->filled = data;
		} else {
			err = fill_data(s, page, file_seek(s, pos, SEEK_HOLE));
		}
	}
	return err;
}

int share_fill(struct share *s, bool fresh)
{
	int err = -ENOMEM;
	void *page;

	s->filled = 0;
	s->wants = 0;
	page = (void *)__get_free_page(GFP_KERNEL);
	if (page)
		err = share_fill_range(s, page, fresh);
	/* Nothing has slept since the last look at the size. */
	s->size = size_of(s);
	s->filled = SHARE_FULL;
	wake_up_all(&s->wait);
	free_page((unsigned long)page);
	return err;
}

void share_settle(struct share *s)
{
	wait_event(s->wait, !s->mem || share_full(s));
}

/* ---- to the page cache ---- */
static ssize_t write_page_cache(struct share *s, void *buf, u64 pos, size_t len)
{
	struct kvec v = {buf, len};
	struct iov_iter i;
	struct kiocb k;
	int err = file_modified(s->file);

	if (err)
		return err;
	init_sync_kiocb(&k, s->file);
	k.ki_pos = pos;
	iov_iter_kvec(&i, WRITE, &v, 1, len);
	return generic_perform_write(&k, &i);
}

/*
 * The inode stays locked after the size is read: a write must not restore what was truncated since.
 * The caller may be writing already (fallocate, the last user's write), so we don't wait for a file
 * system that is being frozen: freezing waits for writers. The file system is frozen when the
 * domain ends, after the last client.
 */
static int flush_page(struct share *s, u8 *page, u64 pos, bool hole)
{
	u8 *was = page + PAGE_SIZE;
	ssize_t n;

	if (!sb_start_write_trylock(s->inode->i_sb))
		return -EBUSY;
	inode_lock(s->inode);
	n = pos < size_of(s) ? min_t(u64, PAGE_SIZE, size_of(s) - pos) : 0;
	if (n)
		n = read_page_cache(s, was, pos, n);
	if (n > 0) {
		if (hole)
			memset(page, 0, n);
		else
			memcpy(page, s->mem + pos, n);
		if (memcmp(page, was, n))
			n = write_page_cache(s, page, pos, n);
	}
	inode_unlock(s->inode);
	sb_end_write(s->inode->i_sb);
	return n < 0 ? n : 0;
}

static int flush_range(struct share *s, u8 *page, u64 from, u64 to, bool hole)
{
	u64 pos;
	int err = 0;

	for (pos = round_down(from, PAGE_SIZE); pos < to && pos < size_of(s) && !err;
	     pos += PAGE_SIZE) {
		err = flush_page(s, page, pos, hole);
		cond_resched();
	}
	return err;
}

static int share_flush_range(struct share *s, u8 *page)
{
	u64 pos = 0, mem, mem_end, data, end;
	int err = 0;

	while (!err && pos < size_of(s)) {
		data = file_seek(s, pos, SEEK_DATA);
		mem = pos;
		mem_end = mem_data(s, &mem);
		if (mem_end == mem)
			mem = mem_end = SD_SHARE_SIZE;
		if (data < mem) {
			end = min(file_seek(s, data, SEEK_HOLE), mem);
			err = flush_range(s, page, data, end, true);
		} else {
			end = mem_end;
			err = flush_range(s, page, mem, end, false);
		}
		pos = max(pos + 1, end);
	}
	return err;
}

int share_flush(struct share *s)
{
	u8 *page;
	int err;

	if (!share_full(s))
		return 0;
	page = (u8 *)__get_free_pages(GFP_KERNEL, 1);
	if (!page)
		return -ENOMEM;
	s->data_end = 0; /* look for data again: programs add data unnoticed */
	err = share_flush_range(s, page);
	free_pages((unsigned long)page, 1);
	return err;
}

/* ---- reads, writes, sizes ---- */
void share_resized(struct share *s)
{
	u64 size = size_of(s);

	if (!s->mem)
		return;
	if (!share_full(s)) { /* no program has it yet, or all of it is read again */
		share_zero(s, size, SD_SHARE_SIZE);
		s->filled = min(s->filled, size);
		return;
	}
	share_zero(s, s->size, size);
	s->size = size;
}

void share_wrote(struct share *s, u64 pos, u64 n, struct iov_iter *from)
{
	void *page;

	if (!s->mem || pos >= SD_SHARE_SIZE)
		return;
	n = min_t(u64, n, SD_SHARE_SIZE - pos);
	if (share_full(s)) {
		share_zero(s, s->size, pos);
		s->size = max(s->size, min(pos + n, size_of(s)));
	}
	n = pos < s->filled ? min_t(u64, n, s->filled - pos) : 0;
	share_holds(s, s->held + n);
	if (copy_from_iter(s->mem + pos, n, from) == n)
		return;
	page = (void *)__get_free_page(GFP_KERNEL | __GFP_NOFAIL);
	share_load(s, page, pos, n);
	free_page((unsigned long)page);
}

size_t share_copy(struct share *s, u64 pos, size_t n, struct iov_iter *to)
{
	size_t done = 0;

	while (done < n) {
		u64 at = pos + done, data = at, end = mem_data(s, &data);
		bool hole = end == data || data > at;
		size_t part = n - done, did;

		if (end != data)
			part = min_t(u64, part, hole ? data - at : end - at);
		did = hole ? iov_iter_zero(part, to) : copy_to_iter(s->mem + at, part, to);
		done += did;
		if (did < part)
			break;
	}
	return done;
}

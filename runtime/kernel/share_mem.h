/* SPDX-License-Identifier: GPL-2.0 */
/*
 * share_mem.h (internal): a share's memory: filled from its file, flushed to it, and its budget.
 * See serve_share.c.
 *
 * Holes cost nothing on either side: where neither the file nor the memory has data nothing is read
 * or written. The machine's share_data() says where the memory has data, SEEK_DATA where the file
 * has, including data not yet on disk. Where the memory has a hole and the file has data, a program
 * has made zeroes (MADV_REMOVE).
 *
 * Budget: host memory in all shares is at most sd_boot->share_max. What the domain stores, by
 * filling and for programs' writes, is counted and fails with ENOMEM beyond it. What programs store
 * themselves is charged to them by the host; it counts when the next share is asked for.
 */
#ifndef KSLICE_SHARE_MEM_H
#define KSLICE_SHARE_MEM_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <sd/control.h>

#define SHARE_FULL (~0ULL)

struct share {
	struct list_head node;
	struct inode *inode;
	struct file *file;		   /* our own, to read and write */
	const struct file_operations *fop; /* those of its file system, not ours */
	u64 key[2];
	u8 *mem;	    /* NULL: not allocated yet */
	int fd;		    /* the machine's fd of mem */
	u64 filled;	    /* bytes of the file that are in mem; SHARE_FULL: all */
	u64 size;	    /* if full: what programs stored beyond it was never part of the file */
	u64 data, data_end; /* an extent of data in mem */
	u64 held;	    /* upper bound of its bytes of host memory; 0 without mem */
	u64 wants;	    /* before it is filled: bytes of data to be read */
	u32 users;
	wait_queue_head_t wait; /* for filled */
};

static inline bool share_full(const struct share *s)
{
	return s->mem && s->filled == SHARE_FULL;
}

extern struct list_head share_list; /* all shares */

/* Reads the whole file into mem, which is new (all zero) or has its old contents; one caller at a
 * time. Sleeps; inode not locked. */
int share_fill(struct share *s, bool fresh);
/* Writes what programs stored to the page cache. Does nothing if there is no mem or it isn't full.
 * Sleeps; inode not locked. */
int share_flush(struct share *s);
/* Waits until it isn't being filled. Sleeps; inode not locked. */
void share_settle(struct share *s);
/* The file's size changed by truncation; the inode has been locked since. */
void share_resized(struct share *s);
/* The file was written: n bytes at pos, taken from `from`. May sleep. */
void share_wrote(struct share *s, u64 pos, u64 n, struct iov_iter *from);
/* Copies n bytes at pos, which are filled. Returns how many were copied. */
size_t share_copy(struct share *s, u64 pos, size_t n, struct iov_iter *to);
/* May shares hold n more bytes? 0 or -ENOMEM. */
int share_room(u64 n);
/* Recounts and returns what it takes of the budget. */
u64 share_count(struct share *s);
/* Releases mem, also after a failed allocation. */
void share_mem_done(struct share *s);
void share_mem_lost(struct share *s);

#endif

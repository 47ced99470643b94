/* SPDX-License-Identifier: GPL-2.0 */
/*
 * share_mem.h (internal): a share's memory: filled from its file, flushed to it, and how much there
 * may be of it. See serve_share.c.
 *
 * Where neither the file nor the memory holds data nothing is read, written or looked at, so that
 * holes cost nothing on either side: the machine says where the memory has some (the machine's
 * share_data()), SEEK_DATA where the file has, data not yet on disk as well. A hole of the memory
 * beside data of the file is zeroes that a program made (MADV_REMOVE).
 *
 * Budget: host memory in all shares is at most sd_boot->share_max. What the domain puts there, by
 * filling and by writes of programs, is counted and fails with ENOMEM. What programs store
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
	const struct file_operations *fop; /* of its file system, not ours */
	u64 key[2];
	u8 *mem;    /* NULL: not there yet */
	int fd;	    /* the machine's, of mem */
	u64 filled; /* bytes of the file that are in mem; SHARE_FULL: all that there are */
	u64 size; /* full: beyond that is what programs stored behind the file's end, never part of
		     it */
	u64 data, data_end; /* a piece of mem that is no hole */
	u64 held;	    /* bytes of host memory, at most; 0 if it isn't there */
	u64 wants;	    /* not there yet: bytes of data that it will be filled with */
	u32 users;
	wait_queue_head_t wait; /* for filled */
};

static inline bool share_full(const struct share *s)
{
	return s->mem && s->filled == SHARE_FULL;
}

extern struct list_head share_list; /* all of them */

/* Reads the whole file into mem, which is new (all zero), or holds it as it was; nobody else does.
 * Sleeps; inode not locked. */
int share_fill(struct share *s, bool fresh);
/* What programs stored goes to the page cache. Nothing to do if mem isn't there or isn't full.
 * Sleeps; inode not locked. */
int share_flush(struct share *s);
/* Until it isn't being filled. Sleeps; inode not locked. */
void share_settle(struct share *s);
/* The file's size changed by truncation; the inode has been locked since. */
void share_resized(struct share *s);
/* It was written, n bytes at pos, which are what `from` gives. May sleep. */
void share_wrote(struct share *s, u64 pos, u64 n, struct iov_iter *from);
/* n bytes at pos, which are there. How many were copied. */
size_t share_copy(struct share *s, u64 pos, size_t n, struct iov_iter *to);
/* May so many bytes more lie in shares? 0 or -ENOMEM. */
int share_room(u64 n);
/* What it takes of the budget, now. */
u64 share_count(struct share *s);
/* mem is given back; or was never to be had, and whoever gave it takes it back. */
void share_mem_done(struct share *s);
void share_mem_lost(struct share *s);

#endif

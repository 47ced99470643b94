// SPDX-License-Identifier: GPL-2.0
/*
 * serve_share.c: files that programs have mapped shared and writable: see sd/share.h; their memory:
 * see share_mem.h.
 *
 * While a file has a share, mem is its contents. Its inode and every open file of it have our
 * operations: reads take from mem; a write is done as usual and then copied to mem; before a sync,
 * what differs in mem is written to the page cache. So mem may be newer than the page cache, never
 * older, except between a write and its copy.
 *
 * While mem is being filled, reads take from the page cache, and a write is copied up to where mem
 * is filled.
 *
 * Locks: as in serve.h. A share is held by its users: each client that may have it mapped, each
 * operation that sleeps. Programs that store while an operation runs have to order the two
 * themselves; a page is copied before it is written, so it can't change under ext4.
 */
#include <linux/cred.h>
#include <linux/falloc.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/uio.h>
#include "compat.h"
#include "serve.h"
#include "share_mem.h"

/* sets of file operations; a file system has one or two for regular files */
#define KINDS	   8
#define SHARES	   512	/* limit of one client */
#define SHARES_ALL 4096 /* each is an fd and 1 GiB of addresses */

struct share_ref { /* of a client, once per share */
	struct list_head node;
	struct share *share;
};

static struct kind {
	const struct file_operations *fop;
	const struct inode_operations *iop;
	struct file_operations our_fop;
	struct inode_operations our_iop;
} kinds[KINDS];

static u32 nshares;

static struct share *share_of(const struct inode *inode)
{
	struct share *s;

	list_for_each_entry (s, &share_list, node)
		if (s->inode == inode)
			return s;
	return NULL;
}

/* Holds the share while the caller sleeps. */
static struct share *share_get(const struct inode *inode)
{
	struct share *s = share_of(inode);

	if (s)
		s->users++;
	return s;
}

static const struct kind *kind_of(const struct file *file)
{
	return container_of(file->f_op, struct kind, our_fop);
}

/* ---- the end ---- */
static void share_restore_ops(struct inode *inode)
{
	int i;

	for (i = 0; i < KINDS; i++)
		if (inode->i_fop == &kinds[i].our_fop) {
			inode->i_fop = kinds[i].fop;
			inode->i_op = kinds[i].iop;
		}
}

static void share_put(struct share *s)
{
	/* Writing back sleeps, and a program may map the file again: we stay a user of the share
	 * until there is no other. */
	if (s->users == 1 && share_flush(s))
		pr_err("a mapped file's contents can't be written back\n");
	if (--s->users)
		return;
	if (s->mem)
		share_mem_done(s);
	list_del(&s->node);
	nshares--;
	share_restore_ops(s->inode);
	fput(s->file);
	kfree(s);
}

/* ---- operations ---- */
static ssize_t share_read(struct kiocb *k, struct iov_iter *to)
{
	struct file *file = k->ki_filp;
	struct share *s = share_get(file_inode(file));
	u64 size = i_size_read(file_inode(file));
	size_t n = iov_iter_count(to);

	if (!s || !share_full(s) || k->ki_pos >= SD_SHARE_SIZE) {
		if (s)
			share_put(s);
		return kind_of(file)->fop->read_iter(k, to);
	}
	size = min_t(u64, size, SD_SHARE_SIZE);
	n = k->ki_pos < size ? min_t(u64, n, size - k->ki_pos) : 0;
	if (n) {
		n = share_copy(s, k->ki_pos, n, to);
		k->ki_pos += n;
		file_accessed(file);
	}
	share_put(s);
	return n || k->ki_pos >= size || !iov_iter_count(to) ? n : -EFAULT;
}

/* A requested sync comes after mem has the data: an earlier one would overwrite it with what mem
 * holds. */
static ssize_t share_write(struct kiocb *k, struct iov_iter *from)
{
	const int sync = k->ki_flags & (IOCB_DSYNC | IOCB_SYNC);
	struct inode *inode = file_inode(k->ki_filp);
	struct share *s = share_get(inode);
	struct iov_iter again = *from;
	ssize_t ret;

	if (s && s->mem && share_room(iov_iter_count(from))) {
		share_put(s);
		return -ENOMEM;
	}
	k->ki_flags &= ~sync;
	ret = kind_of(k->ki_filp)->fop->write_iter(k, from);
	k->ki_flags |= sync;
	if (!s)
		s = share_get(inode); /* made while we waited for the inode */
	if (s && ret > 0)
		share_wrote(s, k->ki_pos - ret, ret, &again);
	if (ret > 0)
		ret = generic_write_sync(k, ret);
	if (s)
		share_put(s);
	return ret;
}

static int share_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct share *s = share_get(file_inode(file));
	int err = 0;

	if (s) {
		share_settle(s);
		err = share_flush(s);
		share_put(s);
	}
	return err ?: kind_of(file)->fop->fsync(file, start, end, datasync);
}

/* The page cache knows where data is. */
static loff_t share_llseek(struct file *file, loff_t offset, int whence)
{
	struct share *s =
		whence == SEEK_DATA || whence == SEEK_HOLE ? share_get(file_inode(file)) : NULL;

	if (s) {
		share_settle(s);
		share_flush(s);
		share_put(s);
	}
	return kind_of(file)->fop->llseek(file, offset, whence);
}

static long share_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	struct share *s = share_get(file_inode(file));
	long err = 0;

	if (s) {
		share_settle(s);
		err = share_flush(s);
	}
	err = err ?: kind_of(file)->fop->fallocate(file, mode, offset, len);
	if (!s)
		s = share_get(file_inode(file)); /* made while we slept */
	if (!s)
		return err;
	share_settle(s);
	if (!err)
		share_resized(s);
	if (!err && s->mem && mode & ~FALLOC_FL_KEEP_SIZE)
		err = share_fill(s, false);
	share_put(s);
	return err;
}

/* The inode is locked, so the share mustn't end here: ending writes to the inode. */
static int share_setattr(struct sd_idmap *ids, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	const struct kind *kind = container_of(inode->i_op, struct kind, our_iop);
	int err = kind->iop->setattr(ids, dentry, attr);
	struct share *s = share_of(inode);

	if (s && attr->ia_valid & ATTR_SIZE)
		share_resized(s);
	return err;
}

/* ---- the beginning ---- */
static const struct kind *kind_for(const struct inode *inode)
{
	struct kind *k;

	for (k = kinds; k < kinds + KINDS; k++) {
		if (k->fop == inode->i_fop && k->iop == inode->i_op)
			return k;
		if (k->fop)
			continue;
		k->fop = inode->i_fop;
		k->iop = inode->i_op;
		k->our_fop = *k->fop;
		k->our_iop = *k->iop;
		k->our_fop.read_iter = share_read;
		k->our_fop.write_iter = share_write;
		k->our_fop.fsync = share_fsync;
		k->our_fop.llseek = share_llseek;
		k->our_fop.fallocate = share_fallocate;
		k->our_iop.setattr = share_setattr;
		return k;
	}
	return NULL;
}

static int share_adopt_file(const void *kind, struct file *file, unsigned int fd)
{
	const struct kind *k = kind;

	if (file->f_op == k->fop && file_inode(file)->i_fop == &k->our_fop)
		file->f_op = &k->our_fop;
	return 0;
}

static void adopt_all(struct sd_client *c, void *kind)
{
	iterate_fd(c->files, 0, share_adopt_file, kind);
}

void sd_share_adopt(struct file *file)
{
	struct share *s = share_of(file_inode(file));

	if (s)
		share_adopt_file(kind_of(s->file), file, 0);
}

void sd_shares_adopt(struct sd_client *c)
{
	struct kind *k;

	for (k = kinds; k < kinds + KINDS && k->fop; k++)
		adopt_all(c, k);
}

static int may_share(const struct file *file)
{
	const struct inode *inode = file_inode(file);

	if (!S_ISREG(inode->i_mode) || !file->f_op->read_iter || !file->f_op->write_iter ||
	    !file->f_op->fallocate || !file->f_op->fsync || !inode->i_op->setattr)
		return -ENODEV;
	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
		return -EACCES;
	return i_size_read(inode) <= SD_SHARE_SIZE ? 0 : -EFBIG;
}

/* Finds or makes the share of file's inode; the caller becomes a user. Opening and allocating
 * sleep, so the lookup comes after them. */
static struct share *share_make(struct file *file)
{
	struct inode *inode = file_inode(file);
	struct file *own = dentry_open(&file->f_path, O_RDWR | O_LARGEFILE, file->f_cred);
	struct share *new = kzalloc(sizeof(*new), GFP_KERNEL), *s;
	const struct kind *kind;

	s = share_get(inode);
	kind = IS_ERR(own) || s ? NULL : kind_for(inode);
	if (kind && new && nshares < SHARES_ALL) {
		s = new;
		get_random_bytes(s->key, sizeof(s->key));
		init_waitqueue_head(&s->wait);
		s->inode = inode;
		s->file = own;
		s->fop = kind->fop;
		s->users = 1;
		own->f_op = &kind->our_fop;
		inode->i_fop = &kind->our_fop;
		inode->i_op = &kind->our_iop;
		list_add(&s->node, &share_list);
		nshares++;
		sd_shares_begun++;
		return s;
	}
	kfree(new);
	if (!IS_ERR(own))
		fput(own);
	return s ?: IS_ERR(own) ? ERR_CAST(own) : ERR_PTR(-ENOMEM);
}

/* May c have s, too? A client may have half of what the domain may. */
static bool room_for(struct sd_client *c, struct share *s)
{
	u64 sum = share_count(s);
	struct share_ref *r;
	u32 n = 0;

	list_for_each_entry (r, &c->shares, node) {
		sum += r->share->mem ? r->share->held : r->share->wants;
		n++;
	}
	if (n >= SHARES)
		return false;
	if (sum <= sd_boot->share_max / 2)
		return s->mem || !share_room(s->wants);
	sum = share_count(s);
	list_for_each_entry (r, &c->shares, node)
		sum += share_count(r->share);
	return sum <= sd_boot->share_max / 2 && (s->mem || !share_room(s->wants));
}

static int share_hold(struct sd_client *c, struct share *s)
{
	struct share_ref *new = kmalloc(sizeof(*new), GFP_KERNEL), *r;

	list_for_each_entry (r, &c->shares, node)
		if (r->share == s) {
			kfree(new);
			return 0;
		}
	if (!new || !room_for(c, s)) {
		kfree(new);
		return -ENOMEM;
	}
	new->share = s;
	s->users++;
	list_add(&new->node, &c->shares);
	return 0;
}

/* Bytes of data in the file now, without holes. */
static u64 data_in(struct file *file)
{
	struct kstat st;

	if (vfs_getattr(&file->f_path, &st, STATX_SIZE | STATX_BLOCKS, AT_STATX_SYNC_AS_STAT))
		return SD_SHARE_SIZE;
	return min_t(u64, st.blocks * 512, round_up(st.size, PAGE_SIZE));
}

static long share_give_key(struct sd_client *c, struct file *file, u64 __user *to)
{
	long err = may_share(file);
	struct share *s;
	u64 data;

	if (err)
		return err;
	data = data_in(file);
	s = share_get(file_inode(file)) ?: share_make(file);
	if (IS_ERR(s))
		return PTR_ERR(s);
	if (!s->mem)
		s->wants = data;
	/* This finds also clients that opened the file in the meantime. */
	sd_each_client(adopt_all, (void *)kind_of(s->file));
	err = share_hold(c, s);
	if (!err && copy_to_user(to, s->key, sizeof(s->key)))
		err = -EFAULT;
	share_put(s);
	return err;
}

long sd_share_give(struct sd_serve *serve, struct sd_client *c)
{
	u64 __user *to = sd_uptr(serve, serve->arg[1], 16);
	struct file *file;
	long err;

	if (serve->bad)
		return -EPROTO;
	file = fget(serve->arg[0]);
	if (!file)
		return -EBADF;
	err = share_give_key(c, file, to);
	fput(file);
	return err;
}

static struct share *by_key(const u64 key[2])
{
	struct share *s;

	list_for_each_entry (s, &share_list, node)
		if (!((s->key[0] ^ key[0]) | (s->key[1] ^ key[1])))
			return s;
	return NULL;
}

static int share_attach(struct share *s, const struct sd_event *ev)
{
	int err;

	if (s->mem)
		return -EEXIST;
	s->filled = 0;
	s->mem = ev->region;
	s->fd = ev->share_fd;
	sd_each_client(adopt_all, (void *)kind_of(s->file));
	err = share_fill(s, true);
	if (err)
		share_mem_lost(s);
	return err;
}

/*
 * Calls that were already in the file system's write when the share was made aren't copied to mem:
 * wait until they have had the inode lock. We may get the lock before those that were woken, so we
 * retry while there are waiters, at most once per task.
 */
static void let_writers_end(struct inode *inode)
{
	u32 tries = sd_serve_stats.workers;
	bool others;

	do {
		inode_lock(inode);
		inode_dio_wait(inode);
		others = rwsem_is_contended(&inode->i_rwsem);
		inode_unlock(inode);
		if (others)
			schedule_timeout_uninterruptible(1);
	} while (others && tries--);
}

int sd_share_attach(const struct sd_event *ev)
{
	struct share *s = by_key(ev->ticket.key);
	int err;

	if (!s)
		return -ENOENT;
	s->users++;
	if (!s->mem)
		let_writers_end(s->inode);
	err = share_attach(s, ev);
	share_put(s);
	return err;
}

long sd_share_flush(const u64 key[2])
{
	struct share *s = by_key(key);
	long err;

	if (!s || !s->mem)
		return -ENOENT;
	s->users++;
	err = vfs_fsync(s->file, 0);
	share_put(s);
	return err;
}

/* The parent loses no share while this sleeps: it doesn't end or exec while it is held. New shares
 * are added at the head of its list. */
int sd_shares_inherit(struct sd_client *c, const struct sd_client *parent)
{
	struct share_ref *r;
	int err = 0;

	list_for_each_entry (r, &parent->shares, node)
		err = err ?: share_hold(c, r->share);
	return err;
}

void sd_shares_end(struct sd_client *c)
{
	struct share_ref *r;

	while ((r = list_first_entry_or_null(&c->shares, struct share_ref, node))) {
		list_del(&r->node);
		share_put(r->share);
		kfree(r);
	}
}

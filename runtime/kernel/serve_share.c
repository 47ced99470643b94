// SPDX-License-Identifier: GPL-2.0
/*
 * serve_share.c: files that programs have mapped shared and writable: see sd/share.h.
 *
 * While a file has a share, mem is its contents. Its inode, and every open file of it, have operations of ours: reads take from
 * mem; a write is done as always and then copied to mem; before a sync, what differs in mem is written to the page cache.
 * So mem may be newer than the page cache, never older, but for the moment between a write and its copy.
 *
 * Locks: mem is filled with the inode locked, so no write is missed; the rest as in serve.h: nothing changes but where a task sleeps.
 * What the programs store meanwhile is theirs to order; a page is copied before it is written, so it can't change under ext4.
 */
#include <linux/cred.h>
#include <linux/falloc.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "serve.h"

#define KINDS	8	/* of operations: of regular files, a file system has one or two */

struct share {
	struct list_head node;
	struct inode *inode;
	struct file *file;	/* our own, to read and write */
	u64 key[2];
	u8 *mem;		/* NULL: not there yet */
	u32 users;
};

struct share_ref {		/* of a client, once per share */
	struct list_head node;
	struct share *share;
};

static struct kind {
	const struct file_operations *fop;
	const struct inode_operations *iop;
	struct file_operations our_fop;
	struct inode_operations our_iop;
} kinds[KINDS];

static LIST_HEAD(shares);

static struct share *share_of(const struct inode *inode)
{
	struct share *s;

	list_for_each_entry(s, &shares, node)
		if (s->inode == inode)
			return s;
	return NULL;
}

/* Of an inode whose contents are in memory; not going away while the caller sleeps. */
static struct share *share_get(const struct inode *inode)
{
	struct share *s = share_of(inode);

	if (!s || !s->mem)
		return NULL;
	s->users++;
	return s;
}

static const struct kind *kind_of(const struct file *file)
{
	return container_of(file->f_op, struct kind, our_fop);
}

static u64 size_of(const struct inode *inode)
{
	return min_t(u64, i_size_read(inode), SD_SHARE_SIZE);
}

/* ---- between mem and the page cache ---- */
static ssize_t transfer(struct share *s, int rw, void *buf, u64 pos, size_t len)
{
	const struct file_operations *op = kind_of(s->file)->fop;
	struct kvec v = { buf, len };
	struct iov_iter i;
	struct kiocb k;
	ssize_t ret;

	init_sync_kiocb(&k, s->file);
	k.ki_pos = pos;
	iov_iter_kvec(&i, rw, &v, 1, len);
	if (rw == READ)
		return op->read_iter(&k, &i);
	file_start_write(s->file);
	ret = op->write_iter(&k, &i);
	file_end_write(s->file);
	return ret;
}

/* What programs stored goes to the page cache. */
static int flush(struct share *s)
{
	u8 *page = (u8 *)__get_free_pages(GFP_KERNEL, 1), *was = page + PAGE_SIZE;
	u64 pos, size = size_of(s->inode);
	int err = 0;

	if (!page)
		return -ENOMEM;
	for (pos = 0; pos < size && !err; pos += PAGE_SIZE) {
		size_t n = min_t(u64, PAGE_SIZE, size - pos);
		ssize_t got = transfer(s, READ, was, pos, n);

		memcpy(page, s->mem + pos, n);
		if (got < 0)
			err = got;
		else if (got == n && memcmp(page, was, n))
			got = transfer(s, WRITE, page, pos, n);
		if (!err && got < 0)
			err = got;
		if (got != n)	/* cut short meanwhile */
			break;
		cond_resched();
	}
	free_pages((unsigned long)page, 1);
	return err;
}

static int fill(struct share *s, u8 *mem)
{
	u64 pos = 0, size = size_of(s->inode);
	ssize_t n = 0;

	while (pos < size && (n = transfer(s, READ, mem + pos, pos, min_t(u64, size - pos, SZ_1M))) > 0)
		pos += n;
	return n < 0 ? n : 0;
}

/* The file got longer: what programs stored beyond its old end was never part of it. */
static void grown(struct share *s, u64 from, u64 to)
{
	to = min_t(u64, to, SD_SHARE_SIZE);
	if (from < to)
		memset(s->mem + from, 0, to - from);
}

/* ---- the end ---- */
static void restore(struct inode *inode)
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
	if (--s->users)
		return;
	if (s->mem) {
		s->users++;	/* it sleeps, and somebody may map the file again */
		if (flush(s))
			pr_err("a mapped file's contents can't be written back\n");
		if (--s->users)
			return;
		sd_machine_share_done(s->mem, s->key);
	}
	list_del(&s->node);
	restore(s->inode);
	fput(s->file);
	kfree(s);
}

/* ---- operations ---- */
static ssize_t share_read(struct kiocb *k, struct iov_iter *to)
{
	struct file *file = k->ki_filp;
	struct share *s = share_get(file_inode(file));
	u64 size = size_of(file_inode(file));
	size_t n = iov_iter_count(to);

	if (!s || k->ki_pos >= SD_SHARE_SIZE) {
		if (s)
			share_put(s);
		return kind_of(file)->fop->read_iter(k, to);
	}
	n = k->ki_pos < size ? min_t(u64, n, size - k->ki_pos) : 0;
	if (n) {
		n = copy_to_iter(s->mem + k->ki_pos, n, to);
		k->ki_pos += n;
		file_accessed(file);
	}
	share_put(s);
	return n || k->ki_pos >= size || !iov_iter_count(to) ? n : -EFAULT;
}

static ssize_t share_write(struct kiocb *k, struct iov_iter *from)
{
	struct inode *inode = file_inode(k->ki_filp);
	struct share *s = share_get(inode);
	u64 old = i_size_read(inode), pos;
	struct iov_iter again = *from;
	ssize_t ret = kind_of(k->ki_filp)->fop->write_iter(k, from);

	if (!s)
		return ret;
	pos = k->ki_pos - ret;
	if (ret > 0 && pos < SD_SHARE_SIZE) {
		size_t n = min_t(u64, ret, SD_SHARE_SIZE - pos);

		grown(s, old, pos);
		if (copy_from_iter(s->mem + pos, n, &again) != n)
			transfer(s, READ, s->mem + pos, pos, n);
	}
	share_put(s);
	return ret;
}

static int share_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct share *s = share_get(file_inode(file));
	int err = 0;

	if (s) {
		err = flush(s);
		share_put(s);
	}
	return err ?: kind_of(file)->fop->fsync(file, start, end, datasync);
}

/* Where data are is the page cache's to say. */
static loff_t share_llseek(struct file *file, loff_t offset, int whence)
{
	struct share *s = whence == SEEK_DATA || whence == SEEK_HOLE ? share_get(file_inode(file)) : NULL;

	if (s) {
		flush(s);
		share_put(s);
	}
	return kind_of(file)->fop->llseek(file, offset, whence);
}

static long share_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	struct share *s = share_get(file_inode(file));
	u64 old = i_size_read(file_inode(file));
	long err = s ? flush(s) : 0;

	err = err ?: kind_of(file)->fop->fallocate(file, mode, offset, len);
	if (s && !err) {
		grown(s, old, i_size_read(s->inode));
		if (mode & ~FALLOC_FL_KEEP_SIZE)
			err = fill(s, s->mem);
	}
	if (s)
		share_put(s);
	return err;
}

/* The inode is locked: the share mustn't end here, for that writes to it. */
static int share_setattr(struct user_namespace *ns, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	const struct kind *kind = container_of(inode->i_op, struct kind, our_iop);
	u64 old = size_of(inode), new;
	int err = kind->iop->setattr(ns, dentry, attr);
	struct share *s = share_of(inode);

	new = size_of(inode);
	if (s && s->mem && attr->ia_valid & ATTR_SIZE)
		grown(s, min(old, new), max(old, new));
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

static int adopt(const void *kind, struct file *file, unsigned int fd)
{
	const struct kind *k = kind;

	if (file->f_op == k->fop && file_inode(file)->i_fop == &k->our_fop)
		file->f_op = &k->our_fop;
	return 0;
}

static void adopt_all(struct sd_client *c, void *kind)
{
	iterate_fd(c->files, 0, adopt, kind);
}

void sd_share_adopt(struct file *file)
{
	struct share *s = share_of(file_inode(file));

	if (s)
		adopt(kind_of(s->file), file, 0);
}

static int may_share(const struct file *file)
{
	const struct inode *inode = file_inode(file);

	if (!S_ISREG(inode->i_mode) || !file->f_op->read_iter || !file->f_op->write_iter || !file->f_op->fallocate ||
	    !file->f_op->fsync || !inode->i_op->setattr)
		return -ENODEV;
	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
		return -EACCES;
	return i_size_read(inode) <= SD_SHARE_SIZE ? 0 : -EFBIG;
}

static struct share *share_make(struct file *file)
{
	struct inode *inode = file_inode(file);
	const struct kind *kind;
	struct share *s;
	struct file *own;

	own = dentry_open(&file->f_path, O_RDWR | O_LARGEFILE, file->f_cred);
	if (IS_ERR(own))
		return ERR_CAST(own);
	s = share_of(inode);	/* opening it slept */
	if (s) {
		fput(own);
		return s;
	}
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	kind = s ? kind_for(inode) : NULL;
	if (!kind) {
		kfree(s);
		fput(own);
		return ERR_PTR(-ENOMEM);
	}
	get_random_bytes(s->key, sizeof(s->key));
	s->inode = inode;
	s->file = own;
	own->f_op = &kind->our_fop;
	inode->i_fop = &kind->our_fop;
	inode->i_op = &kind->our_iop;
	list_add(&s->node, &shares);
	sd_each_client(adopt_all, (void *)kind);
	return s;
}

static int hold(struct sd_client *c, struct share *s)
{
	struct share_ref *r;

	list_for_each_entry(r, &c->shares, node)
		if (r->share == s)
			return 0;
	r = kmalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	r->share = s;
	s->users++;
	list_add(&r->node, &c->shares);
	return 0;
}

long sd_share_give(struct sd_serve *serve, struct sd_client *c)
{
	u64 __user *to = sd_user(serve, serve->arg[1], 16);
	struct file *file;
	struct share *s;
	long err;

	if (serve->bad)
		return -EPROTO;
	file = fget(serve->arg[0]);
	if (!file)
		return -EBADF;
	err = may_share(file);
	s = err ? NULL : share_of(file_inode(file)) ?: share_make(file);
	if (IS_ERR(s)) {
		err = PTR_ERR(s);
	} else if (s) {
		s->users++;
		err = hold(c, s);
		if (!err && copy_to_user(to, s->key, sizeof(s->key)))
			err = -EFAULT;
		share_put(s);
	}
	fput(file);
	return err;
}

static struct share *by_key(const u64 key[2])
{
	struct share *s;

	list_for_each_entry(s, &shares, node)
		if (!((s->key[0] ^ key[0]) | (s->key[1] ^ key[1])))
			return s;
	return NULL;
}

int sd_share_attach(const struct sd_event *ev)
{
	struct share *s = by_key(ev->ticket.key);
	int err;

	if (!s)
		return -ENOENT;
	s->users++;
	inode_lock(s->inode);
	err = s->mem ? -EEXIST : fill(s, ev->region);
	if (!err)
		s->mem = ev->region;
	inode_unlock(s->inode);
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

int sd_shares_inherit(struct sd_client *c, const struct sd_client *parent)
{
	struct share_ref *r;
	int err = 0;

	list_for_each_entry(r, &parent->shares, node)
		err = err ?: hold(c, r->share);
	return err;
}

void sd_shares_end(struct sd_client *c)
{
	struct share_ref *r, *next;

	list_for_each_entry_safe(r, next, &c->shares, node) {
		list_del(&r->node);
		share_put(r->share);
		kfree(r);
	}
}

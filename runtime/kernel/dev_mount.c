// SPDX-License-Identifier: GPL-2.0
/*
 * dev_mount.c: file systems without a disk, as ramfs and devpts: a device whose type is "mount", of
 * which the host has nothing. mount.c mounts it.
 *
 * Files of ramfs (of which a kernel without CONFIG_SHMEM makes its tmpfs, too) lie in the domain's
 * memory, belong to no client, and stay when the client that wrote them has gone. So they, their
 * inodes and their links may grow only while a quarter of the memory is free, or can be had back
 * from files on disks. Whoever wants more gets ENOSPC; that quarter is for everybody's calls.
 * Memory is measured, not counted for each file, so whatever a file costs is in it. Directory
 * entries don't count as free, although they lie among the memory that can be reclaimed: those of
 * ramfs can't.
 * Where files grow: the cuts in dev_mount.json.
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/vmstat.h>

#include "dev.h"

#define LEAVE_PART 4u /* of the memory */

static struct kmem_cache *inodes;
static struct super_operations limited;

static long files_room(void)
{
	return global_zone_page_state(NR_FREE_PAGES) + global_node_page_state(NR_ACTIVE_FILE) +
	       global_node_page_state(NR_INACTIVE_FILE) - totalram_pages() / LEAVE_PART;
}

bool sd_files_may_grow(void)
{
	return files_room() > 0;
}

static struct inode *files_alloc_inode(struct super_block *sb)
{
	return sd_files_may_grow() ? kmem_cache_alloc(inodes, GFP_KERNEL) : NULL;
}

static void files_free_inode(struct inode *inode)
{
	kmem_cache_free(inodes, inode);
}

static int files_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	int err = simple_statfs(dentry, buf);

	buf->f_blocks = totalram_pages() - totalram_pages() / LEAVE_PART;
	buf->f_bfree = buf->f_bavail = max(files_room(), 0l);
	return err;
}

static void files_inode_once(void *inode)
{
	inode_init_once(inode);
}

void sd_files_limit(struct super_block *sb)
{
	if (d_inode(sb->s_root)->i_mapping->a_ops != &ram_aops)
		return;
	if (!inodes) {
		inodes = kmem_cache_create("sd_inode", sizeof(struct inode), 0, SLAB_PANIC,
					   files_inode_once);
		limited = *sb->s_op;
		limited.alloc_inode = files_alloc_inode;
		limited.free_inode = files_free_inode;
		limited.statfs = files_statfs;
	}
	/* The root's inode isn't of this cache, but is never freed: such a file system stays. */
	sb->s_op = &limited;
}

/* There is nothing of the host's to probe. */
static int mount_probe(const struct sd_device *dev, unsigned int line)
{
	return 0;
}

const struct sd_driver sd_driver_mount = {.type = "mount", .probe = mount_probe};

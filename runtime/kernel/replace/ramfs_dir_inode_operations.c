// SPDX-License-Identifier: GPL-2.0
/* fs/ramfs/inode.c: ramfs_dir_inode_operations. A further name of a file takes memory, too; new
 * files are refused where their inode is allocated: runtime/kernel/dev_mount.c. */
extern bool sd_files_may_grow(void);

static int sd_ramfs_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	return sd_files_may_grow() ? simple_link(old, dir, dentry) : -ENOSPC;
}

static const struct inode_operations ramfs_dir_inode_operations = {
	.create = ramfs_create,
	.lookup = simple_lookup,
	.link = sd_ramfs_link,
	.unlink = simple_unlink,
	.symlink = ramfs_symlink,
	.mkdir = ramfs_mkdir,
	.rmdir = simple_rmdir,
	.mknod = ramfs_mknod,
	.rename = simple_rename,
	.tmpfile = ramfs_tmpfile,
};

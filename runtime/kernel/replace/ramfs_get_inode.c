// SPDX-License-Identifier: GPL-2.0
/*
 * fs/ramfs/inode.c: ramfs_get_inode(), for domains without paths: the root directory of the root
 * file system is all that is ever made of it.
 */
struct inode *ramfs_get_inode(struct super_block *sb, const struct inode *dir, umode_t mode,
			      dev_t dev)
{
	struct inode *inode = S_ISDIR(mode) && !dir ? new_inode(sb) : NULL;

	if (inode) {
		inode->i_ino = get_next_ino();
		inode->i_mode = mode;
		inc_nlink(inode);
	}
	return inode;
}

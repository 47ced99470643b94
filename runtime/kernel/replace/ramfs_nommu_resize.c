// SPDX-License-Identifier: GPL-2.0
/*
 * fs/ramfs/file-nommu.c: ramfs_nommu_resize(). An empty file that is made longer would get all its
 * pages at once, side by side, for a map that a program without an MMU makes of them. Programs'
 * maps are made elsewhere, so it has holes, as with an MMU.
 */
static int ramfs_nommu_resize(struct inode *inode, loff_t newsize, loff_t size)
{
	int err = inode_newsize_ok(inode, newsize);

	if (!err && newsize < size)
		err = nommu_shrink_inode_mappings(inode, size, newsize);
	if (!err)
		truncate_setsize(inode, newsize);
	return err;
}

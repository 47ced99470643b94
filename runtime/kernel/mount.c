// SPDX-License-Identifier: GPL-2.0
/* mount.c: file systems on block devices, and those that need none: mounted before the first call
 * is served, disks left clean at an orderly shutdown. */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/init_syscalls.h>
#include <linux/kdev_t.h>
#include <linux/kernel.h>
#include <linux/mount.h>
#include <linux/dcache.h>
#include <linux/list_lru.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/shrinker.h>
#include <linux/string.h>
#include <uapi/linux/mount.h>
#include <asm/sd.h>

#include "compat.h"
#include "dev.h"
#include "serve.h"

/* fs/internal.h */
#ifdef SD_TREE_kill_dirty
int invalidate_inodes(struct super_block *sb, bool kill_dirty);
#else
long prune_icache_sb(struct super_block *sb, struct shrink_control *sc);
#endif

#define NODE "/.disk" /* only while mounting */

static const struct {
	const char *word;
	unsigned long flag;
} words[] = {
	{"rw", 0},
	{"defaults", 0},
	{"ro", MS_RDONLY},
	{"sync", MS_SYNCHRONOUS},
	{"dirsync", MS_DIRSYNC},
	{"noatime", MS_NOATIME},
	{"nodiratime", MS_NODIRATIME},
	{"relatime", MS_RELATIME},
	{"strictatime", MS_STRICTATIME},
	{"lazytime", MS_LAZYTIME},
	{"nosuid", MS_NOSUID},
	{"nodev", MS_NODEV},
	{"noexec", MS_NOEXEC},
};

static struct super_block *mounted[BITS_PER_LONG]; /* by index of the device */

static bool mount_general_options(const char *word, unsigned long *flags)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].word, word)) {
			*flags |= words[i].flag;
			return true;
		}
	return false;
}

/* As mount(8) does: generic options become flags, the rest is passed to the file system, separated
 * by commas. */
static unsigned long split_options(char *text, char *data)
{
	unsigned long flags = 0;
	char *word;

	*data = 0;
	while ((word = strsep(&text, ";"))) {
		if (!*word || mount_general_options(word, &flags))
			continue;
		if (*data)
			strcat(data, ",");
		strcat(data, word);
	}
	return flags;
}

static int make_dirs(char *path)
{
	char *slash = path;
	int err = 0;

	while (!err && slash) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = 0;
		err = init_mkdir(path, 0755);
		if (err == -EEXIST)
			err = 0;
		if (slash)
			*slash = '/';
	}
	return err;
}

static bool is_disk(const struct sd_device *dev)
{
	return !strcmp(dev->type, "block");
}

/* The program that makes such a file system. */
static const char *maker_of(const char *fs)
{
	return strcmp(fs, "squashfs") ? "mkfs." : "mk";
}

static const char *mount_cure(const char *fs, bool disk, int err, char *buf, size_t size)
{
	switch (err) {
	case -EINVAL:
		if (!disk)
			return "an unknown mount option";
		snprintf(
			buf, size,
			"no %s on it, one with features that this domain lacks, or an unknown mount option: %s%s makes one",
			fs, maker_of(fs), fs);
		return buf;
	case -EOPNOTSUPP:
		snprintf(buf, size,
			 "its journal has records that only a whole kernel replays: fsck.%s does",
			 fs);
		return buf;
	case -ENODEV:
		return "the domain's configuration lacks this file system, or the slice dropped it (\"keep\" in the spec)";
	case -ENOENT:
	case -ENOTBLK:
		return "it needs a disk: \"type\": \"block\" in the spec";
	case -EUCLEAN: /* EFSCORRUPTED */
	case -EBADMSG: /* EFSBADCRC */
	case -EIO:
		snprintf(buf, size, "damaged: fsck.%s repairs it", fs);
		return buf;
	case -EROFS:
	case -EACCES:
		return "kdom may only read it, and its journal must be replayed first: fsck does, or make it writable";
	}
	return "see the messages above";
}

static int mount_disk(const struct sd_device *dev, const char *dir, const char *fs,
		      unsigned long flags, char *data)
{
	bool read_only;
	dev_t devt = sd_block_dev(dev, &read_only);
	int err = init_mknod(NODE, S_IFBLK | 0600, new_encode_dev(devt));

	if (read_only)
		flags |= MS_RDONLY;
	if (!err)
		err = init_mount(NODE, dir, fs, flags, data);
	init_unlink(NODE);
	return err;
}

static void mount_one(const struct sd_device *dev, char *dir)
{
	char fs[32], options[256] = "", path[256] = "", cure[128];
	char *data = (char *)__get_free_page(
		GFP_KERNEL | __GFP_NOFAIL); /* path_mount() ends a whole page with a zero */
	unsigned long flags;
	int err;

	sd_dev_arg(dev, "path", path, sizeof(path));
	sd_dev_arg(dev, "options", options, sizeof(options));
	if (!sd_dev_arg(dev, "fs", fs, sizeof(fs)))
		panic("%s: mount=%s without fs=: name the file system, as fs=ext4", path, dir);
	if (!is_disk(dev))
		strcpy(path, "no disk");
	if (dir[0] != '/' || !dir[1])
		panic("%s: mount=%s: must be an absolute path below /", path, dir);
	flags = split_options(options, data);
	err = make_dirs(dir);
	if (!err)
		err = is_disk(dev) ? mount_disk(dev, dir, fs, flags, data)
				   : init_mount("none", dir, fs, flags, data);
	free_page((unsigned long)data);
	if (!err)
		return;
	panic("%s: can't mount %s at %s: error %d; %s", path, fs, dir, err,
	      mount_cure(fs, is_disk(dev), err, cure, sizeof(cure)));
}

static struct super_block *super_of(const char *dir)
{
	struct super_block *sb;
	struct path path;

	if (kern_path(dir, LOOKUP_FOLLOW, &path))
		panic("%s: mounted, but the path isn't there", dir);
	sb = path.mnt->mnt_sb;
	path_put(&path);
	return sb;
}

static bool mount_dir(const struct sd_device *dev, char *dir, size_t size)
{
	return (is_disk(dev) || !strcmp(dev->type, "mount")) && sd_dev_arg(dev, "mount", dir, size);
}

/* Files outside the disks would be in RAM, charged to no client, and would never be freed. */
static void close_root(void)
{
	struct path root;

	if (kern_path("/", LOOKUP_FOLLOW, &root))
		panic("no root directory");
	root.mnt->mnt_flags |= MNT_READONLY;
	path_put(&root);
}

void __ref sd_mount(void)
{
	char dir[128];
	bool any = false;
	int i;

	for (i = 0; i < sd_boot->ndevices; i++)
		if (mount_dir(&sd_boot->devices[i], dir, sizeof(dir))) {
			mount_one(&sd_boot->devices[i], dir);
			mounted[i] = super_of(dir);
			if (sd_files_limit)
				sd_files_limit(mounted[i]);
			any = true;
		}
	if (any)
		close_root();
}

#ifdef SD_TREE_kill_dirty
static void inodes_drop(struct super_block *sb)
{
	invalidate_inodes(sb, false);
}
#else
static bool inode_is_idle(struct inode *inode)
{
	return !atomic_read(&inode->i_count) && !mapping_empty(&inode->i_data) &&
	       !(inode->i_state & (I_NEW | I_FREEING | I_WILL_FREE | I_DIRTY_ALL));
}

/* An inode is only on the list of those that may go when it has no pages. */
static void inodes_drop_pages(struct super_block *sb)
{
	struct inode *inode, *last = NULL;

	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry (inode, &sb->s_inodes, i_sb_list) {
		bool idle;

		spin_lock(&inode->i_lock);
		idle = inode_is_idle(inode);
		if (idle)
			__iget(inode);
		spin_unlock(&inode->i_lock);
		if (!idle)
			continue;
		spin_unlock(&sb->s_inode_list_lock);
		invalidate_mapping_pages(&inode->i_data, 0, -1);
		/* the walk goes on from this one, so it stays until the next is held */
		iput(last);
		last = inode;
		spin_lock(&sb->s_inode_list_lock);
	}
	spin_unlock(&sb->s_inode_list_lock);
	iput(last);
}

/* This tree's invalidate_inodes() would also drop dirty ones, and with them what was written. */
static void inodes_drop(struct super_block *sb)
{
	struct shrink_control sc = {.gfp_mask = GFP_KERNEL};

	inodes_drop_pages(sb);
	/* each may be looked at three times: it was used, it had buffers, it goes */
	sc.nr_to_scan = 3 * list_lru_count(&sb->s_inode_lru);
	prune_icache_sb(sb, &sc);
}
#endif

/* A file system that is being unmounted is skipped; the unmount waits until we are done. */
void sd_mount_shrink(void)
{
	int i;

	for (i = 0; i < BITS_PER_LONG; i++) {
		struct super_block *sb = mounted[i];

		if (!sb || !down_read_trylock(&sb->s_umount))
			continue;
		shrink_dcache_sb(sb);
		inodes_drop(sb);
		up_read(&sb->s_umount);
	}
}

void __ref sd_unmount(void)
{
	struct super_block *sb;
	char dir[128];
	int i, err;

	for (i = sd_boot->ndevices - 1; i >= 0; i--) {
		sb = mounted[i];
		if (!sb || !is_disk(&sd_boot->devices[i]) ||
		    !mount_dir(&sd_boot->devices[i], dir, sizeof(dir)))
			continue;
		mounted[i] = NULL;
		err = init_umount(dir, 0);
		sd_exit_work(); /* where the last reference to a mount ends */
		/* a file is open: freezing stops writes and leaves the disk as an unmount would */
		if (err == -EBUSY)
			err = sd_freeze_super(sb);
		if (err)
			pr_err("%s: can't be unmounted: error %d; its journal will be replayed at the next mount\n",
			       dir, err);
	}
}

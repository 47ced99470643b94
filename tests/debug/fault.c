// SPDX-License-Identifier: GPL-2.0
/*
 * A function of the kernel that every pipe2() calls, as one that faults: compiled as the domain's
 * own code is, and put in the place of the tree's (debug_test.py).
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>

struct file *alloc_file_pseudo(struct inode *inode, struct vfsmount *mnt, const char *name,
			       int flags, const struct file_operations *fops);

static noinline int planted_fault(const volatile int *p)
{
	return *p + 1; /* THE FAULT */
}

struct file *alloc_file_pseudo(struct inode *inode, struct vfsmount *mnt, const char *name,
			       int flags, const struct file_operations *fops)
{
	const int *p = NULL;

	OPTIMIZER_HIDE_VAR(p);
	return ERR_PTR(planted_fault(p) ? -EIO : -ENFILE);
}

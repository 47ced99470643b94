/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compat.h: names of kernel trees that differ, one place each; the newest tree's is used elsewhere.
 * What isn't a macro is asked for in runtime/arch/tree.probes. Disks: compat_block.h.
 */
#ifndef SD_COMPAT_H
#define SD_COMPAT_H

#include <linux/file.h>
#if __has_include(<linux/filelock.h>)
#include <linux/filelock.h>
#endif
#include <linux/fs.h>
#include <linux/uio.h>
#if defined(CONFIG_NET) && __has_include(<net/proto_memory.h>)
#include <net/proto_memory.h>
#endif
#include <sd/tree.h>

/* struct fd hides its file. */
#ifndef fd_file
#define fd_file(f) ((f).file)
#endif

/* An iterator over user memory may hold its only segment itself. */
#ifndef iter_iov_addr
#define iter_iov_addr(i) ((i)->iov->iov_base + (i)->iov_offset)
#endif

/* Reading into a pipe of a file without a page cache. */
#ifdef SD_TREE_copy_splice_read
#define sd_splice_read copy_splice_read
#else
#define sd_splice_read generic_file_splice_read
#endif

/* What inode operations map ids by. */
#ifdef SD_TREE_mnt_idmap
#define sd_idmap mnt_idmap
#else
#define sd_idmap user_namespace
#endif

#ifdef SD_TREE_freeze_holder
#define sd_freeze_super(sb) freeze_super(sb, FREEZE_HOLDER_KERNEL)
#else
#define sd_freeze_super(sb) freeze_super(sb)
#endif

/* A count of users: an atomic_t, a refcount_t or an atomic_long_t. */
#define sd_users(count)                                           \
	((long)_Generic((count),                                  \
		 atomic_long_t: *(const volatile long *)&(count), \
		 default: *(const volatile int *)&(count)))

/* Members of a struct file_lock that leases have, too: SD_FL(owner). */
#ifdef SD_TREE_file_lock_core
#define SD_FL(member) c.flc_##member
#else
#define SD_FL(member) fl_##member
#endif

#endif

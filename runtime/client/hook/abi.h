/* SPDX-License-Identifier: MIT */
/*
 * abi.h: the host kernel's ABI: its UAPI headers, and what they lack. sys.h declares everything
 * about signals itself: in the headers handlers and masks have libc's types, in the hook they are
 * numbers.
 */
#ifndef SD_CLIENT_ABI_H
#define SD_CLIENT_ABI_H

#include <sd/port.h>
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/prctl.h>
#include <asm/socket.h>
#include <asm/unistd.h>
#include <linux/aio_abi.h>
#include <linux/audit.h>
#include <linux/close_range.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/limits.h>
#include <linux/membarrier.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/uio.h>

/* ---- from libc's headers, or from none ---- */
#define PAGE 4096ul
#define X_OK 1

#define AF_UNIX		 1
#define SOCK_STREAM	 1
#define SOCK_SEQPACKET	 5
#define SCM_RIGHTS	 1
#define MSG_PEEK	 0x2
#define MSG_DONTWAIT	 0x40
#define MSG_NOSIGNAL	 0x4000
#define MSG_CMSG_CLOEXEC 0x40000000

#define SPLICE_F_NONBLOCK 2u
#define SPLICE_F_ALL	  15u

/* Results of a call inside the kernel that a signal interrupted. */
#define ERESTARTSYS	      512
#define ERESTARTNOINTR	      513
#define ERESTARTNOHAND	      514
#define ERESTART_RESTARTBLOCK 516

struct sd_msghdr { /* struct msghdr */
	u64 name;
	u32 namelen, pad;
	u64 iov, iovlen, control, controllen;
	u32 flags, pad2;
};

struct sd_cmsghdr { /* struct cmsghdr */
	u64 len;
	s32 level, type;
};

struct sd_stat { /* struct stat, with names that aren't macros of the headers */
	u64 dev, ino, nlink;
	u32 mode, uid, gid, pad;
	u64 rdev;
	s64 size, blksize, blocks;
	u64 times[6];
	s64 unused[3];
};

struct sd_timespec { /* struct __kernel_timespec, and timeval */
	s64 sec, nsec;
};

#endif

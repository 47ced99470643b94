/* SPDX-License-Identifier: MIT */
/*
 * sys.h: the host kernel as the hook sees it: raw calls and the ABI structures they use. No libc.
 * A raw call made here comes from inside the blob's text, so it never traps.
 */
#ifndef SD_USER_SYS_H
#define SD_USER_SYS_H

#include <sd/port.h>
#include <asm/unistd.h>

static inline long sys6(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	register u64 r10 asm("r10") = d;
	register u64 r8 asm("r8") = e;
	register u64 r9 asm("r9") = f;
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return ret;
}

#define SYS_N(nr, a, b, c, d, e, f, ...) \
	sys6((nr), (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), (u64)(f))
#define sys(nr, ...) SYS_N(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

/* ---- signals ---- */
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129
#define NSIG		   64
#define SIGILL		   4
#define SIGTRAP		   5
#define SIGABRT		   6
#define SIGBUS		   7
#define SIGFPE		   8
#define SIGKILL		   9
#define SIGSEGV		   11
#define SIGPIPE		   13
#define SIGCHLD		   17
#define SIGSTOP		   19
#define SIGSYS		   31
#define SYNC_BITS	   (SIGBIT(SIGSEGV) | SIGBIT(SIGBUS))
#define SIGBIT(s)	   (1ull << ((s) - 1))
#define SIG_DFL		   0ull
#define SIG_IGN		   1ull
#define SIG_BLOCK	   0
#define SIG_UNBLOCK	   1
#define SIG_SETMASK	   2
#define SA_NOCLDSTOP	   1ull
#define SA_NOCLDWAIT	   2ull
#define SA_SIGINFO	   4ull
#define SA_RESTORER	   0x04000000ull
#define SA_ONSTACK	   0x08000000ull
#define SA_RESTART	   0x10000000ull
#define SA_NODEFER	   0x40000000ull
#define SA_RESETHAND	   0x80000000ull
#define SS_ONSTACK	   1u
#define SS_DISABLE	   2u
#define SS_AUTODISARM	   0x80000000u
#define SYS_USER_DISPATCH  2 /* si_code of SIGSYS */

struct sd_ksigaction {
	u64 handler;
	u64 flags;
	u64 restorer;
	u64 mask;
};

struct sd_siginfo {
	s32 signo, err, code, pad;
	union {
		u64 body[14];
		struct {
			u64 addr;
			s32 nr;
			u32 arch;
		} sys;
	};
};

struct sd_stackt {
	u64 sp;
	u32 flags, pad;
	u64 size;
};

struct sd_ucontext {
	u64 flags, link;
	struct sd_stackt stack;
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2, fpstate, reserved[8];
	u64 mask;
};

_Static_assert(sizeof(struct sd_siginfo) == 128, "siginfo is 128 bytes");
_Static_assert(__builtin_offsetof(struct sd_ucontext, rip) == 168,
	       "ucontext as the kernel writes it");
_Static_assert(__builtin_offsetof(struct sd_ucontext, mask) == 296,
	       "ucontext as the kernel writes it");

/* ---- memory, files, processes ---- */
#define PROT_NONE	    0
#define PROT_READ	    1
#define PROT_WRITE	    2
#define PROT_EXEC	    4
#define MAP_SHARED	    1
#define MAP_PRIVATE	    2
#define MAP_FIXED	    0x10
#define MAP_ANONYMOUS	    0x20
#define MAP_NORESERVE	    0x4000
#define MAP_FIXED_NOREPLACE 0x100000
#define PAGE		    4096ul

#define AT_FDCWD	    (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_EACCESS	    0x200
#define AT_EMPTY_PATH	    0x1000
#define O_RDONLY	    0
#define O_CLOEXEC	    02000000
#define O_PATH		    010000000
#define X_OK		    1
#define F_DUPFD		    0
#define F_GETFD		    1
#define F_SETFD		    2
#define F_GETFL		    3
#define F_SETFL		    4
#define O_ASYNC		    0x2000
#define F_DUPFD_CLOEXEC	    1030
#define FD_CLOEXEC	    1
#define PATH_MAX	    4096

#define CLONE_VM	    0x100ull
#define CLONE_FILES	    0x400ull
#define CLONE_SIGHAND	    0x800ull
#define CLONE_VFORK	    0x4000ull
#define CLONE_THREAD	    0x10000ull
#define CLONE_SETTLS	    0x80000ull
#define CLONE_NEWUSER	    0x10000000ull
#define CLONE_CLEAR_SIGHAND 0x100000000ull

#define PR_SET_NAME		     15
#define PR_SET_SECCOMP		     22
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define ARCH_SET_GS		     0x1001
#define ARCH_GET_GS		     0x1004

struct sd_stat { /* struct stat of x86-64 */
	u64 dev, ino, nlink;
	u32 mode, uid, gid, pad;
	u64 rdev;
	s64 size, blksize, blocks;
	u64 times[6];
	s64 unused[3];
};

struct sd_timespec {
	s64 sec, nsec;
};

#endif

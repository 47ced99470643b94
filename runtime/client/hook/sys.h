/* SPDX-License-Identifier: MIT */
/*
 * sys.h: raw calls of the host kernel, and its signal structures, without libc. A raw call made
 * here comes from inside the blob's text, so it never traps.
 */
#ifndef SD_CLIENT_SYS_H
#define SD_CLIENT_SYS_H

#include "hook/abi.h"

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

/* Is a raw call's result an error, not an address or a number? */
static inline bool sd_is_error(long ret)
{
	return ret < 0 && ret >= -4095;
}

/* ---- signals ---- */
#define NSIG		  64
#define SIGILL		  4
#define SIGTRAP		  5
#define SIGABRT		  6
#define SIGBUS		  7
#define SIGFPE		  8
#define SIGKILL		  9
#define SIGSEGV		  11
#define SIGPIPE		  13
#define SIGCHLD		  17
#define SIGSTOP		  19
#define SIGSYS		  31
#define SYNC_BITS	  (SIGBIT(SIGSEGV) | SIGBIT(SIGBUS))
#define SIGBIT(s)	  (1ull << ((s) - 1))
#define SIG_DFL		  0ull
#define SIG_IGN		  1ull
#define SIG_BLOCK	  0
#define SIG_UNBLOCK	  1
#define SIG_SETMASK	  2
#define SA_NOCLDSTOP	  1ull
#define SA_NOCLDWAIT	  2ull
#define SA_SIGINFO	  4ull
#define SA_RESTORER	  0x04000000ull
#define SA_ONSTACK	  0x08000000ull
#define SA_RESTART	  0x10000000ull
#define SA_NODEFER	  0x40000000ull
#define SA_RESETHAND	  0x80000000ull
#define SS_ONSTACK	  1u
#define SS_DISABLE	  2u
#define SS_AUTODISARM	  0x80000000u
#define SYS_USER_DISPATCH 2 /* si_code of SIGSYS */

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

#endif

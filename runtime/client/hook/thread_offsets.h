/* SPDX-License-Identifier: MIT */
/*
 * thread_offsets.h: offsets of the fields of struct sd_thread for the assembler (hook.h asserts
 * each). A thread's GS base points at its struct sd_thread.
 */
#ifndef SD_CLIENT_THREAD_OFFSETS_H
#define SD_CLIENT_THREAD_OFFSETS_H

#define T_SELF	      0
#define T_STACK	      8
#define T_SLOW	      16
#define T_LOOK	      20 /* look and traced */
#define T_EXIT_RIP    24
#define T_SITE	      32
#define T_RET	      40
#define T_RESUME_MASK 48
#define T_EDIT_NR     56
#define T_EDIT	      64 /* u64[6] */
#define T_REGS	      112
#define R_RAX	      (T_REGS + 0)
#define R_RBX	      (T_REGS + 8)
#define R_RDX	      (T_REGS + 16)
#define R_RSI	      (T_REGS + 24)
#define R_RDI	      (T_REGS + 32)
#define R_RBP	      (T_REGS + 40)
#define R_RSP	      (T_REGS + 48)
#define R_R8	      (T_REGS + 56)
#define R_R9	      (T_REGS + 64)
#define R_R10	      (T_REGS + 72)
#define R_R12	      (T_REGS + 80)
#define R_R13	      (T_REGS + 88)
#define R_R14	      (T_REGS + 96)
#define R_R15	      (T_REGS + 104)
#define T_MASKED      224
#define T_MASK_NEXT   228
#define T_START	      232

/* A site's record (struct sd_site). */
#define S_RET  0  /* where the program continues */
#define S_NR   8  /* what the overwritten mov loaded */
#define S_SYS  16 /* address of the stub's own syscall instruction */
#define S_SIZE 40

#define SD_SITES     4096 /* call sites one address space can have */
#define SD_NSYSCALLS 512  /* size of sd_syscall_flags[]: system call numbers below it can be ours */
#define SD_STUB_SIZE 32
#define SD_STUB_TRAP 6	/* entry that doesn't load the number */
#define SD_STUB_SYS  18 /* the stub's syscall instruction */

#endif

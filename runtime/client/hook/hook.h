/* SPDX-License-Identifier: MIT */
/*
 * hook.h: the lowest room of the client: how the program's system calls and signals enter and
 * leave the hook. The rooms above it (dispatch.c lists them) decide how a call is handled.
 *
 * The hook is the launcher, one blob that stays mapped in the program that it loaded. It owns:
 *   - per thread a struct sd_thread (GS base) with a hook stack behind it, made in thread.c;
 *   - per address space the table of call sites (sites are per mapping, so fork copies them);
 *   - per process the virtual signal actions (sd_sighand) and, in channel/fdmap.c, the map of
 *     domain fds.
 * A CLONE_VM child that doesn't share those (vfork, posix_spawn) gets copies of its own.
 *
 * Stages of a call. A call passes through up to four stages, always in this order:
 *
 *	names -> fds and keys -> the hook's own -> mirrored -> the host
 *
 * Which function a call has at which stage is decided once, at the start, by dispatch.c. A stage
 * either decides the call (enum sd_way) or passes it on with sd_next(). A call without a function
 * at any stage is the host's, and entry.S makes it without saving a register.
 *
 * Threads: a struct sd_thread is touched by its own thread only, signal handlers included. Shared
 * tables are changed under their lock with every signal blocked.
 * Errors: functions return 0/-errno (or a kernel result); broken invariants end in sd_die().
 */
#ifndef SD_CLIENT_HOOK_H
#define SD_CLIENT_HOOK_H

#include "hook/sys.h"
#include "hook/thread_offsets.h"

struct sd_regs {
	u64 rax, rbx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r12, r13, r14, r15;
};

/* One call site of this address space. */
struct sd_site {
	u64 ret;     /* address after the instructions the stub stands for; 0: free */
	u64 nr;	     /* loaded by a rewritten site */
	u64 sys;     /* address of the stub's syscall instruction */
	u64 start;   /* first byte of the site: the call can be restarted here */
	u64 trapped; /* address after the syscall instruction, as SIGSYS reports it: the key */
};

/* Signals kept while the thread is in the hook. All but a few are blocked after the first. */
#define SD_KEEP 6
struct sd_sighand {
	u32 lock;
	u32 users;
	struct sd_ksigaction act[NSIG]; /* as the program set them */
};

#define SD_USING 8u

/* Types of the rooms above; the hook only stores pointers to them in a thread. */
struct sd_files;
struct sd_chan;
struct sd_qp;
struct sd_ep;

struct sd_thread {
	struct sd_thread *self;
	u64 stack;
	u32 slow; /* the next exit has kept signals to deliver or a mask to restore */
	union {
		u32 look_any; /* what entry.S tests */
		struct {
			u16 look;   /* SD_LOOK_*: what the next entry must handle */
			u16 traced; /* 1: every call is recorded, see trace.h; other threads
				       write it, too */
		};
	};
	u64 exit_rip;
	struct sd_site *site;
	u64 ret;	 /* where the program continues after this call */
	u64 resume_mask; /* kernel mask set while leaving, so that kept signals come */
	u64 edit_nr;
	u64 edit[6];
	struct sd_regs regs;
	u32 masked;    /* SD_MASKED_*: the kernel's mask isn't the program's: final_mask is */
	u32 mask_next; /* what masked becomes after the next unmasking */
	void (*start)(struct sd_thread *t); /* the first code of a child that shares memory */
	/* below: C only */
	u64 final_mask;	  /* the program's mask, to be in force once it runs again */
	u32 busy;	  /* the region is in use (0: free for another thread) */
	u32 foreign;	  /* in a starting child: it is in another user namespace than its parent */
	u32 leaving;	  /* it doesn't come back from the hook */
	u32 parent_frees; /* a vfork child: its parent frees the region */
	u32 sync_blocked; /* SIGSEGV or SIGBUS may be in the kernel's mask: see sd_unblock_sync() */
	u32 kept;
	u32 interrupted; /* SD_INTR_*: what the kept signals mean for the call in progress */
	struct sd_siginfo keep[SD_KEEP];
	struct sd_stackt alt; /* as the program set it */
	struct sd_sighand *sighand;
	struct sd_files *files;	 /* NULL: no domain fd, and no channel, ever */
	struct sd_chan *chan[4]; /* with a queue pair of this thread's in it */
	struct sd_qp *qp[4];
	u32 qps_in_use; /* bit 0: a call is being made, so chan[] must not be taken; other bits:
			   number of using[] */
	u64 using[SD_USING]; /* the last fd map entries that this call looked up: see
			       channel/fdmap.c */
	u64 late[SD_USING];  /* entries to close when the call is over */
	u32 nlate;
	u32 refused;	       /* this call was refused, since it would have to wait: see
		        sd_refused_pause() */
	u32 pause;	       /* ns until it is retried ... */
	s64 refused_at;	       /* ... as at that time */
	struct sd_ep *pure_ep; /* the epoll fd whose domain alone is waited for */
	struct sd_qp *qp_now;  /* in a call: a kept signal interrupts it */
	struct sd_fork *fork;  /* a starting child's, see channel/fork.c */
	u64 wait_mask;	       /* the mask of ppoll and the like */
	u32 has_wait_mask;
	struct sd_sighand own_sighand; /* for a CLONE_VM child with actions of its own */
	struct sd_thread *next;	       /* all regions of this address space */
	u32 traced_dom;		       /* traced: 1 + the domain that this call has used */
	u64 exec_mem, exec_len;	       /* memory of a vfork child's exec, unmapped by its parent */
	u8 tmp[64] __attribute__((aligned(16))); /* arguments for the host, such as edited masks */
	char path[PATH_MAX + 8];		 /* edited path */
	char path2[PATH_MAX + 8];		 /* second path of a call that has two */
};

#define SD_LOOK_ALT   1u /* the alternate stack */
#define SD_LOOK_EARLY 2u /* an early call that may not be complete */

#define SD_MASKED_SYNC 1u /* only SIGSEGV and SIGBUS were unblocked */
#define SD_MASKED_ALL  2u /* everything is blocked */

#define SD_INTR_EINTR	1u /* a handler without SA_RESTART */
#define SD_INTR_RESTART 2u /* only handlers with it */

#define SD_THREAD_SIZE (128 * 1024ul) /* struct + hook stack */

#define AT_OFF(f, off) _Static_assert(__builtin_offsetof(struct sd_thread, f) == (off), #f)
AT_OFF(self, T_SELF);
AT_OFF(stack, T_STACK);
AT_OFF(slow, T_SLOW);
AT_OFF(look_any, T_LOOK);
AT_OFF(exit_rip, T_EXIT_RIP);
AT_OFF(site, T_SITE);
AT_OFF(ret, T_RET);
AT_OFF(resume_mask, T_RESUME_MASK);
AT_OFF(edit_nr, T_EDIT_NR);
AT_OFF(edit, T_EDIT);
AT_OFF(regs, T_REGS);
AT_OFF(regs.rsp, R_RSP);
AT_OFF(regs.r15, R_R15);
AT_OFF(masked, T_MASKED);
AT_OFF(mask_next, T_MASK_NEXT);
AT_OFF(start, T_START);
_Static_assert(sizeof(struct sd_site) == S_SIZE, "sd_site");

static inline struct sd_thread *sd_self(void)
{
	struct sd_thread *t;

	asm volatile("mov %%gs:0, %0" : "=r"(t));
	return t;
}

/* What a call handler decided. */
enum sd_way {
	SD_HOST,   /* the host's, as it is */
	SD_EDITED, /* the host's, with t->edit[] */
	SD_DONE,   /* complete: regs.rax holds the result */
	SD_AGAIN,  /* to be restarted after the kept signals */
};
typedef enum sd_way (*sd_call_fn)(struct sd_thread *t);

/* The stages of a call, see above. */
enum sd_stage {
	SD_STAGE_NAMES, /* names of files that may be a domain's */
	SD_STAGE_FDS,	/* fds, hidden ones too, and keys: which kernel does the call belong to? */
	SD_STAGE_HOOK,	/* what the hook needs for itself: signals, processes, /proc/self/exe */
	SD_STAGE_MIRRORED, /* the host's, repeated in domains */
	SD_STAGES
};

/*
 * enter.c. sd_stage[s][nr] is the first function that call nr has at stage s or a later one; NULL:
 * none, the call is the host's. Filled in by dispatch.c before the first call, constant afterwards.
 */
extern sd_call_fn sd_stage[SD_STAGES][SD_NSYSCALLS];
#define SD_SYSCALL_HOOKED     1u /* some stage has a function for it */
#define SD_SYSCALL_MAY_FOLLOW 2u /* its first stage itself waits for early calls if needed */
extern u8 sd_syscall_flags[SD_NSYSCALLS]; /* 0: always the host's; read by entry.S */

/* Passes the call on from the stage `from`. */
static inline enum sd_way sd_next(struct sd_thread *t, enum sd_stage from)
{
	sd_call_fn fn = from + 1 < SD_STAGES ? sd_stage[from + 1][t->regs.rax] : NULL;

	return fn ? fn(t) : SD_HOST;
}

/* Handlers of the rooms above for rare events of a call; set by dispatch.c. */
struct sd_hook_events {
	void (*settle)(struct sd_thread *t); /* wait for early calls before this one */
	void (*leave)(struct sd_thread *t);  /* the call is over, and sd_leave_work isn't 0 */
	enum sd_way (*traced)(struct sd_thread *t); /* in place of the stages: t->traced */
	void (*refused)(struct sd_thread *t);	    /* SD_AGAIN because a domain refused the call */
};
void sd_hook_init(const struct sd_hook_events *e);
void sd_hook(struct sd_thread *t);
/* The decision of the first stage that has a function for the call; SD_HOST if none has. */
enum sd_way sd_first_stage(struct sd_thread *t, u64 nr);
extern u32 sd_leave_work; /* number of tasks for threads that leave the hook */

/* entry.S */
void sd_jump(u64 entry, u64 stack) __attribute__((noreturn));
long sd_raw_clone(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, struct sd_thread *child);
long sd_raw_wait(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, const u32 *kept);
long sd_raw_wait6(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, const u32 *kept, u64 f);
void sd_raw_exit(u64 status, u32 *busy) __attribute__((noreturn));
long sd_copy_raw(void *dst, const void *src, u64 n);
long sd_strncpy_raw(char *dst, const char *src, u64 n);
long sd_path_raw(char *dst, const char *src, u64 n);
int sd_cmpxchg_raw(u64 *p, u64 old, u64 new);
extern const char sd_stubs[], sd_stubs_end[], sd_entry_begin[], sd_entry_end[], sd_exit_begin[],
	sd_exit_end[], sd_unmask_begin[], sd_unmask_end[], sd_edited_begin[], sd_edited_done[],
	sd_edited_end[], sd_edited[], sd_restorer[], sd_restorer_end[], sd_handler_begin[],
	sd_handler_end[], sd_signal_entry[], sd_sigsys_entry[], sd_copy_begin[], sd_copy_end[],
	sd_wait_begin[], sd_wait_syscall_end[], sd_wait_eintr[], sd_wait6_begin[],
	sd_wait6_syscall_end[], sd_wait6_again[], sd_str_begin[], sd_str_end[], sd_str_fault[],
	sd_pathcopy_begin[], sd_pathcopy_end[], sd_cx_begin[], sd_cx_end[], sd_cx_fault[];
extern const char __executable_start[], etext[]; /* the linker's */

/* self.c: facts about this process. launch.c fills in the first four. */
extern char sd_exe_path[PATH_MAX]; /* canonical path of the program, for /proc/self/exe */
extern char sd_trace_path[108];	   /* KDOM_TRACE, likewise; empty: not traced */
extern char sd_domains[PATH_MAX];  /* KDOM_DOMAINS, kept over an exec that clears the environment */
extern u64 sd_vdso;		   /* never rewritten */
extern u64 sd_launcher_dev, sd_launcher_ino;
extern u32 sd_not_alone; /* others may run in this memory, or use these fds, without a call that the
		         hook sees: process/clone.c */
extern u32 sd_files_lent; /* the fds are shared with a process, not just with threads */

/* thread.c */
struct sd_thread *sd_thread_new(void);
void sd_thread_free(struct sd_thread *t);
void sd_thread_only(struct sd_thread *t); /* in a forked child: every other region is free */
int sd_thread_count(void);
int sd_thread_last(struct sd_thread *t); /* it ends; is it the last one to use its files? */
void sd_threads_lock(void);		 /* over fork */
struct sd_thread *sd_threads(void);	 /* with the lock held */
void sd_threads_unlock(void);
void sd_threads_trace(bool on);	 /* t->traced of all that there are and of those to come */
int sd_arm(struct sd_thread *t); /* GS base and Syscall User Dispatch */

/* site.c: the recogniser; pure */
enum sd_form { SD_FORM_NONE, SD_FORM_MOV32, SD_FORM_MOV64 };
enum sd_form sd_site_form(const u8 *before, u32 len, u64 nr, u32 *start);

/* patch.c */
struct sd_site *sd_site_find(u64 trapped,
			     u64 nr); /* makes a record, rewrites the site if allowed */
extern int sd_no_patch; /* a seccomp filter may be in force: the hook avoids calls of its own */
void sd_sites_lock(void);
void sd_sites_unlock(void);
static inline u64 sd_stub_of(const struct sd_site *s, u32 off)
{
	return s->sys - SD_STUB_SYS + off;
}

/* signal.c */
void sd_signals_init(struct sd_thread *t);
long sd_kernel_action(int sig, const struct sd_ksigaction *a);
int sd_signals_install(struct sd_thread *t); /* SIGSYS, SIGSEGV and SIGBUS as the hook needs them */
void sd_signals_for_exec(struct sd_thread *t, int undo);
void sd_mask_until_exit(struct sd_thread *t);
void sd_unmask_now(struct sd_thread *t); /* undoes that, before the thread waits */
void sd_unblock_sync(struct sd_thread *t);
u64 sd_block_all(void); /* returns the mask in force before */
void sd_set_mask(u64 mask);
void sd_raise(struct sd_thread *t, int sig); /* to this thread, delivered at the exit */
enum sd_way sd_call_sigaction(struct sd_thread *t);
enum sd_way sd_call_sigaltstack(struct sd_thread *t);
enum sd_way sd_call_sigsuspend(struct sd_thread *t);
enum sd_way sd_call_sigprocmask(struct sd_thread *t);
enum sd_way sd_call_ppoll(struct sd_thread *t);
enum sd_way sd_call_pselect(struct sd_thread *t);
enum sd_way sd_call_epoll_pwait(struct sd_thread *t);
enum sd_way sd_call_signalfd(struct sd_thread *t);
void sd_alt_check(struct sd_thread *t);
void sd_wait_mask(struct sd_thread *t, u64 mask); /* in force until the exit */
/* The same with a sixth argument { mask, size }, if there is one: 0 or -errno. */
long sd_wait_mask_arg(struct sd_thread *t);

/* trap.c, signal.c: called by entry.S */
void sd_sigsys(int sig, struct sd_siginfo *si, struct sd_ucontext *uc);
u64 sd_signal(int sig, struct sd_siginfo *si, struct sd_ucontext *uc, u64 *mask);
void sd_exit_prepare(struct sd_thread *t);

/* util.c */
void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);
void *memmove(void *d, const void *s, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int sd_streq(const char *a, const char *b);
int sd_starts(const char *s, const char *with);
char *sd_stpcpy(char *d, const char *s);
char *sd_utoa(char *d, u64 v);
char *sd_xtoa(char *d, u32 v); /* 8 digits */
u64 sd_atou(const char *s);
int sd_copy_from_prog(void *dst, const void *prog, u64 len);
int sd_copy_to_prog(void *prog, const void *src, u64 len);
/* length, -EFAULT, -ENAMETOOLONG */
long sd_path_from_prog(char *dst, const char *prog);
void sd_lock(u32 *l);
void sd_unlock(u32 *l);
/* Messages, with kdom's levels: of those above the level that KDOM_LOG names none is printed. */
enum sd_log_level { SD_LOG_ERROR, SD_LOG_WARN, SD_LOG_INFO, SD_LOG_DEBUG, SD_LOG_LEVELS };
int sd_log_set(const char *name); /* -EINVAL: it is no level's. SD_LOG_WARN without it */
/* Prints "kdom-launch: place: cause: cure" on fd 2. */
void sd_say(enum sd_log_level level, const char *place, const char *cause, const char *cure);
void sd_die(const char *place, const char *cause, const char *cure) __attribute__((noreturn));

static inline enum sd_way sd_done(struct sd_thread *t, long ret)
{
	t->regs.rax = ret;
	return SD_DONE;
}

/* Start an edited call from the program's own arguments. */
static inline void sd_edit(struct sd_thread *t)
{
	t->edit_nr = t->regs.rax;
	t->edit[0] = t->regs.rdi;
	t->edit[1] = t->regs.rsi;
	t->edit[2] = t->regs.rdx;
	t->edit[3] = t->regs.r10;
	t->edit[4] = t->regs.r8;
	t->edit[5] = t->regs.r9;
}

#endif

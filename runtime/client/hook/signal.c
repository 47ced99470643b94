/* SPDX-License-Identifier: MIT */
/*
 * signal.c: delivers signals. One that arrives while the hook runs is kept and sent again, with
 * its siginfo, at the hook's exit, where the registers are the program's; otherwise the program's
 * handler runs in the frame that the kernel made, after the context in it was made the program's.
 *
 * The kernel's handler for every signal the program catches is sd_signal_entry, with all signals
 * blocked; the handler's own mask is set just before it starts. The hook always handles SIGSYS,
 * SIGSEGV and SIGBUS itself. sigcalls.c has the calls.
 */
#include "hook/hook.h"
#include <sd/qp.h>

/* The mask while the hook continues after it kept a signal: faults of its copies must be
 * delivered. */
#define KEEP_MASK (~(SYNC_BITS | SIGBIT(SIGSYS)))

extern struct sd_site sd_site[];

u64 sd_block_all(void)
{
	u64 mask = KEEP_MASK, old = 0;

	sys(__NR_rt_sigprocmask, SIG_SETMASK, &mask, &old, 8);
	return old;
}

void sd_set_mask(u64 mask)
{
	sys(__NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
}

/* Every signal blocked until the exit, the program's mask in t->final_mask. */
void sd_mask_until_exit(struct sd_thread *t)
{
	if (t->masked == SD_MASKED_ALL)
		return;
	u64 old = sd_block_all();

	if (!t->masked) /* no signal was kept in between */
		t->final_mask = old;
	t->masked = SD_MASKED_ALL;
	t->slow = 1;
}

void sd_unmask_now(struct sd_thread *t)
{
	u64 mask = t->final_mask;

	if (t->masked != SD_MASKED_ALL || t->kept || t->has_wait_mask)
		return;
	if (mask & SYNC_BITS) {
		t->masked = SD_MASKED_SYNC;
	} else {
		t->slow = 0;
		t->masked = 0;
	}
	sd_set_mask(mask & ~SYNC_BITS);
}

/*
 * If the program blocks SIGSEGV and SIGBUS a fault of the hook's copies would kill it. Programs
 * block them only for short times (pthread_create, posix_spawn), so the hook simply unblocks them
 * for a call that it handles.
 */
void sd_unblock_sync(struct sd_thread *t)
{
	u64 now = 0;

	if (t->masked)
		return;
	sys(__NR_rt_sigprocmask, SIG_BLOCK, 0, &now, 8);
	if (!(now & SYNC_BITS)) {
		t->sync_blocked = 0;
		return;
	}
	sd_mask_until_exit(t);
	sd_unmask_now(t);
}

/* Like ppoll's mask: in force from now to the exit; signals that it allows are delivered under
 * it. */
void sd_wait_mask(struct sd_thread *t, u64 mask)
{
	sd_mask_until_exit(t);
	t->wait_mask = mask & ~(SIGBIT(SIGSYS) | SYNC_BITS);
	t->has_wait_mask = 1;
}

long sd_wait_mask_arg(struct sd_thread *t)
{
	u64 arg[2], mask;

	if (!t->regs.r9)
		return 0;
	if (sd_copy_from_prog(arg, (void *)t->regs.r9, sizeof(arg)))
		return -EFAULT;
	if (!arg[0])
		return 0;
	if (arg[1] != sizeof(mask))
		return -EINVAL;
	if (sd_copy_from_prog(&mask, (void *)arg[0], sizeof(mask)))
		return -EFAULT;
	sd_wait_mask(t, mask);
	return 0;
}

static int pc_in(u64 pc, const char *begin, const char *end)
{
	return pc >= (u64)begin && pc < (u64)end;
}

/* A fault in one of entry.S's copies continues at the copy's fixup address. */
static int fault_fixup(struct sd_ucontext *uc)
{
	if (pc_in(uc->rip, sd_copy_begin, sd_copy_end))
		uc->rip = (u64)sd_copy_end;
	else if (pc_in(uc->rip, sd_str_begin, sd_str_end) ||
		 pc_in(uc->rip, sd_pathcopy_begin, sd_pathcopy_end))
		uc->rip = (u64)sd_str_fault;
	else if (pc_in(uc->rip, sd_cx_begin, sd_cx_end))
		uc->rip = (u64)sd_cx_fault;
	else
		return 0;
	return 1;
}

static void load_regs(struct sd_ucontext *uc, const struct sd_regs *r)
{
	uc->rax = r->rax;
	uc->rbx = r->rbx;
	uc->rdx = r->rdx;
	uc->rsi = r->rsi;
	uc->rdi = r->rdi;
	uc->rbp = r->rbp;
	uc->rsp = r->rsp;
	uc->r8 = r->r8;
	uc->r9 = r->r9;
	uc->r10 = r->r10;
	uc->r12 = r->r12;
	uc->r13 = r->r13;
	uc->r14 = r->r14;
	uc->r15 = r->r15;
}

/* The call hasn't been made: back to the site, so that PC and registers look native. */
static void back_to_site(struct sd_ucontext *uc, const struct sd_site *s, int number_known)
{
	uc->rip = !number_known || uc->rax == s->nr ? s->start : s->trapped - 2;
}

/* The program's state during the exit, whichever registers are loaded already. */
static void finish_exit(struct sd_thread *t, struct sd_ucontext *uc)
{
	u64 masked = t->masked;

	load_regs(uc, &t->regs);
	if (t->exit_rip == t->ret)
		uc->rip = t->ret;
	else
		back_to_site(uc, t->site, 1);
	if (masked) {
		uc->mask = t->final_mask;
		t->masked = t->mask_next = t->slow = 0;
	}
}

/* Makes the interrupted context the program's. 0: the hook itself was interrupted. */
static int make_program(struct sd_thread *t, struct sd_ucontext *uc)
{
	u64 pc = uc->rip;

	if (pc_in(pc, sd_stubs, sd_stubs_end)) {
		u64 off = (pc - (u64)sd_stubs) % SD_STUB_SIZE;
		struct sd_site *s = &sd_site[(pc - (u64)sd_stubs) / SD_STUB_SIZE];

		if (off <= SD_STUB_SYS)
			back_to_site(uc, s, off >= SD_STUB_TRAP);
		else
			uc->rip = s->ret;
	} else if (pc_in(pc, sd_entry_begin, sd_entry_end)) {
		back_to_site(uc, (struct sd_site *)uc->rcx, 1);
	} else if (pc_in(pc, sd_exit_begin, sd_exit_end) ||
		   pc_in(pc, sd_unmask_begin, sd_unmask_end)) {
		finish_exit(t, uc);
	} else if (pc_in(pc, sd_edited_begin, sd_edited_end)) {
		u64 result = uc->rax;

		load_regs(uc, &t->regs);
		if (pc >= (u64)sd_edited_done) {
			uc->rax = result;
			uc->rip = t->ret;
		} else {
			back_to_site(uc, t->site, 1);
		}
	} else if (pc_in(pc, __executable_start, etext) &&
		   !pc_in(pc, sd_handler_begin, sd_handler_end) &&
		   !pc_in(pc, sd_restorer, sd_restorer_end)) {
		return 0;
	}
	return 1;
}

static void signal_keep(struct sd_thread *t, int sig, const struct sd_siginfo *si)
{
	for (u32 i = 0; i < t->kept; i++)
		if (sig < 32 && t->keep[i].signo == sig)
			return; /* as the kernel does with one that is pending already */
	if (t->kept == SD_KEEP)
		sd_die("signals", "more signals kept than there is room for",
		       "report this as a bug of the hook");
	t->keep[t->kept] = *si;
	t->keep[t->kept++].signo = sig;
}

static void keep_for_exit(struct sd_thread *t, int sig, const struct sd_siginfo *si,
			  struct sd_ucontext *uc)
{
	signal_keep(t, sig, si);
	if (!t->masked && uc->mask != KEEP_MASK)
		t->final_mask = uc->mask;
	if (t->masked || uc->mask != KEEP_MASK)
		t->masked = SD_MASKED_ALL;
	uc->mask = KEEP_MASK;
	t->interrupted |=
		t->sighand->act[sig - 1].flags & SA_RESTART ? SD_INTR_RESTART : SD_INTR_EINTR;
	t->slow = 1;
	if (t->qp_now)
		sd_qp_interrupt(t->qp_now);
	if (pc_in(uc->rip, sd_wait_begin,
		  sd_wait_syscall_end)) /* about to sleep in sd_raw_wait() */
		uc->rip = (u64)sd_wait_eintr;
	if (pc_in(uc->rip, sd_wait6_begin, sd_wait6_syscall_end))
		uc->rip = (u64)sd_wait6_again;
}

/* Sends the same signal to this thread again; it is blocked now. */
static void send_again(int sig, struct sd_siginfo *si)
{
	u32 pid = sys(__NR_getpid), tid = sys(__NR_gettid);

	if (sys(__NR_rt_tgsigqueueinfo, pid, tid, sig, si))
		sys(__NR_tgkill, pid, tid, sig);
}

/* A signal that the program's call causes, such as SIGPIPE, delivered when the call is over. */
void sd_raise(struct sd_thread *t, int sig)
{
	struct sd_siginfo si = {.signo = sig};

	sd_mask_until_exit(t);
	si.body[0] = (u32)sys(__NR_getpid) | (u64)sys(__NR_getuid) << 32;
	signal_keep(t, sig, &si);
}

void sd_exit_prepare(struct sd_thread *t)
{
	for (u32 i = 0; i < t->kept; i++)
		send_again(t->keep[i].signo, &t->keep[i]);
	t->slow = t->mask_next = 0;
	t->resume_mask = t->final_mask;
	if (t->kept &&
	    t->has_wait_mask) { /* deliver under ppoll's mask, then restore the program's */
		t->slow = 1;
		t->mask_next = SD_MASKED_ALL;
		t->resume_mask = t->wait_mask;
	} else if (!t->masked) {
		sys(__NR_rt_sigprocmask, SIG_SETMASK, 0, &t->resume_mask, 8);
	}
	t->kept = 0;
	t->interrupted = 0;
	t->has_wait_mask = 0;
}

static void default_action(int sig, struct sd_siginfo *si)
{
	struct sd_ksigaction dfl = {.handler = SIG_DFL};

	sys(__NR_rt_sigaction, sig, &dfl, 0, 8);
	if (si->code <= 0 || sig == SIGSYS)
		send_again(sig, si); /* a fault happens again on its own */
}

/* The program's handler, or 0 if there is none to run (any more). */
static u64 handler_for(struct sd_thread *t, int sig, struct sd_siginfo *si, struct sd_ucontext *uc,
		       u64 *mask)
{
	struct sd_sighand *h = t->sighand;
	struct sd_ksigaction *a = &h->act[sig - 1], act;

	sd_lock(&h->lock);
	act = *a;
	if (act.handler > SIG_IGN && (act.flags & SA_RESETHAND)) {
		a->handler = SIG_DFL;
		sd_kernel_action(sig, a);
	}
	sd_unlock(&h->lock);

	if (act.handler == SIG_IGN && si->code <= 0)
		return 0;
	if (act.handler <= SIG_IGN) {
		default_action(sig, si);
		return 0;
	}
	*mask = uc->mask | act.mask;
	if (!(act.flags & SA_NODEFER))
		*mask |= SIGBIT(sig);
	*mask &= ~SIGBIT(SIGSYS);
	if (*mask & SYNC_BITS)
		t->sync_blocked = 1;
	if ((act.flags & SA_ONSTACK) && !(t->alt.flags & SS_DISABLE))
		t->look |= SD_LOOK_ALT;
	return act.handler;
}

u64 sd_signal(int sig, struct sd_siginfo *si, struct sd_ucontext *uc, u64 *mask)
{
	struct sd_thread *t = sd_self();

	if ((sig == SIGSEGV || sig == SIGBUS) && si->code > 0 &&
	    pc_in(uc->rip, __executable_start, etext)) {
		if (fault_fixup(uc))
			return 0;
		default_action(sig, si);
		sd_say(SD_LOG_ERROR, "hook", "broken invariant: a fault in the hook itself",
		       "report this with a core dump of the program (ulimit -c unlimited)");
		return 0;
	}
	if (!make_program(t, uc)) {
		keep_for_exit(t, sig, si, uc);
		return 0;
	}
	return handler_for(t, sig, si, uc, mask);
}

/* SPDX-License-Identifier: MIT */
/*
 * sigcalls.c: the calls that set actions, masks and the alternate stack. The program's actions are
 * kept in struct sd_sighand; SIGSYS never gets into a mask, since the kernel kills a thread that
 * traps with SIGSYS blocked; the alternate stack is set with SS_AUTODISARM, since a thread that
 * makes a call from a handler on it switches to the hook stack, and the next signal frame would
 * overwrite the first.
 */
#include "hook/hook.h"

#define SA_EXPOSE_TAGBITS 0x800ull
#define KNOWN_FLAGS                                                                        \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
	 SA_RESETHAND | SA_RESTORER | SA_EXPOSE_TAGBITS)

static int always_ours(int sig)
{
	return sig == SIGSYS || sig == SIGSEGV || sig == SIGBUS;
}

/* Sets the kernel's action for the program's action `a`. */
long sd_kernel_action(int sig, const struct sd_ksigaction *a)
{
	struct sd_ksigaction k = *a;

	if (k.handler > SIG_IGN || always_ours(sig)) {
		k.flags = (a->flags & ~(SA_RESETHAND | SA_NODEFER)) | SA_SIGINFO | SA_RESTORER;
		k.handler = (u64)sd_signal_entry;
		k.restorer = (u64)sd_restorer;
		k.mask = ~0ull;
	}
	if (sig == SIGSYS) {
		k.handler = (u64)sd_sigsys_entry;
		k.flags = (k.flags & ~SA_RESTART) | SA_ONSTACK;
		k.mask = ~SYNC_BITS;
	}
	return sys(__NR_rt_sigaction, sig, &k, 0, 8);
}

/* Reads the actions that this process inherited. */
void sd_signals_init(struct sd_thread *t)
{
	u64 mask = SIGBIT(SIGSYS), old = 0;

	t->sighand = &t->own_sighand;
	for (int sig = 1; sig <= NSIG; sig++)
		sys(__NR_rt_sigaction, sig, 0, &t->sighand->act[sig - 1], 8);
	sys(__NR_rt_sigprocmask, SIG_UNBLOCK, &mask, &old, 8);
	t->sync_blocked = (old & SYNC_BITS) != 0;
}

int sd_signals_install(struct sd_thread *t)
{
	long err = sd_kernel_action(SIGSYS, &t->sighand->act[SIGSYS - 1]);

	err = err ?: sd_kernel_action(SIGSEGV, &t->sighand->act[SIGSEGV - 1]);
	return err ?: sd_kernel_action(SIGBUS, &t->sighand->act[SIGBUS - 1]);
}

/* An ignored signal stays ignored over exec; a handler of ours wouldn't. */
void sd_signals_for_exec(struct sd_thread *t, int undo)
{
	static const int ours[] = {SIGSYS, SIGSEGV, SIGBUS};
	struct sd_ksigaction ign = {.handler = SIG_IGN};

	for (u32 i = 0; i < 3; i++) {
		struct sd_ksigaction *a = &t->sighand->act[ours[i] - 1];

		if (a->handler != SIG_IGN || (ours[i] == SIGSYS && !undo))
			continue;
		if (undo)
			sd_kernel_action(ours[i], a);
		else
			sys(__NR_rt_sigaction, ours[i], &ign, 0, 8);
	}
}

/* rt_sigaction(sig, act, oact, size) */
enum sd_way sd_call_sigaction(struct sd_thread *t)
{
	u64 sig = (u32)t->regs.rdi;
	struct sd_ksigaction act = {0}, old;
	struct sd_sighand *h = t->sighand;
	int set = t->regs.rsi != 0;
	long err = 0;

	if (t->regs.r10 != 8 || !sig || sig > NSIG || (set && (sig == SIGKILL || sig == SIGSTOP)))
		return sd_next(t, SD_STAGE_HOOK); /* EINVAL */
	if (set && sd_copy_from_prog(&act, (void *)t->regs.rsi, sizeof(act)))
		return sd_done(t, -EFAULT);
	sd_lock(&h->lock);
	old = h->act[sig - 1];
	if (set) {
		act.flags &= KNOWN_FLAGS;
		act.mask &= ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
		err = sd_kernel_action(sig, &act);
		if (!err)
			h->act[sig - 1] = act;
	}
	sd_unlock(&h->lock);
	if (!err && t->regs.rdx)
		err = sd_copy_to_prog((void *)t->regs.rdx, &old, sizeof(old));
	return sd_done(t, err);
}

/* ---- the alternate stack ---- */
static int on_alt(const struct sd_thread *t)
{
	return !(t->alt.flags & SS_DISABLE) && t->regs.rsp - t->alt.sp <= t->alt.size;
}

static long set_alt(const struct sd_stackt *s)
{
	struct sd_stackt k = *s;

	if (!(k.flags & SS_DISABLE))
		k.flags |= SS_AUTODISARM;
	return sys(__NR_sigaltstack, &k, 0);
}

/* A handler may have left the alternate stack by longjmp: no sigreturn, so it is still disarmed. */
void sd_alt_check(struct sd_thread *t)
{
	struct sd_stackt now;

	if (on_alt(t))
		return;
	t->look &= ~SD_LOOK_ALT;
	sys(__NR_sigaltstack, 0, &now);
	if ((now.flags & SS_DISABLE) && !(t->alt.flags & SS_DISABLE))
		set_alt(&t->alt);
}

enum sd_way sd_call_sigaltstack(struct sd_thread *t)
{
	struct sd_stackt new, old = t->alt;
	long err = 0;

	if (t->regs.rdi) {
		if (sd_copy_from_prog(&new, (void *)t->regs.rdi, sizeof(new)))
			return sd_done(t, -EFAULT);
		if (on_alt(t) && !(t->alt.flags & SS_AUTODISARM))
			return sd_done(t, -EPERM);
		sd_mask_until_exit(t);
		err = set_alt(&new);
		if (err)
			return sd_done(t, err);
		t->alt = new;
		t->alt.flags &= SS_DISABLE | SS_AUTODISARM;
		if (new.flags & SS_DISABLE)
			t->alt.sp = t->alt.size = 0;
	}
	if (t->regs.rsi) {
		if (!(old.flags & SS_DISABLE) && t->regs.rsp - old.sp <= old.size)
			old.flags |= SS_ONSTACK;
		err = sd_copy_to_prog((void *)t->regs.rsi, &old, sizeof(old));
	}
	return sd_done(t, err);
}

/* ---- masks ---- */
/* Argument arg points to a mask of `size` bytes, from which SIGSYS is removed. True: it was
 * edited. */
static bool edit_mask(struct sd_thread *t, int arg, u64 ptr, u64 size)
{
	u64 mask;

	if (!ptr || size != 8 || sd_copy_from_prog(&mask, (void *)ptr, 8) ||
	    !(mask & SIGBIT(SIGSYS)))
		return false;
	mask &= ~SIGBIT(SIGSYS);
	memcpy(t->tmp, &mask, 8);
	sd_edit(t);
	t->edit[arg] = (u64)t->tmp;
	return true;
}

static enum sd_way strip_sigsys(struct sd_thread *t, int arg, u64 ptr, u64 size)
{
	return edit_mask(t, arg, ptr, size) ? SD_EDITED : sd_next(t, SD_STAGE_HOOK);
}

enum sd_way sd_call_sigprocmask(struct sd_thread *t)
{
	u64 mask;

	if (t->regs.rdi == SIG_UNBLOCK || !t->regs.rsi)
		return sd_next(t, SD_STAGE_HOOK);
	if (!sd_copy_from_prog(&mask, (void *)t->regs.rsi, 8) && (mask & SYNC_BITS))
		t->sync_blocked = 1;
	return strip_sigsys(t, 1, t->regs.rsi, t->regs.r10);
}

enum sd_way sd_call_sigsuspend(struct sd_thread *t)
{
	return strip_sigsys(t, 0, t->regs.rdi, t->regs.rsi);
}

enum sd_way sd_call_ppoll(struct sd_thread *t)
{
	return strip_sigsys(t, 3, t->regs.r10, t->regs.r8);
}

enum sd_way sd_call_epoll_pwait(struct sd_thread *t)
{
	return strip_sigsys(t, 4, t->regs.r8, t->regs.r9);
}

enum sd_way sd_call_signalfd(struct sd_thread *t)
{
	return strip_sigsys(t, 1, t->regs.rsi, t->regs.rdx);
}

/* pselect6, io_pgetevents: the last argument points to { mask, size }. */
enum sd_way sd_call_pselect(struct sd_thread *t)
{
	struct {
		u64 ptr, size;
	} arg;

	if (!t->regs.r9 || sd_copy_from_prog(&arg, (void *)t->regs.r9, sizeof(arg)) ||
	    !edit_mask(t, 5, arg.ptr, arg.size))
		return sd_next(t, SD_STAGE_HOOK);
	arg.ptr = (u64)t->tmp;
	memcpy(t->tmp + 16, &arg, sizeof(arg));
	t->edit[5] = (u64)(t->tmp + 16);
	return SD_EDITED;
}

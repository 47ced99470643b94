/* SPDX-License-Identifier: MIT */
/*
 * clone.c: new threads and processes. The host clears Syscall User Dispatch in each, and copies GS,
 * so a child that shares memory starts on a hook stack of its own, with every signal blocked, and
 * enters the program from there. A forked child continues in its copy of the parent's hook stack.
 */
#include "process/process.h"

#define CLONE_ARGS_MAX 128

static void cannot_arm(void)
{
	sd_die(sd_exe_path,
	       "a child can't be hooked: prctl(PR_SET_SYSCALL_USER_DISPATCH) was refused",
	       "the program's seccomp filter has to allow prctl and arch_prctl");
}

/* On the child's own hook stack; afterwards entry.S leaves for the program. */
static void start_child(struct sd_thread *t)
{
	if (sd_arm(t))
		cannot_arm();
	if (t->sighand == &t->own_sighand)
		sd_signals_install(t);
	if (t->fork)
		sd_files_in_child(t, t->fork);
	t->fork = NULL;
	if (t->foreign)
		sd_caps_foreign(t);
}

static struct sd_thread *child_thread(struct sd_thread *t, u64 flags, u64 stack)
{
	struct sd_thread *c = sd_thread_new();

	if (!c)
		return NULL;
	c->regs = t->regs;
	c->regs.rax = 0;
	if (stack)
		c->regs.rsp = stack;
	c->site = t->site;
	c->ret = c->exit_rip = t->ret;
	c->final_mask = t->final_mask;
	c->slow = 1;
	c->start = start_child;
	c->masked = SD_MASKED_ALL;
	c->sync_blocked = 1;
	c->foreign = (flags & CLONE_NEWUSER) != 0;
	c->parent_frees = (flags & CLONE_VFORK) != 0;
	if ((flags & CLONE_VFORK) != 0)
		c->alt = t->alt;
	c->files = t->files;
	c->sighand = t->sighand;
	if (!(flags & CLONE_SIGHAND)) {
		sd_lock(&t->sighand->lock);
		c->own_sighand = *t->sighand;
		sd_unlock(&t->sighand->lock);
		c->own_sighand.lock = 0;
		c->sighand = &c->own_sighand;
		if (flags & CLONE_CLEAR_SIGHAND)
			for (int i = 0; i < NSIG; i++)
				if (c->own_sighand.act[i].handler != SIG_IGN)
					c->own_sighand.act[i] = (struct sd_ksigaction){0};
	}
	return c;
}

/* After the call, in the parent. The child of a vfork has left this memory by now. */
static void parent_after(struct sd_thread *c, u64 flags, long ret)
{
	if (c->exec_mem) {
		sys(__NR_munmap, c->exec_mem, c->exec_len);
		c->exec_mem = 0;
	}
	if (ret < 0 || (flags & CLONE_VFORK))
		sd_thread_free(c);
}

static void fork_locks(struct sd_thread *t, int take)
{
	if (take) {
		sd_sites_lock();
		sd_threads_lock();
		sd_lock(&t->sighand->lock);
	} else {
		sd_unlock(&t->sighand->lock);
		sd_threads_unlock();
		sd_sites_unlock();
	}
}

static void forked_child(struct sd_thread *t, u64 flags, u64 stack, struct sd_fork *k)
{
	if (stack)
		t->regs.rsp = stack;
	if (k) {
		sd_files_in_child(t, k);
		sd_not_alone = sd_files_lent = 0;
	}
	sd_thread_only(t);
	t->parent_frees = 0;
	t->exec_mem = 0;
	if (t->sighand !=
	    &t->own_sighand) { /* it may be in the region of a thread that the child doesn't have */
		t->own_sighand = *t->sighand;
		t->sighand = &t->own_sighand;
	}
	if (sd_arm(t))
		cannot_arm();
	if (flags & CLONE_NEWUSER)
		sd_caps_foreign(t);
	if (flags & CLONE_CLEAR_SIGHAND) {
		for (int i = 0; i < NSIG; i++)
			if (t->own_sighand.act[i].handler != SIG_IGN)
				t->own_sighand.act[i] = (struct sd_ksigaction){0};
		sd_signals_install(t);
	}
}

/* The call itself, with everything around it. args: clone3's, with the stack to be filled in. */
static enum sd_way clone_hooked(struct sd_thread *t, u64 flags, u64 stack, const u64 arg[5],
				long nr, struct clone_args *args)
{
	struct sd_thread *c = NULL;
	struct sd_fork k;
	int files = !(flags & CLONE_FILES);
	long ret = 0;

	sd_mask_until_exit(t);
	if (!files || (flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
		sd_not_alone = 1;
	if (!files && !(flags & CLONE_THREAD))
		sd_files_lent = 1;
	if (files)
		ret = sd_files_before_fork(t, &k, (flags & CLONE_VM) != 0);
	if (ret)
		return sd_done(t, ret);
	if (flags & CLONE_VM) {
		c = child_thread(t, flags, stack);
		if (!c) {
			if (files)
				sd_files_after_fork(t, &k, 1);
			return sd_done(t, -ENOMEM);
		}
		c->fork = files && t->files ? &k.copy->fork : NULL; /* k is on this stack */
		if (args) {
			args->stack = c->stack - PAGE;
			args->stack_size = PAGE;
		}
	} else {
		fork_locks(t, 1);
	}
	ret = sd_raw_clone(nr, arg[0], nr == __NR_clone ? (c ? c->stack : 0) : arg[1], arg[2],
			   arg[3], arg[4], c);
	if (!c) {
		fork_locks(t, 0);
		if (!ret) {
			forked_child(t, flags, stack, files ? &k : NULL);
			return sd_done(t, 0);
		}
	}
	if (files)
		sd_files_after_fork(t, &k, ret < 0 || (flags & CLONE_VFORK));
	if (c)
		parent_after(c, flags, ret);
	return sd_done(t, ret);
}

static enum sd_way do_clone(struct sd_thread *t, const u64 a[5])
{
	return clone_hooked(t, a[0], a[1], a, __NR_clone, NULL);
}

enum sd_way sd_call_clone(struct sd_thread *t)
{
	u64 a[5] = {t->regs.rdi, t->regs.rsi, t->regs.rdx, t->regs.r10, t->regs.r8};

	a[0] &= 0xffffffff; /* the legacy call has 32 bits of flags */
	return do_clone(t, a);
}

enum sd_way sd_call_fork(struct sd_thread *t)
{
	u64 a[5] = {SIGCHLD};

	return do_clone(t, a);
}

enum sd_way sd_call_vfork(struct sd_thread *t)
{
	u64 a[5] = {CLONE_VM | CLONE_VFORK | SIGCHLD};

	return do_clone(t, a);
}

/* clone3(args, size): the structure is copied, its stack replaced. */
enum sd_way sd_call_clone3(struct sd_thread *t)
{
	union {
		struct clone_args a;
		u8 bytes[CLONE_ARGS_MAX];
	} u;
	u64 size = t->regs.rsi, stack;

	memset(&u, 0, sizeof(u));
	if (size < CLONE_ARGS_SIZE_VER0 || size > sizeof(u))
		return size > sizeof(u) ? sd_done(t, -E2BIG)
					: sd_next(t, SD_STAGE_HOOK); /* EINVAL */
	if (sd_copy_from_prog(&u, (void *)t->regs.rdi, size))
		return sd_done(t, -EFAULT);
	if (!u.a.stack != !u.a.stack_size)
		return sd_done(t, -EINVAL);
	stack = u.a.stack + u.a.stack_size;
	u.a.stack = u.a.stack_size = 0;
	u64 arg[5] = {(u64)&u, size};

	return clone_hooked(t, u.a.flags, stack, arg, __NR_clone3, &u.a);
}

/* exit(status) of one thread: its region is free from the moment it no longer needs a stack. */
enum sd_way sd_call_exit(struct sd_thread *t)
{
	static u32 nobody;
	u64 mask = ~0ull;

	if (sd_no_patch) /* under seccomp: no call that the program doesn't make */
		return sd_next(t, SD_STAGE_HOOK);
	sys(__NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, 8);
	if (sd_thread_last(t))
		sd_files_exit(t);
	sd_qps_free(t);
	/* Another thread may still use the actions kept in this region. */
	sd_raw_exit(t->regs.rdi,
		    t->parent_frees || t->sighand == &t->own_sighand ? &nobody : &t->busy);
}

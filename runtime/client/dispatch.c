/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c: which calls the hook looks at, and what leaving it means. Every call that isn't in
 * the table is the host's, and entry.S sends it there without saving a register.
 */
#include "names/names.h"

#define PR_SYS_DISPATCH_OFF 0

u8 sd_kind[SD_KINDS];

static enum sd_way call_prctl(struct sd_thread *t)
{
	if (t->regs.rdi == PR_SET_SYSCALL_USER_DISPATCH) {
		sd_say("prctl(PR_SET_SYSCALL_USER_DISPATCH)", "the hook itself stands on it",
		       "run this program without kdom");
		return sd_done(t, -EINVAL);
	}
	if (t->regs.rdi == PR_SET_SECCOMP)
		sd_no_patch = 1;
	return SD_HOST;
}

static enum sd_way call_seccomp(struct sd_thread *t)
{
	sd_no_patch = 1;
	return SD_HOST;
}

static enum sd_way call_arch_prctl(struct sd_thread *t)
{
	u64 zero = 0;

	if (t->regs.rdi == ARCH_SET_GS) {
		sd_say("arch_prctl(ARCH_SET_GS)", "the hook keeps its thread pointer in GS",
		       "run this program without kdom");
		return sd_done(t, -EPERM);
	}
	if (t->regs.rdi == ARCH_GET_GS)
		return sd_done(t, sd_copy_to_prog((void *)t->regs.rsi, &zero, 8));
	return SD_HOST;
}

static sd_call_fn calls[SD_KINDS] = {
	[__NR_rt_sigaction] = sd_call_sigaction,
	[__NR_rt_sigprocmask] = sd_call_sigprocmask,
	[__NR_sigaltstack] = sd_call_sigaltstack,
	[__NR_rt_sigsuspend] = sd_call_sigsuspend,
	[__NR_ppoll] = sd_call_ppoll,
	[__NR_pselect6] = sd_call_pselect,
	[__NR_io_pgetevents] = sd_call_pselect,
	[__NR_epoll_pwait] = sd_call_epoll_pwait,
	[__NR_epoll_pwait2] = sd_call_epoll_pwait,
	[__NR_signalfd] = sd_call_signalfd,
	[__NR_signalfd4] = sd_call_signalfd,
	[__NR_clone] = sd_call_clone,
	[__NR_clone3] = sd_call_clone3,
	[__NR_fork] = sd_call_fork,
	[__NR_vfork] = sd_call_vfork,
	[__NR_exit] = sd_call_exit,
	[__NR_execve] = sd_call_execve,
	[__NR_execveat] = sd_call_execveat,
	[__NR_open] = sd_call_path0,
	[__NR_stat] = sd_call_path0,
	[__NR_access] = sd_call_path0,
	[__NR_readlink] = sd_call_readlink,
	[__NR_openat] = sd_call_path1,
	[__NR_openat2] = sd_call_path1,
	[__NR_newfstatat] = sd_call_path1,
	[__NR_statx] = sd_call_path1,
	[__NR_faccessat] = sd_call_path1,
	[__NR_faccessat2] = sd_call_path1,
	[__NR_readlinkat] = sd_call_readlinkat,
	[__NR_prctl] = call_prctl,
	[__NR_seccomp] = call_seccomp,
	[__NR_arch_prctl] = call_arch_prctl,
};

/* With domains, the calls about fds as such; they hand what isn't theirs to the table above. */
static const struct {
	u16 nr;
	sd_call_fn fn;
} with_domains[] = {
	{__NR_close, sd_call_close},
	{__NR_close_range, sd_call_close_range},
	{__NR_dup, sd_call_dup},
	{__NR_dup2, sd_call_dup2},
	{__NR_dup3, sd_call_dup2},
	{__NR_fcntl, sd_call_fcntl},
	{__NR_ioctl, sd_call_ioctl},
	{__NR_sendmsg, sd_call_sendmsg},
	{__NR_sendmmsg, sd_call_sendmsg},
	{__NR_recvmsg, sd_call_recvmsg},
	{__NR_recvmmsg, sd_call_recvmsg},
	{__NR_poll, sd_call_poll},
	{__NR_ppoll, sd_call_poll},
	{__NR_select, sd_call_select},
	{__NR_pselect6, sd_call_select},
	{__NR_epoll_ctl, sd_call_epoll_ctl},
	{__NR_epoll_wait, sd_call_epoll_wait},
	{__NR_epoll_pwait, sd_call_epoll_wait},
	{__NR_epoll_pwait2, sd_call_epoll_wait},
	{__NR_sendfile, sd_call_sendfile},
	{__NR_splice, sd_call_splice},
	{__NR_tee, sd_call_splice},
	{__NR_vmsplice, sd_call_splice},
	{__NR_copy_file_range, sd_call_splice},
	{__NR_io_uring_setup, sd_call_io_uring},
	{__NR_mmap, sd_call_mmap},
	{__NR_munmap, sd_call_munmap},
	{__NR_mremap, sd_call_mremap},
	{__NR_msync, sd_call_msync},
	{__NR_io_setup, sd_call_io_setup},
	{__NR_io_submit, sd_call_io_submit},
	{__NR_io_getevents, sd_call_io_getevents},
	{__NR_io_pgetevents, sd_call_io_getevents},
	{__NR_io_destroy, sd_call_io_destroy},
	{__NR_exit_group, sd_call_exit_group},
};

static sd_call_fn own[SD_KINDS]; /* of the hook, for calls that a domain has too */

/* The domain's if it wants the call; else, and for an fd of another domain, as without one. */
static enum sd_way call_shared(struct sd_thread *t)
{
	u64 nr = t->regs.rax;
	struct sd_fd e = sd_fd_get(t, (s32)t->regs.rdi);
	enum sd_way way = SD_HOST;

	if (e.kind != SD_FD_DOMAIN || sd_stub_for(e.dom, nr))
		way = sd_call_routed(t);
	return way == SD_HOST ? own[nr](t) : way;
}

/* What a later layer put itself before: names of files, fds without stubs, calls that domains hear
 * of. */
static sd_call_fn under[SD_KINDS];

static void take(u64 nr, sd_call_fn fn)
{
	under[nr] = calls[nr];
	calls[nr] = fn;
}

enum sd_way sd_call_under(struct sd_thread *t)
{
	sd_call_fn fn = under[t->regs.rax];

	return fn ? fn(t) : SD_HOST;
}

static u8 may_follow[SD_KINDS]; /* a promised call, in the same lane, before that is answered */

static void add_call(const struct sd_stub *s)
{
	sd_call_fn was = calls[s->nr];
	u8 credit = (s->flags & SD_STUB_CREDIT) != 0;

	if (was == sd_call_routed || was == call_shared) { /* another domain has it, too */
		may_follow[s->nr] &= credit;
		return;
	}
	own[s->nr] = was;
	calls[s->nr] = was ? call_shared : sd_call_routed;
	may_follow[s->nr] = credit && !was;
}

void sd_route_init(void)
{
	for (u32 d = 0; d < sd_ndomains; d++)
		for (u32 i = 0; i < sd_domain[d].stubs->n; i++) {
			const struct sd_stub *s = &sd_domain[d].stubs->stub[i];

			if (s->nr < SD_KINDS &&
			    (s->route == SD_ROUTE_FD || s->route == SD_ROUTE_KEY))
				add_call(s);
		}
	for (u32 i = 0; sd_ndomains && i < sizeof(with_domains) / sizeof(with_domains[0]); i++)
		calls[with_domains[i].nr] = with_domains[i].fn;
	sd_nostub_init(take);
	sd_paths_init(take);
	sd_also_init(take);
	for (u32 i = 0; i < SD_KINDS; i++) {
		sd_kind[i] = calls[i] != NULL;
		may_follow[i] |=
			calls[i] == sd_call_close ||
			calls[i] == sd_call_paths; /* they settle what they give to the host */
	}
}

static void look(struct sd_thread *t, u64 nr)
{
	if (t->look & SD_LOOK_ALT)
		sd_alt_check(t);
	if (!(nr < SD_KINDS && may_follow[nr]))
		sd_settle(t);
}

void sd_hook(struct sd_thread *t)
{
	u64 nr = t->regs.rax;
	enum sd_way way = SD_HOST;

	t->ret = t->site->ret;
	if (sd_unlikely(t->look))
		look(t, nr);
	if (nr < SD_KINDS && calls[nr]) {
		if (t->sync_blocked)
			sd_unblock_sync(t);
		way = calls[nr](t);
	}
	sd_store_release(&t->lanes_in_use, 0);
	if (sd_unlikely(sd_load_relaxed(&sd_lanes_wanted)))
		sd_hook_left(t);
	switch (way) {
	case SD_HOST:
		t->exit_rip = t->site->sys;
		break;
	case SD_EDITED:
		t->exit_rip = (u64)sd_edited;
		break;
	case SD_DONE:
		t->exit_rip = t->ret;
		break;
	case SD_AGAIN:
		t->exit_rip = sd_stub_of(t->site, SD_STUB_TRAP);
		if (sd_unlikely(t->refused))
			sd_refused_pause(t);
		break;
	}
}

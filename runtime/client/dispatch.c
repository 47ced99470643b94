/* SPDX-License-Identifier: MIT */
/*
 * dispatch.c: which functions handle a call, and in which order.
 *
 * The rooms of the client, from the lowest floor up; none uses anything of a room above it
 * (tests/lint/rooms.py):
 *
 *	hook      a call or signal enters and leaves; call sites; threads' regions
 *	channel   domains, attachments, queue pairs, one call of a domain, the map of fds
 *	names     names of files, the current directory
 *	calls     calls about fds: routed, dup, poll, epoll, sendfile, mmap, aio, mirrored ones ...
 *	process   clone, exec, exit
 *	dispatch  this file
 *	launch    the start
 *
 * A call passes through the stages of hook.h. rows[] says what is particular to a call: its
 * function at each stage. The rest follows from what a call is, by stage_function():
 *
 *	names     a call that names files (names/path_calls.c lists them, and domains' stubs do)
 *	fds       a call that some domain has a stub for, by fd or by key; or one about an open
 *	          file that no domain has a stub for (channel/domains.c lists them)
 *	hook      only what rows[] says
 *	mirrored  a call that some domain must repeat, or that may change capabilities
 *
 * Without domains the stages fds and mirrored are empty; without a domain that has files below a
 * path, names is.
 */
#include "dispatch.h"
#include "calls/calls.h"
#include "channel/observers.h"
#include "names/names.h"
#include "process/process.h"
#include "trace.h"

static enum sd_way call_prctl(struct sd_thread *t)
{
	if (t->regs.rdi == PR_SET_SYSCALL_USER_DISPATCH) {
		sd_say(SD_LOG_WARN, "prctl(PR_SET_SYSCALL_USER_DISPATCH)",
		       "the hook itself needs it", "run this program without kdom");
		return sd_done(t, -EINVAL);
	}
	if (t->regs.rdi == PR_SET_SECCOMP)
		sd_no_patch = 1;
	return sd_next(t, SD_STAGE_HOOK);
}

static enum sd_way call_seccomp(struct sd_thread *t)
{
	sd_no_patch = 1;
	return sd_next(t, SD_STAGE_HOOK);
}

static enum sd_way call_arch_prctl(struct sd_thread *t)
{
	u64 zero = 0;

	if (t->regs.rdi == ARCH_SET_GS) {
		sd_say(SD_LOG_WARN, "arch_prctl(ARCH_SET_GS)",
		       "the hook keeps its thread pointer in GS", "run this program without kdom");
		return sd_done(t, -EPERM);
	}
	if (t->regs.rdi == ARCH_GET_GS)
		return sd_done(t, sd_copy_to_prog((void *)t->regs.rsi, &zero, 8));
	return sd_next(t, SD_STAGE_HOOK);
}

static const struct row {
	u16 nr;
	sd_call_fn names, fds, hook;
} rows[] = {
	/* call			 names		   fds			 hook */
	{__NR_open, NULL, NULL, sd_call_path0},
	{__NR_stat, NULL, NULL, sd_call_path0},
	{__NR_access, NULL, NULL, sd_call_path0},
	{__NR_readlink, NULL, NULL, sd_call_readlink},
	{__NR_openat, NULL, NULL, sd_call_path1},
	{__NR_openat2, NULL, NULL, sd_call_path1},
	{__NR_newfstatat, NULL, NULL, sd_call_path1},
	{__NR_statx, NULL, NULL, sd_call_path1},
	{__NR_faccessat, NULL, NULL, sd_call_path1},
	{__NR_faccessat2, NULL, NULL, sd_call_path1},
	{__NR_readlinkat, NULL, NULL, sd_call_readlinkat},
	{__NR_chdir, sd_call_chdir, NULL, NULL},
	{__NR_fchdir, sd_call_fchdir, NULL, NULL},
	{__NR_getcwd, sd_call_getcwd, NULL, NULL},
	{__NR_chroot, sd_call_chroot, NULL, NULL},
	{__NR_bind, sd_call_sockname, NULL, NULL},
	{__NR_connect, sd_call_sockname, NULL, NULL},

	{__NR_close, NULL, sd_call_close, NULL},
	{__NR_close_range, NULL, sd_call_close_range, NULL},
	{__NR_dup, NULL, sd_call_dup, NULL},
	{__NR_dup2, NULL, sd_call_dup2, NULL},
	{__NR_dup3, NULL, sd_call_dup2, NULL},
	{__NR_fcntl, NULL, sd_call_fcntl, NULL},
	{__NR_ioctl, NULL, sd_call_ioctl, NULL},
	{__NR_sendmsg, NULL, sd_call_sendmsg, NULL},
	{__NR_sendmmsg, NULL, sd_call_sendmsg, NULL},
	{__NR_recvmsg, NULL, sd_call_recvmsg, NULL},
	{__NR_recvmmsg, NULL, sd_call_recvmsg, NULL},
	{__NR_sendfile, NULL, sd_call_sendfile, NULL},
	{__NR_splice, NULL, sd_call_splice, NULL},
	{__NR_tee, NULL, sd_call_splice, NULL},
	{__NR_vmsplice, NULL, sd_call_splice, NULL},
	{__NR_copy_file_range, NULL, sd_call_splice, NULL},
	{__NR_io_uring_setup, NULL, sd_call_io_uring, NULL},
	{__NR_mmap, NULL, sd_call_mmap, NULL},
	{__NR_munmap, NULL, sd_call_munmap, NULL},
	{__NR_mremap, NULL, sd_call_mremap, NULL},
	{__NR_msync, NULL, sd_call_msync, NULL},
	{__NR_io_setup, NULL, sd_call_io_setup, NULL},
	{__NR_io_submit, NULL, sd_call_io_submit, NULL},
	{__NR_io_destroy, NULL, sd_call_io_destroy, NULL},
	{__NR_io_getevents, NULL, sd_call_io_getevents, NULL},
	{__NR_io_pgetevents, NULL, sd_call_io_getevents, sd_call_pselect},
	{__NR_poll, NULL, sd_call_poll, NULL},
	{__NR_ppoll, NULL, sd_call_poll, sd_call_ppoll},
	{__NR_select, NULL, sd_call_select, NULL},
	{__NR_pselect6, NULL, sd_call_select, sd_call_pselect},
	{__NR_epoll_ctl, NULL, sd_call_epoll_ctl, NULL},
	{__NR_epoll_wait, NULL, sd_call_epoll_wait, NULL},
	{__NR_epoll_pwait, NULL, sd_call_epoll_wait, sd_call_epoll_pwait},
	{__NR_epoll_pwait2, NULL, sd_call_epoll_wait, sd_call_epoll_pwait},
	{__NR_exit_group, NULL, sd_call_exit_group, NULL},

	{__NR_rt_sigaction, NULL, NULL, sd_call_sigaction},
	{__NR_rt_sigprocmask, NULL, NULL, sd_call_sigprocmask},
	{__NR_sigaltstack, NULL, NULL, sd_call_sigaltstack},
	{__NR_rt_sigsuspend, NULL, NULL, sd_call_sigsuspend},
	{__NR_signalfd, NULL, NULL, sd_call_signalfd},
	{__NR_signalfd4, NULL, NULL, sd_call_signalfd},
	{__NR_clone, NULL, NULL, sd_call_clone},
	{__NR_clone3, NULL, NULL, sd_call_clone3},
	{__NR_fork, NULL, NULL, sd_call_fork},
	{__NR_vfork, NULL, NULL, sd_call_vfork},
	{__NR_exit, NULL, NULL, sd_call_exit},
	{__NR_execve, NULL, NULL, sd_call_execve},
	{__NR_execveat, NULL, NULL, sd_call_execveat},
	{__NR_prctl, NULL, NULL, call_prctl},
	{__NR_seccomp, NULL, NULL, call_seccomp},
	{__NR_arch_prctl, NULL, NULL, call_arch_prctl},
};

#define BY_FD_OR_KEY (1u << SD_ROUTE_FD | 1u << SD_ROUTE_KEY)

static sd_call_fn names_function(u64 nr, const struct row *r)
{
	if (!sd_nprefix)
		return NULL;
	if (r->names)
		return r->names;
	return sd_names_files(nr) ? sd_call_paths : NULL;
}

static sd_call_fn fds_function(u64 nr, const struct row *r)
{
	if (!sd_ndomains)
		return NULL;
	if (r->fds)
		return r->fds;
	if (sd_any_stub(nr, BY_FD_OR_KEY))
		return r->hook ? sd_call_routed_or_own : sd_call_routed;
	return sd_needs_no_stub(nr) && !sd_any_stub(nr, ~0u) ? sd_call_no_stub : NULL;
}

static sd_call_fn mirrored_function(u64 nr)
{
	if (sd_any_stub(nr, 1u << SD_ROUTE_MIRRORED) || (sd_ndomains && sd_caps_call(nr)))
		return sd_call_mirrored;
	return NULL;
}

static sd_call_fn stage_function(enum sd_stage s, u64 nr, const struct row *r)
{
	switch (s) {
	case SD_STAGE_NAMES:
		return names_function(nr, r);
	case SD_STAGE_FDS:
		return fds_function(nr, r);
	case SD_STAGE_HOOK:
		return r->hook;
	case SD_STAGE_MIRRORED:
		return mirrored_function(nr);
	default:
		return NULL;
	}
}

/*
 * May the call begin before an early one (sd/rpc.h) has been waited for? These functions wait
 * themselves, unless the call follows the early one in the same queue pair. A routed call may if
 * every domain's stub for it allows that.
 */
static bool may_follow(u64 nr, sd_call_fn first)
{
	if (first == sd_call_close || first == sd_call_paths)
		return true;
	for (u32 d = 0; d < sd_ndomains; d++) {
		const struct sd_stub *s = sd_stub_for(d, nr);

		if (s && BY_FD_OR_KEY >> s->route & 1 && !(s->flags & SD_STUB_CREDIT))
			return false;
	}
	return first == sd_call_routed;
}

/* Handlers for the rare events of enter.c and of the channel. */
static const struct sd_hook_events hook_events = {
	.settle = sd_settle_all,
	.leave = sd_hook_left,
	.refused = sd_refused_pause,
	.traced = sd_trace_call,
};

static const struct sd_observer *const observers[] = {
	&sd_mmap_observer,
	&sd_aio_observer,
	NULL,
};

static void fill_stages(u64 nr, const struct row *r)
{
	sd_call_fn first = NULL;

	for (u32 s = SD_STAGES; s--;) {
		first = stage_function(s, nr, r) ?: first;
		sd_stage[s][nr] = first;
	}
	if (first)
		sd_syscall_flags[nr] =
			SD_SYSCALL_HOOKED | (may_follow(nr, first) ? SD_SYSCALL_MAY_FOLLOW : 0);
}

void sd_dispatch_init(void)
{
	static const struct row nothing;
	const struct row *row_of[SD_NSYSCALLS];

	sd_hook_init(&hook_events);
	sd_observers_init(observers);
	sd_paths_init();
	for (u32 nr = 0; nr < SD_NSYSCALLS; nr++)
		row_of[nr] = &nothing;
	for (u32 i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		row_of[rows[i].nr] = &rows[i];
	for (u32 nr = 0; nr < SD_NSYSCALLS; nr++)
		fill_stages(nr, row_of[nr]);
}

/* SPDX-License-Identifier: MIT */
/* trace.c: a record of each call, for a tracer. See trace.h. */
#include "trace.h"
#include <sd/trace.h>

static s32 trace_fd = -1;
static u32 trace_lock;
static u32 trace_over; /* the listener is gone: stop tracing */

static const u8 string_args[SD_NSYSCALLS] = {
#define SD_SYSCALL(nr, name, kinds, strings) [nr] = strings,
#include <sd/syscalls.def>
#undef SD_SYSCALL
};

static u64 trace_now(void)
{
	s64 ts[2] = {0, 0};

	sys(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, ts);
	return ts[0] * 1000000000ull + ts[1];
}

static s32 *trace_hidden_slot(s32 fd)
{
	return fd >= 0 && fd == trace_fd ? &trace_fd : NULL;
}

/* The parent's connection serves a child as well: packets of several processes don't mix. */
const struct sd_observer sd_trace_observer = {.hidden_slot = trace_hidden_slot};

static long trace_connect(struct sd_thread *t)
{
	struct {
		u16 family;
		char path[108];
	} to = {.family = AF_UNIX};
	s32 fd = sys(__NR_socket, AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0);
	long err;

	if (fd < 0)
		return fd;
	sd_stpcpy(to.path, sd_trace_path);
	err = sys(__NR_connect, fd, &to, sizeof(to));
	if (!err) {
		sd_lock(&t->files->lock);
		err = sd_fd_hide(t, &fd);
		sd_unlock(&t->files->lock);
	}
	if (err)
		sys(__NR_close, fd);
	else
		sd_store_release(&trace_fd, fd);
	return err;
}

static void trace_send(struct sd_thread *t, const struct sd_trace *r)
{
	long ret = 0;

	sd_lock(&trace_lock);
	if (trace_fd < 0 && !trace_over)
		ret = trace_connect(t);
	sd_unlock(&trace_lock);
	if (!ret && !trace_over)
		ret = sys(__NR_sendto, trace_fd, r, sizeof(*r), MSG_NOSIGNAL, 0, 0);
	if (ret < 0 && ret != -EINTR)
		trace_over = 1;
	if (trace_over)
		t->look &= ~SD_LOOK_TRACE;
}

static void trace_strings(struct sd_trace *r)
{
	u32 mask = r->nr < SD_NSYSCALLS ? string_args[r->nr] : 0;

	for (u32 i = 0; i < 6 && r->npath < SD_TRACE_STRINGS; i++) {
		char *to = r->string[r->npath];

		if (!(mask >> i & 1))
			continue;
		if (!r->arg[i] || sd_strncpy_raw(to, (const char *)r->arg[i], SD_TRACE_STRING) < 0)
			to[0] = 0;
		to[SD_TRACE_STRING - 1] = 0;
		r->npath++;
	}
}

static void trace_begin(struct sd_thread *t, struct sd_trace *r)
{
	memset(r, 0, sizeof(*r));
	r->magic = SD_TRACE_MAGIC;
	r->tid = sys(__NR_gettid);
	r->nr = t->regs.rax;
	r->arg[0] = t->regs.rdi;
	r->arg[1] = t->regs.rsi;
	r->arg[2] = t->regs.rdx;
	r->arg[3] = t->regs.r10;
	r->arg[4] = t->regs.r8;
	r->arg[5] = t->regs.r9;
	trace_strings(r);
	t->traced_dom = 0;
}

static bool stage_is_own(enum sd_stage s, u64 nr)
{
	return sd_stage[s][nr] && (s + 1 == SD_STAGES || sd_stage[s][nr] != sd_stage[s + 1][nr]);
}

static u8 why_not_domain(u64 nr)
{
	if (nr >= SD_NSYSCALLS || !sd_stage[0][nr])
		return SD_TRACE_NO_RULE;
	if (stage_is_own(SD_STAGE_NAMES, nr) || stage_is_own(SD_STAGE_FDS, nr) ||
	    stage_is_own(SD_STAGE_MIRRORED, nr))
		return SD_TRACE_NOT_OURS;
	return SD_TRACE_OF_HOOK;
}

static u8 why_domain(u32 dom, u64 nr)
{
	const struct sd_stub *s = sd_stub_for(dom, nr);

	switch (s ? s->route : SD_ROUTE_FD) {
	case SD_ROUTE_KEY:
		return SD_TRACE_BY_KEY;
	case SD_ROUTE_PATH:
		return SD_TRACE_BY_PATH;
	case SD_ROUTE_MIRRORED:
		return SD_TRACE_MIRRORED;
	default:
		return SD_TRACE_BY_FD;
	}
}

/*
 * Calls that must be made by their own instruction: those that don't return, or not here; those on
 * the signal mask, which the hook restores at its exit; and signals to the thread itself, which
 * must arrive outside the hook.
 */
static bool only_at_its_site(u64 nr)
{
	switch (nr) {
	case __NR_rt_sigreturn:
	case __NR_rt_sigprocmask:
	case __NR_rt_sigsuspend:
	case __NR_ppoll:
	case __NR_pselect6:
	case __NR_epoll_pwait:
	case __NR_epoll_pwait2:
	case __NR_io_pgetevents:
	case __NR_kill:
	case __NR_tkill:
	case __NR_tgkill:
	case __NR_rt_sigqueueinfo:
	case __NR_rt_tgsigqueueinfo:
	case __NR_restart_syscall:
	case __NR_exit:
	case __NR_exit_group:
	case __NR_clone:
	case __NR_clone3:
	case __NR_fork:
	case __NR_vfork:
	case __NR_execve:
	case __NR_execveat:
		return true;
	}
	return false;
}

/* Does it not return if it succeeds? Then the record goes first. */
static bool may_not_return(u64 nr)
{
	return nr == __NR_exit || nr == __NR_exit_group || nr == __NR_execve ||
	       nr == __NR_execveat || nr == __NR_rt_sigreturn;
}

/* signal(7): these end with EINTR whatever the handler's flags are. */
static bool never_restarted(u64 nr)
{
	switch (nr) {
	case __NR_poll:
	case __NR_select:
	case __NR_epoll_wait:
	case __NR_nanosleep:
	case __NR_clock_nanosleep:
	case __NR_pause:
	case __NR_rt_sigtimedwait:
	case __NR_semop:
	case __NR_semtimedop:
	case __NR_msgsnd:
	case __NR_msgrcv:
	case __NR_io_getevents:
		return true;
	}
	return false;
}

/* A call of the host's, made here; signals end it as they would at its site. */
static enum sd_way trace_host_call(struct sd_thread *t)
{
	int again = 0;
	long ret = sd_raw_wait6(t->regs.rax, t->regs.rdi, t->regs.rsi, t->regs.rdx, t->regs.r10,
				t->regs.r8, &t->kept, t->regs.r9);

	if (ret == -ERESTARTNOINTR) /* not begun */
		again = 1;
	else if (ret == -EINTR && t->kept && !never_restarted(t->regs.rax))
		ret = sd_verdict(t, -ERESTARTSYS, &again);
	return again ? SD_AGAIN : sd_done(t, ret);
}

static enum sd_way trace_stages(struct sd_thread *t, struct sd_trace *r)
{
	enum sd_way way = sd_first_stage(t, r->nr);

	r->to = way == SD_HOST ? SD_TRACE_HOST : way == SD_EDITED ? SD_TRACE_EDITED : SD_TRACE_HOOK;
	r->why = why_not_domain(r->nr);
	if (t->traced_dom) {
		r->to = SD_TRACE_DOMAIN;
		r->why = why_domain(t->traced_dom - 1, r->nr);
		sd_stpcpy(r->domain, sd_domain[t->traced_dom - 1].stubs->name);
	}
	if (way == SD_HOST && !sd_no_patch && !only_at_its_site(r->nr))
		way = trace_host_call(t);
	return way;
}

enum sd_way sd_trace_call(struct sd_thread *t)
{
	struct sd_trace r;
	enum sd_way way;
	u64 begin;

	if (sd_no_patch) {
		t->look &= ~SD_LOOK_TRACE;
		return sd_first_stage(t, t->regs.rax);
	}
	trace_begin(t, &r);
	if (may_not_return(r.nr)) {
		r.why = why_not_domain(r.nr);
		trace_send(t, &r);
	}
	begin = trace_now();
	way = trace_stages(t, &r);
	if (sd_no_patch) { /* a filter may forbid what tracing needs */
		t->look &= ~SD_LOOK_TRACE;
		return way;
	}
	r.ns = trace_now() - begin;
	if (way == SD_AGAIN || (may_not_return(r.nr) && way != SD_DONE))
		return way;
	r.has_ret = way == SD_DONE;
	r.ret = t->regs.rax;
	r.tid = sys(__NR_gettid); /* a forked child comes back here, too */
	trace_send(t, &r);
	return way;
}

void sd_trace_init(struct sd_thread *t)
{
	if (!sd_trace_path[0])
		return;
	if (!sd_files_of(t))
		sd_die("trace", "not enough memory", NULL);
	t->look |= SD_LOOK_TRACE;
	for (u32 nr = 0; nr < SD_NSYSCALLS; nr++)
		if (nr != __NR_rt_sigreturn)
			sd_syscall_flags[nr] |= SD_SYSCALL_HOOKED;
}

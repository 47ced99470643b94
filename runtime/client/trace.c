/* SPDX-License-Identifier: MIT */
/* trace.c: a record of each call, for a tracer. See trace.h. */
#include "trace.h"
#include <sd/trace.h>

#include <linux/capability.h>

#define RUN SD_DOMAINS /* the tracer that KDOM_TRACE names: waited for however long it takes */

static u32 trace_on; /* sd_threads_trace() */

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

/* ---- tracers ---- */
static bool trace_all_alike(long nr, u32 id)
{
	u32 real = ~id, effective = ~id, saved = ~id;

	return !sys(nr, &real, &effective, &saved) && real == id && effective == id && saved == id;
}

/*
 * May who listens there see this process's calls? As ptrace(2) has it, so the host would let them
 * see as much anyway: root, or who has our user and group ids, all of which are alike, while we
 * have nothing that they lack.
 */
static bool tracer_may(s32 fd)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};
	struct {
		u32 pid, uid, gid;
	} peer = {0, ~0u, ~0u};
	u32 len = sizeof(peer);

	if (sys(__NR_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	if (!peer.uid)
		return true;
	return trace_all_alike(__NR_getresuid, peer.uid) &&
	       trace_all_alike(__NR_getresgid, peer.gid) && sys(__NR_prctl, PR_GET_DUMPABLE) == 1 &&
	       !sys(__NR_capget, &h, d) && !(d[0].permitted | d[1].permitted);
}

static long tracer_path(u32 i, char *to)
{
	if (i == RUN) {
		sd_stpcpy(to, sd_trace_path);
		return 0;
	}
	if (strlen(sd_domain[i].path) + sizeof(SD_TRACE_SUFFIX) > sizeof(sd_trace_path))
		return -ENAMETOOLONG;
	sd_stpcpy(sd_stpcpy(to, sd_domain[i].path), SD_TRACE_SUFFIX);
	return 0;
}

/* With the files' lock held. */
static long tracer_connect(struct sd_thread *t, u32 i, s32 *to)
{
	struct {
		u16 family;
		char path[sizeof(sd_trace_path)];
	} a = {AF_UNIX, {0}};
	long err = tracer_path(i, a.path), fd;
	s32 fd32;

	if (err)
		return err;
	fd = sys(__NR_socket, AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	fd32 = fd;
	err = sys(__NR_connect, fd, &a, sizeof(a));
	if (!err && i != RUN && !tracer_may(fd)) {
		sd_say(SD_LOG_INFO, sd_domain[i].stubs->name,
		       "somebody traces its programs who may not trace this one", NULL);
		err = -EPERM;
	}
	if (!err)
		err = sd_fd_hide(t, &fd32);
	if (err)
		sys(__NR_close, fd);
	else
		*to = fd32;
	return err;
}

/* Which tracer is to be told: one that is tr->serial is already. */
static u32 tracer_serial(const struct sd_files *f, u32 i)
{
	const struct sd_chan *c;

	if (i == RUN)
		return sd_trace_path[0] != 0;
	c = f->chan[i];
	/* A child that uses nothing of the domain is traced as its parent was. */
	return c && c->state == SD_CHAN_LIVE ? sd_load_acquire(&c->wake_page->trace)
					     : f->tracer[i].serial;
}

static void tracer_change(struct sd_thread *t, u32 i)
{
	struct sd_files *f = t->files;
	struct sd_tracer *tr = &f->tracer[i];
	u32 serial;
	long err = 0;

	sd_lock(&f->lock);
	serial = tracer_serial(f, i);
	if (serial != tr->serial) {
		sd_fd_unhide_close(f, tr->fd);
		*tr = (struct sd_tracer){.serial = tr->serial, .fd = -1};
		if (serial)
			err = tracer_connect(t, i, &tr->fd);
		if (err != -EAGAIN) /* it has many to accept: at the next call */
			tr->serial = serial;
	}
	sd_unlock(&f->lock);
}

/* Connects to new tracers, which the wake-up pages announce, and leaves old ones. False: there is
 * none. */
static bool trace_look(struct sd_thread *t)
{
	struct sd_files *f = t->files;
	bool any = false;

	for (u32 i = 0; f && i < SD_TRACERS; i++) {
		if (sd_unlikely(tracer_serial(f, i) != f->tracer[i].serial))
			tracer_change(t, i);
		any |= sd_load_relaxed(&f->tracer[i].fd) >= 0;
	}
	return any;
}

static void trace_switch(struct sd_thread *t, bool on)
{
	if (sd_load_relaxed(&trace_on) != on) {
		sd_store_relaxed(&trace_on, (u32)on);
		sd_threads_trace(on);
	}
	sd_store_relaxed(&t->traced, (u16)on);
}

/* Is this call recorded? */
static bool trace_goes_on(struct sd_thread *t)
{
	bool on = !sd_no_patch && trace_look(t);

	trace_switch(t, on);
	return on;
}

/* With the lock the number stays what it is (sd_fd_move_hidden()). `last`: count it if it has to be
 * dropped. */
static long tracer_try(struct sd_files *f, struct sd_tracer *tr, struct sd_trace *r, bool last)
{
	long ret = 0;

	sd_lock(&f->lock);
	if (tr->fd >= 0) {
		r->lost = tr->lost;
		ret = sys(__NR_sendto, tr->fd, r, sizeof(*r), MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
		if (ret == -EAGAIN) {
			tr->late |= last;
			tr->lost += last;
		} else if (ret < 0) {
			sd_fd_unhide_close(f, tr->fd);
			tr->fd = -1;
		} else {
			tr->late = tr->lost = 0;
		}
	}
	sd_unlock(&f->lock);
	return ret;
}

static void tracer_send(struct sd_files *f, u32 i, struct sd_trace *r)
{
	struct sd_timespec wait = {0, SD_TRACE_WAIT_MS * 1000000l};
	struct sd_tracer *tr = &f->tracer[i];
	bool last = sd_load_relaxed(&tr->late);

	while (tracer_try(f, tr, r, last) == -EAGAIN && !last) {
		struct pollfd p = {sd_load_relaxed(&tr->fd), POLLOUT, 0};
		long n = sys(__NR_ppoll, &p, 1, &wait, 0, 0);

		last = i != RUN && n <= 0; /* it took too long, or a signal has come */
	}
}

static void trace_send(struct sd_thread *t, struct sd_trace *r)
{
	for (u32 i = 0; i < SD_TRACERS; i++)
		if (sd_load_relaxed(&t->files->tracer[i].fd) >= 0)
			tracer_send(t->files, i, r);
}

/* ---- a call ---- */
static void trace_who(struct sd_trace *r)
{
	r->pid = sys(__NR_getpid);
	r->tid = sys(__NR_gettid);
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
	trace_who(r);
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

	if (!trace_goes_on(t))
		return sd_first_stage(t, t->regs.rax);
	trace_begin(t, &r);
	if (may_not_return(r.nr)) {
		r.why = why_not_domain(r.nr);
		trace_send(t, &r);
	}
	begin = trace_now();
	way = trace_stages(t, &r);
	if (sd_no_patch) { /* a filter may forbid what tracing needs */
		trace_switch(t, false);
		return way;
	}
	r.ns = trace_now() - begin;
	if (way == SD_AGAIN || (may_not_return(r.nr) && way != SD_DONE))
		return way;
	r.has_ret = way == SD_DONE;
	r.ret = t->regs.rax;
	trace_who(&r); /* a forked child comes back here, too */
	trace_send(t, &r);
	return way;
}

void sd_trace_init(struct sd_thread *t)
{
	if (!sd_trace_path[0])
		return;
	if (!sd_files_of(t))
		sd_die("trace", "not enough memory", NULL);
	trace_switch(t, true);
}

/* SPDX-License-Identifier: MIT */
/*
 * fd.c: calls about fd numbers: close, dup and the like. A number and its FD_CLOEXEC are the
 * placeholder's, so the host makes the call, and the map is updated. Hidden fds don't exist for the
 * program.
 */
#include "calls/calls.h"

enum sd_way sd_call_close(struct sd_thread *t)
{
	s64 fd = (s32)t->regs.rdi;
	struct sd_fd e = sd_fd_get(t, fd);

	if (e.kind == SD_FD_HOST) {
		sd_settle(t);
		return sd_next(t, SD_STAGE_FDS);
	}
	if (e.kind == SD_FD_HIDDEN)
		return sd_done(t, -EBADF);
	return sd_done(t, sd_fd_close(t, fd, 1));
}

/* close_range(first, last, flags), split at the fds that the hook uses. */
enum sd_way sd_call_close_range(struct sd_thread *t)
{
	struct sd_files *f = t->files;
	u32 first = t->regs.rdi, last = t->regs.rsi, flags = t->regs.rdx, from;
	long err = 0;

	if (!f || !f->mapped || first > last ||
	    (flags & ~(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE)))
		return sd_next(t, SD_STAGE_FDS); /* nothing of ours, or an error */
	flags &= ~CLOSE_RANGE_UNSHARE; /* the map can't be unshared: close for all threads */
	from = first;
	for (u32 fd = first; fd <= last && fd < f->top; fd++) {
		struct sd_fd e = sd_fd_get(t, fd);

		if (e.kind == SD_FD_HOST || (e.kind != SD_FD_HIDDEN && flags))
			continue;
		if (fd > from)
			err = sys(__NR_close_range, from, fd - 1, flags);
		if (err)
			return sd_done(t, err);
		if (e.kind != SD_FD_HIDDEN)
			sd_fd_close(t, fd, 0);
		from = fd + 1;
	}
	if (from > first && from > last)
		return sd_done(t, 0);
	return sd_done(t, sys(__NR_close_range, from, last, flags));
}

enum sd_way sd_call_dup(struct sd_thread *t)
{
	struct sd_fd e = sd_fd_get(t, (s32)t->regs.rdi);

	if (e.kind == SD_FD_HOST)
		return sd_next(t, SD_STAGE_FDS);
	if (e.kind == SD_FD_HIDDEN)
		return sd_done(t, -EBADF);
	return sd_done(t, sd_fd_dup(t, __NR_dup, t->regs.rdi, 0, 0));
}

/* dup2 and dup3: the new number may be in the map already. */
enum sd_way sd_call_dup2(struct sd_thread *t)
{
	s32 from = t->regs.rdi, to = t->regs.rsi;
	u32 flags = t->regs.rax == __NR_dup3 ? t->regs.rdx : 0;
	struct sd_fd e = sd_fd_get(t, from), old = sd_fd_get(t, to);
	int err;

	if (e.kind == SD_FD_HOST && old.kind == SD_FD_HOST)
		return sd_next(t, SD_STAGE_FDS);
	if (e.kind == SD_FD_HIDDEN)
		return sd_done(t, -EBADF);
	if (from == to || (flags & ~O_CLOEXEC) || sys(__NR_fcntl, from, F_GETFD) < 0)
		return sd_next(t, SD_STAGE_FDS); /* nothing changes; the host knows the errno */
	if (old.kind == SD_FD_HIDDEN) {
		err = sd_fd_move_hidden(t, to);
		if (err)
			return sd_done(t, err);
	}
	return sd_done(t, sd_fd_dup_to(t, from, to, flags));
}

static enum sd_way no_sigio(struct sd_thread *t)
{
	sd_say(SD_LOG_WARN, "O_ASYNC", "a domain sends no signals: SIGIO is not supported",
	       "use poll or epoll");
	return sd_done(t, -EOPNOTSUPP);
}

enum sd_way sd_call_fcntl(struct sd_thread *t)
{
	struct sd_fd e = sd_fd_get(t, (s32)t->regs.rdi);
	u32 cmd = t->regs.rsi;

	if (e.kind == SD_FD_HOST)
		return sd_next(t, SD_STAGE_FDS);
	if (e.kind == SD_FD_HIDDEN)
		return sd_done(t, -EBADF);
	if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
		return sd_done(t, sd_fd_dup(t, __NR_fcntl, t->regs.rdi, cmd, t->regs.rdx));
	if (cmd == F_GETFD || cmd == F_SETFD || e.kind == SD_FD_EPOLL)
		return sd_next(t, SD_STAGE_FDS);
	if (cmd == F_SETFL && t->regs.rdx & FASYNC)
		return no_sigio(t);
	return sd_call_routed(t);
}

enum sd_way sd_call_ioctl(struct sd_thread *t)
{
	struct sd_fd e = sd_fd_get(t, (s32)t->regs.rdi);
	u32 cmd = t->regs.rsi;
	s32 on;

	if (e.kind == SD_FD_HOST || cmd == FIOCLEX || cmd == FIONCLEX)
		return sd_next(t, SD_STAGE_FDS);
	if (cmd == FIOASYNC && !sd_copy_from_prog(&on, (void *)t->regs.rdx, sizeof(on)) && on)
		return no_sigio(t);
	return sd_call_routed(t);
}

/* Its submissions are in memory that the host reads on its own: domain fds would go unnoticed. */
enum sd_way sd_call_io_uring(struct sd_thread *t)
{
	return sd_done(t, -ENOSYS);
}

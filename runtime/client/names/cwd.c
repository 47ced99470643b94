/* SPDX-License-Identifier: MIT */
/*
 * cwd.c: the current directory, which may be in a domain, and the names of a domain's open files.
 * sd_files.cwd is the domain that has it; only that domain knows which directory it is.
 */
#include "names/names.h"

/* n bytes of a path from a domain: is it a path on the host? The program would use it there, so
 * it counts as having no name. */
static int host_place(char *path, long n, u32 dom)
{
	memset(path + n, 0, 8);
	return path[0] == '/' && !sd_where_is_in(path, dom);
}

long sd_domain_path(struct sd_thread *t, u32 dom, s32 dfd, char *buf)
{
	long n = sd_domain_ask_path(t, dom, dfd, buf);

	if (n < 0 || !host_place(buf, n, dom))
		return n;
	buf[0] = 0;
	return 0;
}

/* ---- where it is ---- */
s32 sd_cwd_domain(const struct sd_thread *t)
{
	return t->files ? (s32)t->files->cwd - 1 : -1;
}

long sd_cwd_check(struct sd_thread *t)
{
	struct sd_fd e = {SD_FD_DOMAIN, sd_cwd_domain(t), t->files->cwd_serial, 0};
	long err = 0;

	sd_fd_chan(t, e, &err);
	return err;
}

/* The host's current directory becomes the empty one. */
static long park_host(void)
{
	long fd = sd_empty_dir(), err;

	if (fd < 0) {
		sd_say(SD_LOG_WARN, "chdir",
		       "can't make a directory for the host's side (in /dev/shm, /tmp, /var/tmp, /run)",
		       "make one of them writable");
		return fd;
	}
	err = sys(__NR_fchdir, fd);
	sys(__NR_close, fd);
	return err;
}

/* The domain has it from now on. */
static long cwd_entered(struct sd_thread *t, u32 dom)
{
	u64 root[6] = {(u64) "/"};
	long err = 0;

	if (!t->files->cwd)
		err = park_host();
	if (err) {
		sd_domain_do(t, dom, __NR_chdir, root);
		return err;
	}
	t->files->cwd_serial = t->files->chan[dom]->serial;
	sd_store_relaxed(&t->files->cwd, dom + 1);
	return 0;
}

static long cwd_left(struct sd_thread *t, long err)
{
	if (!err)
		sd_store_relaxed(&t->files->cwd, 0);
	return err;
}

enum sd_way sd_call_chdir(struct sd_thread *t)
{
	struct sd_place p;
	long err = sd_where(t, AT_FDCWD, t->regs.rdi, 1, t->path, &p);

	if (err)
		return sd_done(t, err);
	if (p.dom < 0) {
		if (sd_cwd_domain(t) < 0 && !p.path)
			return sd_next(t, SD_STAGE_NAMES);
		return sd_done(t, cwd_left(t, sys(__NR_chdir, p.path ? (u64)p.path : t->regs.rdi)));
	}
	if (!sd_stub_for(p.dom, __NR_chdir)) {
		sd_unsupported(__NR_chdir);
		return sd_done(t, -EOPNOTSUPP);
	}
	if (!p.relative && !sd_qp_of(t, p.dom, 1, &err))
		return sd_done(t, err);
	u64 arg[6] = {p.path ? (u64)p.path : t->regs.rdi};

	err = sd_domain_do(t, p.dom, __NR_chdir, arg);
	return sd_done(t, err ?: cwd_entered(t, p.dom));
}

enum sd_way sd_call_fchdir(struct sd_thread *t)
{
	struct sd_fd e = sd_fd_get(t, (s32)t->regs.rdi);
	u64 arg[6] = {(u32)e.dfd};
	long err = 0;

	if (e.kind == SD_FD_HIDDEN)
		return sd_done(t, -EBADF);
	if (e.kind != SD_FD_DOMAIN && sd_cwd_domain(t) < 0)
		return sd_next(t, SD_STAGE_NAMES);
	if (e.kind != SD_FD_DOMAIN)
		return sd_done(t, cwd_left(t, sys(__NR_fchdir, t->regs.rdi)));
	if (!sd_fd_chan(t, e, &err))
		return sd_done(t, err);
	if (!sd_stub_for(e.dom, __NR_fchdir)) {
		err = sd_no_stub(__NR_fchdir, e.dom);
		return err ? sd_done(t, err) : sd_next(t, SD_STAGE_NAMES);
	}
	err = sd_domain_do(t, e.dom, __NR_fchdir, arg);
	return sd_done(t, err ?: cwd_entered(t, e.dom));
}

enum sd_way sd_call_getcwd(struct sd_thread *t)
{
	char name[SD_NAME_ROOM];
	u64 arg[6] = {(u64)name, t->regs.rsi < PATH_MAX ? t->regs.rsi : PATH_MAX};
	s32 dom = sd_cwd_domain(t);
	long ret;

	if (dom < 0)
		return sd_next(t, SD_STAGE_NAMES);
	ret = sd_cwd_check(t);
	if (!ret)
		ret = sd_domain_do(t, dom, __NR_getcwd, arg);
	if (ret == -EOPNOTSUPP)
		sd_unsupported(__NR_getcwd);
	if (ret <= 0)
		return sd_done(t, ret);
	if (host_place(name, ret, dom))
		return sd_done(t, -ENOENT);
	return sd_done(t, sd_copy_to_prog((void *)t->regs.rdi, name, ret) ?: ret);
}

/* Another root: files below the prefixes are then the host's, as for Linux. */
enum sd_way sd_call_chroot(struct sd_thread *t)
{
	struct sd_place p;
	struct sd_stat was, is;
	long err = sd_where(t, AT_FDCWD, t->regs.rdi, 1, t->path, &p);

	if (err)
		return sd_done(t, err);
	if (p.dom >= 0) {
		sd_unsupported(t->regs.rax);
		return sd_done(t, -EOPNOTSUPP);
	}
	err = sys(__NR_stat, "/", &was);
	if (!err)
		err = sys(__NR_chroot, p.path ? (u64)p.path : t->regs.rdi);
	if (!err && (sys(__NR_stat, "/", &is) || is.dev != was.dev || is.ino != was.ino))
		sd_where_off();
	return sd_done(t, err);
}

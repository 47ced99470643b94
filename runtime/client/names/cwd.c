/* SPDX-License-Identifier: MIT */
/*
 * cwd.c: the current directory, where it may lie in a domain, and the names of a domain's open
 * files. sd_files.cwd says which domain has it; what it is only that domain knows.
 */
#include "names/names.h"

#define O_DIRECTORY 0200000
#define O_NOFOLLOW  0400000

/* ---- asking a domain ---- */
/* Something short that can't be told to the program as interrupted. */
static enum sd_status insist(struct sd_lane *l, struct sd_call *c, long *ret)
{
	enum sd_status st;

	do {
		l->intr = 0;
		c->status = SD_OK;
		st = sd_call_wait(c, ret);
	} while (st == SD_INTR || st == SD_REFUSED);
	return st;
}

/* n bytes of a path that a domain gave: is it a place of the host's? That would make the program go
 * there: it has no name. */
static int host_place(char *path, long n, u32 dom)
{
	memset(path + n, 0, 8);
	return path[0] == '/' && !sd_where_is_in(path, dom);
}

long sd_domain_path(struct sd_thread *t, u32 dom, s32 dfd, char *buf)
{
	struct sd_call c;
	enum sd_status st;
	long err = 0, ret = 0;
	struct sd_lane *l = sd_lane_of(t, dom, 0, &err);

	if (!l)
		return err;
	t->lane_now = NULL;
	sd_call_begin(l, &c, SD_OP_PATH);
	c.arg[0] = dfd == AT_FDCWD ? ~0ull : (u32)dfd;
	c.arg[1] = sd_room(&c, PATH_MAX);
	c.arg[2] = PATH_MAX;
	sd_call_most(&c, PATH_MAX - 1);
	st = insist(l, &c, &ret);
	if (st == SD_OK && ret >= 0) {
		memcpy(buf, sd_at(&c, c.arg[1]), ret);
		if (host_place(buf, ret, dom)) {
			buf[0] = 0;
			ret = 0;
		}
	}
	sd_call_end(&c);
	return st == SD_OK ? ret : sd_status_errno(t, l, st);
}

void sd_domain_executed(struct sd_thread *t, u32 dom)
{
	struct sd_call c;
	enum sd_status st;
	long err = 0, ret;
	struct sd_lane *l = sd_lane_of(t, dom, 0, &err);

	if (!l)
		return;
	sd_call_begin(l, &c, SD_OP_EXEC);
	c.arg[0] = SD_EXEC_KEEP;
	sd_call_most(&c, 0);
	st = insist(l, &c, &ret);
	sd_call_end(&c);
	if (st != SD_OK)
		sd_status_errno(t, l, st);
}

long sd_domain_do(struct sd_thread *t, u32 dom, u64 nr, const u64 arg[6])
{
	const struct sd_stub *s = sd_stub_for(dom, nr);
	enum sd_status st;
	struct sd_lane *l;
	long err = 0, ret = 0;

	if (!s)
		return -EOPNOTSUPP;
	l = sd_lane_of(t, dom, 0, &err);
	if (!l)
		return err;
	t->lane_now = NULL;
	do {
		l->intr = 0;
		st = s->stub(l, &ret, arg);
	} while (st == SD_INTR || st == SD_REFUSED);
	return st == SD_OK ? ret : sd_status_errno(t, l, st);
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

/* A directory that nothing is in and nothing can be put into. */
long sd_empty_dir(void)
{
	static const char *const under[] = {"/dev/shm/", "/tmp/", "/var/tmp/", "/run/"};
	static u32 count;
	char path[64];
	long fd = -ENOENT;

	for (u32 i = 0; i < sizeof(under) / sizeof(under[0]) && fd < 0; i++) {
		char *p = sd_utoa(sd_stpcpy(sd_stpcpy(path, under[i]), "kdom-empty-"),
				  sys(__NR_gettid));

		*p++ = '-';
		sd_utoa(p, __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED));
		fd = sys(__NR_mkdir, path, 0700);
		if (fd)
			continue;
		fd = sys(__NR_open, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		sys(__NR_rmdir, path);
	}
	return fd;
}

/* The host's current directory becomes the empty one. */
static long park(void)
{
	long fd = sd_empty_dir(), err;

	if (fd < 0) {
		sd_say("chdir",
		       "no directory for the host's side (in /dev/shm, /tmp, /var/tmp, /run)",
		       "make one of them writable");
		return fd;
	}
	err = sys(__NR_fchdir, fd);
	sys(__NR_close, fd);
	return err;
}

/* The domain has it from now on. */
static long entered(struct sd_thread *t, u32 dom)
{
	u64 root[6] = {(u64) "/"};
	long err = 0;

	if (!t->files->cwd)
		err = park();
	if (err) {
		sd_domain_do(t, dom, __NR_chdir, root);
		return err;
	}
	t->files->cwd_serial = t->files->chan[dom]->serial;
	sd_store_relaxed(&t->files->cwd, dom + 1);
	return 0;
}

static long left(struct sd_thread *t, long err)
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
			return SD_HOST;
		return sd_done(t, left(t, sys(__NR_chdir, p.path ? (u64)p.path : t->regs.rdi)));
	}
	if (!sd_stub_for(p.dom, __NR_chdir)) {
		sd_unsupported(__NR_chdir);
		return sd_done(t, -EOPNOTSUPP);
	}
	if (!p.relative && !sd_lane_of(t, p.dom, 1, &err))
		return sd_done(t, err);
	u64 arg[6] = {p.path ? (u64)p.path : t->regs.rdi};

	err = sd_domain_do(t, p.dom, __NR_chdir, arg);
	return sd_done(t, err ?: entered(t, p.dom));
}

enum sd_way sd_call_fchdir(struct sd_thread *t)
{
	struct sd_fd e = sd_fd_get(t, (s32)t->regs.rdi);
	u64 arg[6] = {(u32)e.dfd};
	long err = 0;

	if (e.kind == SD_FD_HIDDEN)
		return sd_done(t, -EBADF);
	if (e.kind != SD_FD_DOMAIN)
		return sd_cwd_domain(t) < 0 ? SD_HOST
					    : sd_done(t, left(t, sys(__NR_fchdir, t->regs.rdi)));
	if (!sd_fd_chan(t, e, &err))
		return sd_done(t, err);
	if (!sd_stub_for(e.dom, __NR_fchdir)) {
		err = sd_no_stub(__NR_fchdir, e.dom);
		return err ? sd_done(t, err) : SD_HOST;
	}
	err = sd_domain_do(t, e.dom, __NR_fchdir, arg);
	return sd_done(t, err ?: entered(t, e.dom));
}

enum sd_way sd_call_getcwd(struct sd_thread *t)
{
	char name[SD_NAME_ROOM];
	u64 arg[6] = {(u64)name, t->regs.rsi < PATH_MAX ? t->regs.rsi : PATH_MAX};
	s32 dom = sd_cwd_domain(t);
	long ret;

	if (dom < 0)
		return SD_HOST;
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

/* Another root: what lies below the prefixes then is the host's, as it is for Linux. */
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

/* SPDX-License-Identifier: MIT */
/*
 * path_calls.c: every call of Linux that names files by path. A domain's table has those with
 * stubs, and their arguments; host_calls[] has all, so that no name of a domain's file is ever
 * passed to the host unnoticed. See names.h.
 */
#include "names/names.h"

#define NR_FCHMODAT2	 452
#define NR_SETXATTRAT	 463
#define NR_GETXATTRAT	 464
#define NR_LISTXATTRAT	 465
#define NR_REMOVEXATTRAT 466
#define CWD		 SD_PATH_CWD

/* { call, paths, { path, its directory } ... } as x86-64 has them. exec, chdir, chroot are done
 * elsewhere. */
static const struct {
	u16 nr;
	struct sd_path_args args;
} host_calls[] = {
	{__NR_open, {1, {{0, CWD}}}},
	{__NR_stat, {1, {{0, CWD}}}},
	{__NR_lstat, {1, {{0, CWD}}}},
	{__NR_access, {1, {{0, CWD}}}},
	{__NR_truncate, {1, {{0, CWD}}}},
	{__NR_rename, {2, {{0, CWD}, {1, CWD}}}},
	{__NR_mkdir, {1, {{0, CWD}}}},
	{__NR_rmdir, {1, {{0, CWD}}}},
	{__NR_creat, {1, {{0, CWD}}}},
	{__NR_link, {2, {{0, CWD}, {1, CWD}}}},
	{__NR_unlink, {1, {{0, CWD}}}},
	{__NR_symlink, {1, {{1, CWD}}}},
	{__NR_readlink, {1, {{0, CWD}}}},
	{__NR_chmod, {1, {{0, CWD}}}},
	{__NR_chown, {1, {{0, CWD}}}},
	{__NR_lchown, {1, {{0, CWD}}}},
	{__NR_utime, {1, {{0, CWD}}}},
	{__NR_mknod, {1, {{0, CWD}}}},
	{__NR_uselib, {1, {{0, CWD}}}},
	{__NR_statfs, {1, {{0, CWD}}}},
	{__NR_pivot_root, {2, {{0, CWD}, {1, CWD}}}},
	{__NR_acct, {1, {{0, CWD}}}},
	{__NR_mount, {2, {{0, CWD}, {1, CWD}}}},
	{__NR_umount2, {1, {{0, CWD}}}},
	{__NR_swapon, {1, {{0, CWD}}}},
	{__NR_swapoff, {1, {{0, CWD}}}},
	{__NR_quotactl, {1, {{1, CWD}}}},
	{__NR_setxattr, {1, {{0, CWD}}}},
	{__NR_lsetxattr, {1, {{0, CWD}}}},
	{__NR_getxattr, {1, {{0, CWD}}}},
	{__NR_lgetxattr, {1, {{0, CWD}}}},
	{__NR_listxattr, {1, {{0, CWD}}}},
	{__NR_llistxattr, {1, {{0, CWD}}}},
	{__NR_removexattr, {1, {{0, CWD}}}},
	{__NR_lremovexattr, {1, {{0, CWD}}}},
	{__NR_utimes, {1, {{0, CWD}}}},
	{__NR_inotify_add_watch, {1, {{1, CWD}}}},
	{__NR_openat, {1, {{1, 0}}}},
	{__NR_mkdirat, {1, {{1, 0}}}},
	{__NR_mknodat, {1, {{1, 0}}}},
	{__NR_fchownat, {1, {{1, 0}}}},
	{__NR_futimesat, {1, {{1, 0}}}},
	{__NR_newfstatat, {1, {{1, 0}}}},
	{__NR_unlinkat, {1, {{1, 0}}}},
	{__NR_renameat, {2, {{1, 0}, {3, 2}}}},
	{__NR_linkat, {2, {{1, 0}, {3, 2}}}},
	{__NR_symlinkat, {1, {{2, 1}}}},
	{__NR_readlinkat, {1, {{1, 0}}}},
	{__NR_fchmodat, {1, {{1, 0}}}},
	{__NR_faccessat, {1, {{1, 0}}}},
	{__NR_utimensat, {1, {{1, 0}}}},
	{__NR_fanotify_mark, {1, {{4, 3}}}},
	{__NR_name_to_handle_at, {1, {{1, 0}}}},
	{__NR_renameat2, {2, {{1, 0}, {3, 2}}}},
	{__NR_statx, {1, {{1, 0}}}},
	{__NR_open_tree, {1, {{1, 0}}}},
	{__NR_move_mount, {2, {{1, 0}, {3, 2}}}},
	{__NR_fspick, {1, {{1, 0}}}},
	{__NR_openat2, {1, {{1, 0}}}},
	{__NR_faccessat2, {1, {{1, 0}}}},
	{__NR_mount_setattr, {1, {{1, 0}}}},
	{NR_FCHMODAT2, {1, {{1, 0}}}},
	{NR_SETXATTRAT, {1, {{1, 0}}}},
	{NR_GETXATTRAT, {1, {{1, 0}}}},
	{NR_LISTXATTRAT, {1, {{1, 0}}}},
	{NR_REMOVEXATTRAT, {1, {{1, 0}}}},
};

static const struct sd_path_args *paths_of[SD_NSYSCALLS];

void sd_paths_init(void)
{
	sd_where_init();
	if (!sd_nprefix)
		return;
	for (u32 i = 0; i < sizeof(host_calls) / sizeof(host_calls[0]); i++)
		paths_of[host_calls[i].nr] = &host_calls[i].args;
	for (u32 d = 0; d < sd_ndomains; d++)
		for (u32 i = 0; i < sd_domain[d].stubs->n; i++) {
			const struct sd_stub *s = &sd_domain[d].stubs->stub[i];

			if (s->nr < SD_NSYSCALLS && s->route == SD_ROUTE_PATH && s->paths)
				paths_of[s->nr] = s->paths;
		}
}

bool sd_names_files(u64 nr)
{
	return paths_of[nr] != NULL;
}

/* Would the call follow a link in the path's last place? */
static int call_follows(const struct sd_thread *t, u64 nr)
{
	u64 at = 0, flag = AT_SYMLINK_NOFOLLOW;

	switch (nr) {
	case __NR_lstat:
	case __NR_readlink:
	case __NR_readlinkat:
	case __NR_lchown:
	case __NR_lsetxattr:
	case __NR_lgetxattr:
	case __NR_llistxattr:
	case __NR_lremovexattr:
	case __NR_rename:
	case __NR_renameat:
	case __NR_renameat2:
	case __NR_link:
	case __NR_unlink:
	case __NR_unlinkat:
	case __NR_mkdir:
	case __NR_mkdirat:
	case __NR_rmdir:
	case __NR_mknod:
	case __NR_mknodat:
	case __NR_symlink:
	case __NR_symlinkat:
		return 0;
	case __NR_linkat:
		return (t->regs.r8 & AT_SYMLINK_FOLLOW) != 0;
	case __NR_open:
		at = t->regs.rsi;
		flag = O_NOFOLLOW;
		break;
	case __NR_openat:
		at = t->regs.rdx;
		flag = O_NOFOLLOW;
		break;
	case __NR_statx:
		at = t->regs.rdx;
		break;
	case __NR_newfstatat:
	case __NR_faccessat2:
	case __NR_utimensat:
		at = t->regs.r10;
		break;
	case __NR_fchownat:
		at = t->regs.r8;
		break;
	}
	return !(at & flag);
}

static enum sd_way on_host(struct sd_thread *t, const struct sd_path_args *pa,
			   const struct sd_place *p)
{
	int edited = 0;

	sd_settle(t);
	for (u32 i = 0; i < pa->n; i++) {
		if (!p[i].path)
			continue;
		if (!edited++)
			sd_edit(t);
		t->edit[pa->arg[i].path] = (u64)p[i].path;
	}
	return edited ? SD_EDITED : sd_next(t, SD_STAGE_NAMES);
}

/* The arguments that are fds, except directories of paths, as a bit mask. */
static u32 fds_beside_paths(const struct sd_stub *s)
{
	u32 dirs = 0;

	for (u32 i = 0; i < s->paths->n; i++)
		if (s->paths->arg[i].dirfd != SD_PATH_CWD)
			dirs |= 1u << s->paths->arg[i].dirfd;
	return s->fd_args & ~dirs;
}

static enum sd_way in_domain(struct sd_thread *t, const struct sd_place *p, u64 nr, u64 arg[6])
{
	u32 dom = p[0].dom;
	const struct sd_stub *s = sd_stub_for(dom, nr);
	struct sd_qp *l;
	int again = 0, create = 1;
	long err, ret;

	for (u32 i = 0; i < s->paths->n; i++) {
		if (p[i].path)
			arg[s->paths->arg[i].path] = (u64)p[i].path;
		if (s->paths->arg[i].dirfd != SD_PATH_CWD)
			arg[s->paths->arg[i].dirfd] = (u64)(s64)p[i].dirfd;
		create &= !p[i].relative;
	}
	err = sd_fd_args(t, fds_beside_paths(s), dom, arg);
	if (err)
		return sd_done(t, err);
	l = sd_qp_of(t, dom, create, &err);
	if (!l)
		return sd_done(t, err);
	sd_early_begin(t, l, dom, -1);
	ret = sd_domain_call(t, l, s, arg, &again);
	sd_early_end(t, l);
	if (ret >= 0 && s->ret_fd)
		ret = sd_install_new(t, l, dom, s, arg, ret);
	return sd_result(t, ret, again);
}

enum sd_way sd_call_paths(struct sd_thread *t)
{
	u64 nr = t->regs.rax;
	u64 arg[6] = {t->regs.rdi, t->regs.rsi, t->regs.rdx, t->regs.r10, t->regs.r8, t->regs.r9};
	const struct sd_path_args *pa = paths_of[nr];
	struct sd_place p[2];
	s32 dom = -1;

	for (u32 i = 0; i < pa->n; i++) {
		s32 dirfd = pa->arg[i].dirfd == SD_PATH_CWD ? AT_FDCWD : (s32)arg[pa->arg[i].dirfd];
		long err = sd_where(t, dirfd, arg[pa->arg[i].path], call_follows(t, nr),
				    i ? t->path2 : t->path, &p[i]);

		if (err)
			return sd_done(t, err);
		if (nr == __NR_mount && !i && p[i].relative)
			p[i].dom = -1; /* "none" and the like are no names of files */
		if (p[i].dom >= 0)
			dom = p[i].dom;
	}
	if (sd_likely(dom < 0))
		return on_host(t, pa, p);
	if (!sd_stub_for(dom, nr) || !sd_stub_for(dom, nr)->paths) {
		sd_unsupported(nr);
		return sd_done(t, -EOPNOTSUPP);
	}
	if (pa->n == 2 && p[0].dom != p[1].dom)
		return sd_done(t, -EXDEV);
	return in_domain(t, p, nr, arg);
}

/* bind(fd, address, length), connect: a local socket's address may be a name. */
enum sd_way sd_call_sockname(struct sd_thread *t)
{
	struct {
		u16 family;
		char path[110];
	} a = {0};
	u64 len = (u32)t->regs.rdx < 110 ? (u32)t->regs.rdx : 110;
	struct sd_place p;

	if (sd_fd_get(t, (s32)t->regs.rdi).kind != SD_FD_HOST ||
	    sd_copy_from_prog(&a, (void *)t->regs.rsi, len) || a.family != AF_UNIX || !a.path[0])
		return sd_next(t, SD_STAGE_NAMES);
	long err = sd_where_named(t, AT_FDCWD, a.path, t->path, &p);

	if (!err && p.dom >= 0) {
		sd_unsupported(t->regs.rax);
		err = -EOPNOTSUPP;
	}
	return err ? sd_done(t, err) : sd_next(t, SD_STAGE_NAMES);
}

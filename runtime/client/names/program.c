/* SPDX-License-Identifier: MIT */
/*
 * program.c: executes a program that is in a domain. The domain decides whether it may be
 * executed; then it is copied to memory, since only the host's files can be mapped for execution.
 */
#include "names/names.h"

#define PIECE 256 * 1024ul
#define MOST  (1ul << 30)

static long may_execute(struct sd_thread *t, u32 dom, s32 dirfd, const char *path)
{
	u64 arg[6] = {(u64)(s64)dirfd, (u64)path, X_OK, AT_EACCESS};
	long err = sd_domain_do(t, dom, __NR_faccessat2, arg);

	return err == -EOPNOTSUPP ? sd_domain_do(t, dom, __NR_faccessat, arg) : err;
}

/* Opened to be executed: a domain fd that the program has no number for. */
static long open_program(struct sd_thread *t, const struct sd_place *p, const char *name)
{
	const char *path = p->path ?: name;
	struct sd_stat st = {0};
	u64 at[6] = {(u64)(s64)p->dirfd, (u64)path, O_RDONLY | O_CLOEXEC};
	u64 stat[6] = {0, (u64)&st};
	long fd = may_execute(t, p->dom, p->dirfd, path), err;

	if (fd)
		return fd;
	fd = sd_domain_do(t, p->dom, __NR_openat, at);
	if (fd < 0)
		return fd;
	stat[0] = fd;
	err = sd_domain_do(t, p->dom, __NR_fstat, stat);
	if (!err && (st.mode & S_IFMT) != S_IFREG)
		err = -EACCES;
	if (!err)
		return fd;
	sd_domain_do(t, p->dom, __NR_close, stat);
	return err;
}

static long copy_all(struct sd_thread *t, u32 dom, s32 dfd, long mem)
{
	long buf = sys(__NR_mmap, 0, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	long n = buf;

	for (u64 at = 0; !sd_is_error(buf); at += n) {
		u64 arg[6] = {(u32)dfd, buf, PIECE, at};

		if (at > MOST) { /* a domain might never report the end */
			n = -ENOMEM;
			break;
		}
		n = sd_domain_do(t, dom, __NR_pread64, arg);
		if (n <= 0)
			break;
		if (sys(__NR_write, mem, buf, n) != n) {
			n = -ENOMEM;
			break;
		}
	}
	if (!sd_is_error(buf))
		sys(__NR_munmap, buf, PIECE);
	return n;
}

long sd_domfile_look(struct sd_thread *t, const struct sd_place *p, const char *name, char *head,
		     u64 room, u64 *len)
{
	long fd, n, err = 0;

	if (!p->relative && !sd_qp_of(t, p->dom, 1, &err))
		return err;
	fd = open_program(t, p, name);
	if (fd < 0)
		return fd;
	u64 arg[6] = {fd, (u64)head, room, 0};

	n = sd_domain_do(t, p->dom, __NR_pread64, arg);
	sd_domain_do(t, p->dom, __NR_close, arg);
	*len = n < 0 ? 0 : n;
	return n < 0 ? n : 0;
}

long sd_domfile_copy(struct sd_thread *t, const struct sd_place *p, const char *name, char *real)
{
	long fd = open_program(t, p, name), mem, n;

	if (fd < 0)
		return fd;
	mem = sys(__NR_memfd_create, "kdom-program", 0);
	n = mem < 0 ? mem : sd_domain_path(t, p->dom, fd, real);
	if (n >= 0)
		n = copy_all(t, p->dom, fd, mem);
	u64 arg[6] = {fd};

	sd_domain_do(t, p->dom, __NR_close, arg);
	if (n < 0 && mem >= 0)
		sys(__NR_close, mem);
	return n < 0 ? n : mem;
}

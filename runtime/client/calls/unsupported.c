/* SPDX-License-Identifier: MIT */
/*
 * unsupported.c: calls about an open file that its domain has no stub for. What the placeholder
 * would answer is right for some calls: one of a domain of files is an empty directory, so that
 * calls on sockets, timers and the like get what Linux says of a file; any other is a socket. The
 * rest is an error.
 */
#include "names/names.h"

enum {
	AS_SOCKET = 1, /* a socket's own answer is what Linux says, an error mostly */
	BY_NAME = 2,   /* the fd is a directory, too: names/path_calls.c */
};

static const struct {
	u16 nr, how;
} fd_calls[] = {
	{__NR_read, 0},
	{__NR_write, 0},
	{__NR_readv, 0},
	{__NR_writev, 0},
	{__NR_fstat, AS_SOCKET},
	{__NR_newfstatat, AS_SOCKET | BY_NAME},
	{__NR_statx, AS_SOCKET | BY_NAME},
	{__NR_lseek, AS_SOCKET},
	{__NR_ioctl, 0},
	{__NR_pread64, AS_SOCKET},
	{__NR_pwrite64, AS_SOCKET},
	{__NR_preadv, AS_SOCKET},
	{__NR_pwritev, AS_SOCKET},
	{__NR_preadv2, 0},
	{__NR_pwritev2, 0},
	{__NR_flock, 0},
	{__NR_fsync, AS_SOCKET},
	{__NR_fdatasync, AS_SOCKET},
	{__NR_ftruncate, AS_SOCKET},
	{__NR_getdents, AS_SOCKET},
	{__NR_getdents64, AS_SOCKET},
	{__NR_fchdir, AS_SOCKET},
	{__NR_fchmod, 0},
	{__NR_fchown, 0},
	{__NR_fstatfs, AS_SOCKET},
	{__NR_readahead, AS_SOCKET},
	{__NR_fsetxattr, 0},
	{__NR_fgetxattr, AS_SOCKET},
	{__NR_flistxattr, AS_SOCKET},
	{__NR_fremovexattr, 0},
	{__NR_fadvise64, AS_SOCKET},
	{__NR_sync_file_range, AS_SOCKET},
	{__NR_fallocate, AS_SOCKET},
	{__NR_syncfs, 0},
	{__NR_finit_module, AS_SOCKET},
	{__NR_kexec_file_load, AS_SOCKET},
	{451 /* cachestat */, AS_SOCKET},
	{443 /* quotactl_fd */, AS_SOCKET},
};

static const u16 *entry(u64 nr)
{
	for (u32 i = 0; i < sizeof(fd_calls) / sizeof(fd_calls[0]); i++)
		if (fd_calls[i].nr == nr)
			return &fd_calls[i].how;
	return NULL;
}

long sd_no_stub(u64 nr, u32 dom)
{
	const u16 *how = entry(nr);

	if (sd_has_prefix(dom) ? !how : how && (*how & AS_SOCKET))
		return 0;
	if (nr == __NR_ioctl)
		return -ENOTTY; /* none that this file knows */
	sd_unsupported(nr);
	return -EOPNOTSUPP;
}

/* No domain has a stub for it. */
static enum sd_way fd_only(struct sd_thread *t)
{
	struct sd_fd e = sd_fd_get(t, (s32)t->regs.rdi);
	long err = e.kind == SD_FD_DOMAIN ? sd_no_stub(t->regs.rax, e.dom) : 0;

	if (e.kind == SD_FD_HIDDEN)
		err = -EBADF;
	return err ? sd_done(t, err) : SD_HOST;
}

void sd_nostub_init(void (*take)(u64 nr, sd_call_fn fn))
{
	for (u32 i = 0; i < sizeof(fd_calls) / sizeof(fd_calls[0]); i++) {
		u32 nr = fd_calls[i].nr, stubs = 0, wrong = 0;

		for (u32 d = 0; d < sd_ndomains; d++) {
			stubs += sd_stub_for(d, nr) != NULL;
			wrong += sd_has_prefix(d) || !(fd_calls[i].how & AS_SOCKET);
		}
		if (!stubs && wrong && !(fd_calls[i].how & BY_NAME))
			take(nr, fd_only);
	}
}

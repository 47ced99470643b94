/* SPDX-License-Identifier: MIT */
/*
 * self_exe.c: lets /proc/self/exe and equivalent names refer to the program; for the kernel the
 * process runs the launcher.
 */
#include "names/names.h"

int sd_is_own_exe(const char *path)
{
	const char *s = sd_own_proc(path);

	return s && sd_streq(s, "exe");
}

static int names_own_exe(const char *prog_path)
{
	char buf[48];
	long n = sd_strncpy_raw(buf, prog_path, 6);

	if (n != 6 || memcmp(buf, "/proc/", 6))
		return 0;
	n = sd_strncpy_raw(buf, prog_path, sizeof(buf));
	return n > 0 && n < (long)sizeof(buf) && sd_is_own_exe(buf);
}

static enum sd_way name_program(struct sd_thread *t, int arg)
{
	sd_edit(t);
	t->edit[arg] = (u64)sd_exe_path;
	return SD_EDITED;
}

enum sd_way sd_call_path0(struct sd_thread *t)
{
	if (!names_own_exe((const char *)t->regs.rdi))
		return sd_next(t, SD_STAGE_HOOK);
	if (t->regs.rax == __NR_open && (t->regs.rsi & O_NOFOLLOW))
		return sd_next(t, SD_STAGE_HOOK);
	return name_program(t, 0);
}

/* Calls about the link itself get the host's answer. */
static int about_link(const struct sd_thread *t)
{
	switch (t->regs.rax) {
	case __NR_openat:
		return (t->regs.rdx & O_NOFOLLOW) != 0;
	case __NR_statx:
		return (t->regs.rdx & AT_SYMLINK_NOFOLLOW) != 0;
	case __NR_newfstatat:
	case __NR_faccessat2:
		return (t->regs.r10 & AT_SYMLINK_NOFOLLOW) != 0;
	}
	return 0;
}

enum sd_way sd_call_path1(struct sd_thread *t)
{
	if (!names_own_exe((const char *)t->regs.rsi) || about_link(t))
		return sd_next(t, SD_STAGE_HOOK);
	return name_program(t, 1);
}

static enum sd_way answer_link(struct sd_thread *t, u64 buf, s64 size)
{
	s64 n = strlen(sd_exe_path);

	if (size <= 0)
		return sd_next(t, SD_STAGE_HOOK); /* EINVAL */
	if (n > size)
		n = size;
	return sd_done(t, sd_copy_to_prog((void *)buf, sd_exe_path, n) ?: n);
}

/* /proc/self/fd/N and /proc/self/cwd of what is in a domain. */
static enum sd_way answer_name(struct sd_thread *t, const char *prog_path, u64 buf, s64 size)
{
	char name[SD_NAME_ROOM];
	const char *rest;
	long n = sd_nprefix ? sd_strncpy_raw(name, prog_path, 64) : 0;
	s32 fd = n > 0 && n < 64 ? sd_fd_link(name, &rest) : -1, dom, dfd;

	if (fd == -1 || *rest || size <= 0)
		return sd_next(t, SD_STAGE_HOOK);
	dom = sd_link_domain(t, fd, &dfd, &n);
	if (dom < 0)
		return sd_next(t, SD_STAGE_HOOK);
	if (!n)
		n = sd_domain_path(t, dom, dfd, name);
	if (n > size)
		n = size;
	return sd_done(t, n < 0 ? n : sd_copy_to_prog((void *)buf, name, n) ?: n);
}

enum sd_way sd_call_readlink(struct sd_thread *t)
{
	const char *path = (const char *)t->regs.rdi;

	if (!names_own_exe(path))
		return answer_name(t, path, t->regs.rsi, (s32)t->regs.rdx);
	return answer_link(t, t->regs.rsi, (s32)t->regs.rdx);
}

enum sd_way sd_call_readlinkat(struct sd_thread *t)
{
	const char *path = (const char *)t->regs.rsi;

	if (!names_own_exe(path))
		return answer_name(t, path, t->regs.rdx, (s32)t->regs.r10);
	return answer_link(t, t->regs.rdx, (s32)t->regs.r10);
}

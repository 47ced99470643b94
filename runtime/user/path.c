/* SPDX-License-Identifier: MIT */
/*
 * path.c: the kernel believes that this process runs the launcher, so /proc/self/exe and its other
 * names are answered with the program.
 */
#include "user.h"

#define O_NOFOLLOW 0400000

static const char *after_number(const char *s)
{
	while (*s >= '0' && *s <= '9')
		s++;
	return s;
}

int sd_is_own_exe(const char *path)
{
	const char *s = path + 6;
	u64 pid = sys(__NR_getpid);

	if (!sd_starts(path, "/proc/"))
		return 0;
	if (sd_starts(s, "self/") || sd_starts(s, "thread-self/"))
		s += s[0] == 's' ? 5 : 12;
	else if (*s >= '1' && *s <= '9' && sd_atou(s) == pid && *after_number(s) == '/')
		s = after_number(s) + 1;
	else
		return 0;
	if (sd_starts(s, "task/"))
		s = after_number(s + 5) + 1;
	return sd_streq(s, "exe");
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

static enum sd_way instead(struct sd_thread *t, int arg)
{
	sd_edit(t);
	t->edit[arg] = (u64)sd_exe_path;
	return SD_EDITED;
}

enum sd_way sd_call_path0(struct sd_thread *t)
{
	if (!names_own_exe((const char *)t->regs.rdi))
		return SD_HOST;
	if (t->regs.rax == __NR_open && (t->regs.rsi & O_NOFOLLOW))
		return SD_HOST;
	return instead(t, 0);
}

/* Calls that can be asked about the link itself get the host's answer for it. */
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
		return SD_HOST;
	return instead(t, 1);
}

static enum sd_way answer_link(struct sd_thread *t, u64 buf, s64 size)
{
	s64 n = strlen(sd_exe_path);

	if (size <= 0)
		return SD_HOST; /* EINVAL */
	if (n > size)
		n = size;
	return sd_done(t, sd_copy_to_prog((void *)buf, sd_exe_path, n) ?: n);
}

enum sd_way sd_call_readlink(struct sd_thread *t)
{
	if (!names_own_exe((const char *)t->regs.rdi))
		return SD_HOST;
	return answer_link(t, t->regs.rsi, (s32)t->regs.rdx);
}

enum sd_way sd_call_readlinkat(struct sd_thread *t)
{
	if (!names_own_exe((const char *)t->regs.rsi))
		return SD_HOST;
	return answer_link(t, t->regs.rdx, (s32)t->regs.r10);
}

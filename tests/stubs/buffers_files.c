// SPDX-License-Identifier: GPL-2.0
/*
 * buffers_files.c: the buffers of calls about files. "path NAME" is a path, where "/sd" at the
 * beginning stands for the domain's prefix; "text TEXT" any other string.
 */
#include "buffers.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <time.h>
#include <utime.h>

#define WHEN 1100000000

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static void put_string(struct slot *s, const char *text)
{
	put(s, text, strlen(text) + 1);
}

/* "long255": one name of that many characters; from 4095 on a path to the file, by way of itself.
 */
static void put_long(struct slot *s, size_t n)
{
	char *p = take(s, n + 1);

	memset(p, 'n', n);
	p[n] = '\0';
	if (n < 4095)
		return;
	for (size_t i = 0; i < n; i++)
		p[i] = i % 2 ? '/' : '.';
	memcpy(p + n - 5, "/file", 5);
}

static void put_path(struct slot *s, const char *path)
{
	const char *prefix =
		st_suite.stubs && st_suite.stubs->nprefix ? st_suite.stubs->prefix[0] : "/sd";
	char text[512];

	if (begins(path, "long"))
		return put_long(s, strtoul(path + 4, NULL, 10));
	if (!strcmp(path, "unterminated"))
		return (void)take(s, 20);
	strcpy(text, begins(path, "/sd") ? prefix : "");
	strncat(text, begins(path, "/sd") ? path + 3 : path, 300);
	put_string(s, text);
}

/* An attribute's name of n characters. */
static void put_name(struct slot *s, size_t n)
{
	char *p = take(s, n + 1);

	memset(p, 'x', n);
	memcpy(p, "user.", 5);
	p[n] = '\0';
}

static bool make_string(struct slot *s, const char *name)
{
	if (begins(name, "path "))
		put_path(s, name + 5);
	else if (begins(name, "text "))
		put_string(s, name + 5);
	else if (begins(name, "name"))
		put_name(s, strtoul(name + 4, NULL, 10));
	else
		return false;
	return true;
}

static bool make_how(struct slot *s, const char *name)
{
	static const struct {
		const char *name;
		struct open_how how;
	} hows[] = {
		{"how", {O_RDWR, 0, 0}},
		{"how_create", {O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0640, 0}},
		{"how_beneath", {O_RDONLY, 0, RESOLVE_BENEATH}},
		{"how_inroot", {O_RDONLY, 0, RESOLVE_IN_ROOT}},
		{"how_nolinks", {O_RDONLY, 0, RESOLVE_NO_SYMLINKS}},
		{"how_unknown", {O_RDONLY, 0, 1ull << 40}},
	};

	if (!strcmp(name, "how_longer")) {
		memset(take(s, 32), 0, 32);
		return true;
	}
	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++)
		if (!strcmp(hows[i].name, name)) {
			put(s, &hows[i].how, sizeof(hows[i].how));
			return true;
		}
	return false;
}

static bool make_times(struct slot *s, const char *name)
{
	struct utimbuf ub = {WHEN, WHEN + 1};
	struct timeval tv[2] = {{WHEN, 100}, {WHEN + 1, 200}};
	struct timespec ts[2] = {{WHEN, 300}, {WHEN + 1, 400}};

	if (!strcmp(name, "utimbuf")) {
		put(s, &ub, sizeof(ub));
	} else if (begins(name, "timevals")) {
		tv[1].tv_usec = strstr(name, "_bad") ? 1000000 : 200;
		put(s, tv, sizeof(tv));
	} else if (begins(name, "timespecs")) {
		ts[0].tv_nsec = strstr(name, "_omit") ? UTIME_OMIT : 300;
		ts[1].tv_nsec = strstr(name, "_omit")  ? UTIME_NOW
				: strstr(name, "_bad") ? 1000000000
						       : 400;
		put(s, ts, sizeof(ts));
	} else {
		return false;
	}
	return true;
}

static bool make_identity(struct slot *s, const char *name)
{
	static const u32 groups[2] = {2000, 3000},
			 override[6] = {1 << CAP_DAC_OVERRIDE, 1 << CAP_DAC_OVERRIDE};
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};

	if (!strcmp(name, "groups"))
		put(s, groups, sizeof(groups));
	else if (!strcmp(name, "cap_header"))
		put(s, &h, sizeof(h));
	else if (!strcmp(name, "cap_override"))
		put(s, override, sizeof(override));
	else
		return false;
	return true;
}

static bool make_number(struct slot *s, const char *name)
{
	s64 v = begins(name, "off") ? strtoll(name + 3, NULL, 10) : 0;

	if (begins(name, "off"))
		put(s, &v, sizeof(v));
	return begins(name, "off");
}

static bool make_struct(struct slot *s, const char *name)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	u8 set[32] = {[FD_file / 8] = 1 << FD_file % 8, [FD_fifo / 8] = 1 << FD_fifo % 8};
	struct pollfd p[3] = {{FX_FD(FX_file), POLLIN | POLLOUT, 0},
			      {FX_FD(FX_fifo), POLLIN, 0},
			      {900, POLLIN, 0}};

	if (!strcmp(name, "flock"))
		put(s, &lock, sizeof(lock));
	else if (!strcmp(name, "pollfds_file"))
		put(s, p, sizeof(p));
	else if (!strcmp(name, "fdset_file"))
		put(s, set, sizeof(set));
	else if (begins(name, "dirents"))
		take(s, strtoul(name + 7, NULL, 10));
	else if (!strcmp(name, "stat"))
		take(s, sizeof(struct stat));
	else if (!strcmp(name, "statx"))
		take(s, sizeof(struct statx));
	else if (!strcmp(name, "statfs"))
		take(s, sizeof(struct statfs));
	else
		return false;
	return true;
}

bool make_file(struct slot *s, const char *name)
{
	return make_string(s, name) || make_how(s, name) || make_times(s, name) ||
	       make_identity(s, name) || make_number(s, name) || make_struct(s, name);
}

int buffer_needs(const char *name)
{
	return strcmp(name, "pollfds_file") && strcmp(name, "fdset_file") ? -1 : FX_file;
}

/* ---- what differs by nature ---- */

static bool recent(s64 t)
{
	s64 age = (s64)time(NULL) - t;

	return age > -86400 && age < 86400;
}

static void mask_time(struct timespec *t)
{
	if (recent(t->tv_sec))
		*t = (struct timespec){0};
}

/* Numbers of inodes are each kernel's own, if no disk holds them (with_files.sh). */
static bool any_ino(void)
{
	static int any = -1;

	if (any < 0)
		any = getenv("KSLICE_ANY_INO") != NULL;
	return any;
}

static void mask_stat(struct stat *st)
{
	st->st_dev = 0;
	if (any_ino())
		st->st_ino = 0;
	mask_time(&st->st_atim);
	mask_time(&st->st_mtim);
	mask_time(&st->st_ctim);
}

static void mask_xtime(struct statx_timestamp *t)
{
	if (recent(t->tv_sec))
		t->tv_sec = 0, t->tv_nsec = 0;
}

/* Newer kernels report more than requested, and know more attributes. */
static void mask_statx(struct statx *x)
{
	x->stx_dev_major = x->stx_dev_minor = 0;
	if (any_ino())
		x->stx_ino = 0;
	x->stx_mask &= STATX_BASIC_STATS | STATX_BTIME;
	x->stx_attributes_mask = 0;
	memset((u8 *)x + offsetof(struct statx, stx_dev_minor) + 4, 0,
	       sizeof(*x) - offsetof(struct statx, stx_dev_minor) - 4);
	mask_xtime(&x->stx_atime);
	mask_xtime(&x->stx_btime);
	mask_xtime(&x->stx_ctime);
	mask_xtime(&x->stx_mtime);
}

/* Linux leaves the bytes between a name's end and the next entry as they are; those of the
 * domain are arbitrary. */
static void mask_entries(u8 *p, u8 *end)
{
	u16 len;

	for (; end - p > 19 && (memcpy(&len, p + 16, 2), len >= 24) && len <= end - p && !(len % 8);
	     p += len) {
		bool old =
			!memchr(p + 18, 0, 1) && p[18] >= 0x20; /* getdents: the name begins here,
								   and the type is the last byte */
		u8 *name = p + (old ? 18 : 19), *nul = memchr(name, 0, (size_t)(p + len - name));

		if (any_ino())
			memset(p, 0, 8);
		if (nul)
			memset(nul, 0, (size_t)(p + len - nul) - old);
	}
}

void buffer_mask(int i, const char *name, u64 at)
{
	union {
		struct stat st;
		struct statx x;
	} u;
	u64 end = buffer_guard(i);
	size_t size = !strcmp(name, "stat")    ? sizeof(u.st)
		      : !strcmp(name, "statx") ? sizeof(u.x)
					       : 0;

	if (at < end - BUF_SLOT || at >= end)
		return;
	if (begins(name, "dirents"))
		return mask_entries((u8 *)(uintptr_t)at, (u8 *)(uintptr_t)end);
	if (!size)
		return;
	if (size > end - at)
		size = end - at;
	memset(&u, 0, sizeof(u));
	memcpy(&u, (void *)(uintptr_t)at, size);
	if (!strcmp(name, "stat"))
		mask_stat(&u.st);
	else
		mask_statx(&u.x);
	memcpy((void *)(uintptr_t)at, &u, size);
}

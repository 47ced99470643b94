// SPDX-License-Identifier: GPL-2.0
/* use.c: a client of the generated stubs on a file system that may be anything. Every error is
 * right; a silence isn't. */
#include "../../stubs/stub_test.h"
#include "../../stubs/world.h"
#include "../../serve/domain.h"
#include "ext4.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEPTH 5
#define NAMES 200 /* a directory may lead back into itself */

int st_mutate;
bool st_mutating;
static struct domain domain;
static struct dclient client;
static struct sd_qp qp;
static uint8_t *seen;
static size_t nseen;
static int names;

void st_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	exit(1);
}

const struct sd_stub *st_stub(unsigned int nr)
{
	for (u32 i = 0; i < st_suite.stubs->n; i++)
		if (st_suite.stubs->stub[i].nr == nr)
			return &st_suite.stubs->stub[i];
	return NULL;
}

/* Another answer of a call is something new, as another way through its code is. */
static long call(unsigned int nr, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	const struct sd_stub *st = st_stub(nr);
	const u64 arg[6] = {a, b, c, d, e};
	long ret = 0;
	enum sd_status s = st ? st->stub(&qp, &ret, arg) : SD_REFUSED;

	if (s == SD_DEAD || s == SD_PROTO)
		st_die("use: call %u: the domain is gone (%d)\n", nr, s);
	seen[(nr * 41u + (ret < 0 ? (u32)-ret : 0)) % nseen] = 1;
	return s ? -EAGAIN : ret;
}

static void contents(const char *path, const struct stat *st)
{
	static char buf[65536];
	long fd = call(SYS_openat, (u64)AT_FDCWD, P(path), O_RDWR, 0, 0);

	if (fd < 0)
		return;
	call(SYS_read, (u64)fd, P(buf), sizeof(buf), 0, 0);
	call(SYS_pread64, (u64)fd, P(buf), 4096, (u64)st->st_size / 2, 0);
	call(SYS_pread64, (u64)fd, P(buf), 4096, (u64)st->st_size - 100, 0);
	call(SYS_pwrite64, (u64)fd, P(buf), 5000, 700, 0);
	call(SYS_pwrite64, (u64)fd, P(buf), 3000, (u64)st->st_size, 0);
	call(SYS_fallocate, (u64)fd, 3, 1000, 3000, 0);
	call(SYS_ftruncate, (u64)fd, 333, 0, 0, 0);
	call(SYS_fsync, (u64)fd, 0, 0, 0, 0);
	call(SYS_close, (u64)fd, 0, 0, 0, 0);
}

static void attributes(const char *path)
{
	char list[1024], value[4096];
	long n = call(SYS_llistxattr, P(path), P(list), sizeof(list) - 1, 0, 0);

	list[n > 0 ? n : 0] = 0;
	for (char *k = list; n > 0 && k < list + n; k += strlen(k) + 1)
		call(SYS_lgetxattr, P(path), P(k), P(value), sizeof(value), 0);
	memset(value, 'v', sizeof(value));
	call(SYS_setxattr, P(path), P("user.new"), P(value), 600, 0);
	call(SYS_removexattr, P(path), P("user.one"), 0, 0, 0);
}

static void walk(const char *dir, int depth, void (*fn)(const char *path, const struct stat *st));

static void one(const char *dir, const char *name, int depth,
		void (*fn)(const char *path, const struct stat *st))
{
	char path[4200];
	struct stat st = {0};

	if (!strcmp(name, ".") || !strcmp(name, "..") || names++ > NAMES)
		return;
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= 4096)
		return;
	call(SYS_newfstatat, (u64)AT_FDCWD, P(path), P(&st), AT_SYMLINK_NOFOLLOW, 0);
	if (S_ISDIR(st.st_mode) && depth < DEPTH)
		walk(path, depth + 1, fn);
	fn(path, &st);
}

static void walk(const char *dir, int depth, void (*fn)(const char *path, const struct stat *st))
{
	struct entry {
		u64 ino;
		s64 off;
		u16 len;
		u8 type;
		char name[];
	};
	char buf[4096] __attribute__((aligned(8)));
	long fd = call(SYS_openat, (u64)AT_FDCWD, P(dir), O_RDONLY | O_DIRECTORY, 0, 0), n;

	if (fd < 0)
		return;
	while ((n = call(SYS_getdents64, (u64)fd, P(buf), sizeof(buf), 0, 0)) > 0 && names < NAMES)
		for (long i = 0; i < n; i += ((struct entry *)(buf + i))->len)
			one(dir, ((struct entry *)(buf + i))->name, depth, fn);
	call(SYS_close, (u64)fd, 0, 0, 0, 0);
}

static void look(const char *path, const struct stat *st)
{
	char target[4096];

	if (S_ISLNK(st->st_mode))
		call(SYS_readlinkat, (u64)AT_FDCWD, P(path), P(target), sizeof(target), 0);
	attributes(path);
	if (S_ISREG(st->st_mode))
		contents(path, st);
}

static void take_away(const char *path, const struct stat *st)
{
	call(SYS_unlinkat, (u64)AT_FDCWD, P(path), S_ISDIR(st->st_mode) ? AT_REMOVEDIR : 0, 0, 0);
}

static void make_some(const char *root)
{
	static char buf[20000];
	char path[300], other[300];

	for (int i = 0; i < 12; i++) {
		snprintf(path, sizeof(path),
			 "%s/new-with-a-name-that-takes-room-in-the-directory-%d", root, i);
		long fd = call(SYS_openat, (u64)AT_FDCWD, P(path), O_RDWR | O_CREAT, 0644, 0);

		call(SYS_write, (u64)fd, P(buf), i * 1500u, 0, 0);
		call(SYS_close, (u64)fd, 0, 0, 0, 0);
	}
	snprintf(other, sizeof(other), "%s/d", root);
	call(SYS_mkdirat, (u64)AT_FDCWD, P(other), 0755, 0, 0);
	snprintf(other, sizeof(other), "%s/d/moved", root);
	call(SYS_renameat2, (u64)AT_FDCWD, P(path), (u64)AT_FDCWD, P(other), 0);
	call(SYS_linkat, (u64)AT_FDCWD, P(other), (u64)AT_FDCWD, P(path), 0);
}

void use_domain(const char *image, uint8_t *record, size_t n)
{
	const char *root = st_suite.stubs->prefix[0];
	char buf[256];

	seen = record, nseen = n;
	domain_start(&domain, image, 64);
	if (domain_attach(&domain, &client, 0, 0))
		st_die("use: attach\n");
	dclient_qp(&domain, &client, &qp, 0);
	call(SYS_statfs, P(root), P(buf), 0, 0, 0);
	walk(root, 0, look);
	make_some(root);
	call(SYS_sync, 0, 0, 0, 0, 0);
	names = 0;
	walk(root, 0, take_away);
	domain_detach(&domain, &client);
	domain_stop(&domain);
}

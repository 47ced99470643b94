// SPDX-License-Identifier: GPL-2.0
/* world_tree.c: compares and removes the files of a world, by the domain's own calls. */
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define DEPTH 8
#define LOOK  65536 /* bytes of a file's beginning and end */

char tree_root[64];

struct entry { /* as getdents64 gives it */
	u64 ino;
	s64 off;
	u16 len;
	u8 type;
	char name[];
};

void tree_find_root(void)
{
	tree_root[0] = '\0';
	if (st_suite.stubs->nprefix)
		add(tree_root, sizeof(tree_root), "%s/t", st_suite.stubs->prefix[0]);
}

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static long open_dir(struct side *s, const char *path)
{
	return side_call(s, SYS_openat, (u64)AT_FDCWD, P(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
			 0, 0, 0);
}

/* ---- removal ---- */

static void empty_out(struct side *s, const char *path, int depth);

static void remove_one(struct side *s, const char *dir, const char *name, int depth)
{
	char path[4200] = "";
	long r;

	add(path, sizeof(path), "%s/%s", dir, name);
	r = side_call(s, SYS_unlinkat, (u64)AT_FDCWD, P(path), 0, 0, 0, 0);
	if (r != -EISDIR)
		return (void)need(s, path, r);
	empty_out(s, path, depth + 1);
	need(s, path, side_call(s, SYS_unlinkat, (u64)AT_FDCWD, P(path), AT_REMOVEDIR, 0, 0, 0));
}

static void empty_out(struct side *s, const char *path, int depth)
{
	char buf[8192] __attribute__((aligned(8)));
	bool any = depth < DEPTH;

	while (any) { /* until reading it from the beginning finds nothing */
		long fd = need(s, path, open_dir(s, path)), n, i;

		any = false;
		while ((n = side_call(s, SYS_getdents64, (u64)fd, P(buf), sizeof(buf), 0, 0, 0)) >
		       0)
			for (i = 0; i < n; i += ((struct entry *)(buf + i))->len)
				if (!is_dot(((struct entry *)(buf + i))->name)) {
					remove_one(s, path, ((struct entry *)(buf + i))->name,
						   depth);
					any = true;
				}
		need(s, path, side_call(s, SYS_close, (u64)fd, 0, 0, 0, 0, 0));
	}
}

void tree_remove(struct side *s)
{
	empty_out(s, tree_root, 0);
	need(s, tree_root,
	     side_call(s, SYS_unlinkat, (u64)AT_FDCWD, P(tree_root), AT_REMOVEDIR, 0, 0, 0));
}

/* ---- what is there ---- */

static void add_time(const char *what, const struct timespec *t, char *buf, size_t size)
{
	long long age = (long long)time(NULL) - t->tv_sec;

	if (age > -86400 && age < 86400)
		add(buf, size, " %s now", what);
	else
		add(buf, size, " %s %lld.%ld", what, (long long)t->tv_sec, t->tv_nsec);
}

static void add_data(struct side *s, const char *path, u64 length, char *buf, size_t size)
{
	static u8 data[LOOK];
	long fd = side_call(s, SYS_openat, (u64)AT_FDCWD, P(path), O_RDONLY | O_NOATIME, 0, 0, 0),
	     n, end = 0;
	u32 h = SUM_START;

	if (fd < 0)
		return add(buf, size, " open %ld", fd);
	n = side_call(s, SYS_pread64, (u64)fd, P(data), LOOK, 0, 0, 0);
	if (n > 0)
		h = sum(h, data, (size_t)n);
	if (length > LOOK)
		end = side_call(s, SYS_pread64, (u64)fd, P(data), LOOK, length - LOOK, 0, 0);
	if (end > 0)
		h = sum(h, data, (size_t)end);
	add(buf, size, " data %ld %ld %08x", n, end, h);
	side_call(s, SYS_close, (u64)fd, 0, 0, 0, 0, 0);
}

static void add_attributes(struct side *s, const char *path, char *buf, size_t size)
{
	static u8 value[65536];
	char list[4096];
	long n = side_call(s, SYS_llistxattr, P(path), P(list), sizeof(list), 0, 0, 0), r;

	if (n < 0)
		return add(buf, size, " list %ld", n);
	for (char *k = list; k < list + n; k += strlen(k) + 1) {
		r = side_call(s, SYS_lgetxattr, P(path), P(k), P(value), sizeof(value), 0, 0);
		add(buf, size, " %s=%ld:%08x", k, r, r > 0 ? sum(SUM_START, value, (size_t)r) : 0);
	}
}

static void add_file(struct side *s, const char *path, const struct stat *st, char *buf,
		     size_t size)
{
	add(buf, size, "%s: %o links %lu of %u.%u", path + strlen(tree_root), st->st_mode,
	    (unsigned long)st->st_nlink, st->st_uid, st->st_gid);
	if (!S_ISDIR(st->st_mode))
		add(buf, size, " size %lld blocks %lld", (long long)st->st_size,
		    (long long)st->st_blocks);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		add(buf, size, " device %llx", (unsigned long long)st->st_rdev);
	add_time("a", &st->st_atim, buf, size);
	add_time("m", &st->st_mtim, buf, size);
	if (S_ISLNK(st->st_mode) && st_stub(SYS_readlinkat)) {
		char target[4096] = "";
		long n = side_call(s, SYS_readlinkat, (u64)AT_FDCWD, P(path), P(target),
				   sizeof(target) - 1, 0, 0);

		add(buf, size, " -> %ld %08x", n,
		    n > 0 ? sum(SUM_START, (u8 *)target, (size_t)n) : 0);
	}
	if (st_stub(SYS_llistxattr) && st_stub(SYS_lgetxattr))
		add_attributes(s, path, buf, size);
	if (S_ISREG(st->st_mode))
		add_data(s, path, (u64)st->st_size, buf, size);
	add(buf, size, "\n");
}

static void walk(struct side *s, const char *dir, int depth, char *buf, size_t size)
{
	char list[8192] __attribute__((aligned(8))), path[4200];
	long fd = open_dir(s, dir), n, r;
	struct stat st;

	if (fd < 0)
		return add(buf, size, "%s: %ld\n", dir, fd);
	while ((n = side_call(s, SYS_getdents64, (u64)fd, P(list), sizeof(list), 0, 0, 0)) > 0) {
		for (long i = 0; i < n; i += ((struct entry *)(list + i))->len) {
			const char *name = ((struct entry *)(list + i))->name;

			if (is_dot(name))
				continue;
			path[0] = '\0';
			add(path, sizeof(path), "%s/%s", dir, name);
			r = side_call(s, SYS_newfstatat, (u64)AT_FDCWD, P(path), P(&st),
				      AT_SYMLINK_NOFOLLOW, 0, 0);
			if (r)
				add(buf, size, "%s: %ld\n", path, r);
			else
				add_file(s, path, &st, buf, size);
			if (!r && S_ISDIR(st.st_mode) && depth < DEPTH)
				walk(s, path, depth + 1, buf, size);
		}
	}
	side_call(s, SYS_close, (u64)fd, 0, 0, 0, 0, 0);
}

void tree_state(struct side *s, char *buf, size_t size)
{
	struct stat st;
	long r = side_call(s, SYS_newfstatat, (u64)AT_FDCWD, P(tree_root), P(&st),
			   AT_SYMLINK_NOFOLLOW, 0, 0);

	if (r)
		return add(buf, size, "%s: %ld\n", tree_root, r);
	add_file(s, tree_root, &st, buf, size);
	walk(s, tree_root, 0, buf, size);
}

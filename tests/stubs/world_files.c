// SPDX-License-Identifier: GPL-2.0
/* world_files.c: a small tree of files of every kind below the domain's prefix, some of them
 * open, in every mode. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FILE_SIZE 10000
#define WHEN	  1000000000 /* the times of all files, so that a changed one is detected */

static u8 pattern[FILE_SIZE];
static bool links, symlinks, nodes, owners; /* has this file system */

/* root/name; valid until the fourth call after this one. */
static const char *at(const char *name)
{
	static char path[4][256];
	static int n;
	char *p = path[n++ % 4];

	p[0] = '\0';
	add(p, sizeof(path[0]), "%s/%s", tree_root, name);
	return p;
}

static long open_at(struct side *s, const char *name, int flags, int mode)
{
	return need(
		s, name,
		side_call(s, SYS_openat, (u64)AT_FDCWD, P(at(name)), (u64)flags, (u64)mode, 0, 0));
}

static void directory(struct side *s, const char *name)
{
	need(s, name, side_call(s, SYS_mkdirat, (u64)AT_FDCWD, P(at(name)), 0755, 0, 0, 0));
}

static void regular(struct side *s, const char *name, size_t size)
{
	long fd = open_at(s, name, O_CREAT | O_EXCL | O_WRONLY, 0644);

	if (size)
		need(s, name, side_call(s, SYS_write, (u64)fd, P(pattern), size, 0, 0, 0));
	need(s, name, side_call(s, SYS_close, (u64)fd, 0, 0, 0, 0, 0));
}

static void link_to(struct side *s, const char *name, const char *target)
{
	if (symlinks)
		need(s, name,
		     side_call(s, SYS_symlinkat, P(target), (u64)AT_FDCWD, P(at(name)), 0, 0, 0));
}

/* mode: set after the owner, since chown clears the set-id bits. */
static void owner(struct side *s, const char *name, u32 uid, u32 gid, u32 mode)
{
	if (owners && st_stub(SYS_fchownat))
		need(s, name,
		     side_call(s, SYS_fchownat, (u64)AT_FDCWD, P(at(name)), uid, gid, 0, 0));
	if (owners && st_stub(SYS_fchmodat))
		need(s, name,
		     side_call(s, SYS_fchmodat, (u64)AT_FDCWD, P(at(name)), mode, 0, 0, 0));
}

static void attribute(struct side *s, const char *name, const char *key, size_t size)
{
	if (st_stub(SYS_setxattr))
		need(s, name,
		     side_call(s, SYS_setxattr, P(at(name)), P(key), P(pattern), size, 0, 0));
}

static void make_holes(struct side *s)
{
	long fd = open_at(s, "holes", O_CREAT | O_EXCL | O_WRONLY, 0644);

	need(s, "holes", side_call(s, SYS_write, (u64)fd, P(pattern), 4096, 0, 0, 0));
	need(s, "holes", side_call(s, SYS_lseek, (u64)fd, 32768, SEEK_SET, 0, 0, 0));
	need(s, "holes", side_call(s, SYS_write, (u64)fd, P(pattern), 4096, 0, 0, 0));
	need(s, "holes",
	     side_call(s, SYS_lseek, (u64)fd, 3 << 20, SEEK_SET, 0, 0,
		       0)); /* more than a call carries */
	need(s, "holes", side_call(s, SYS_write, (u64)fd, P(pattern), 100, 0, 0, 0));
	need(s, "holes", side_call(s, SYS_close, (u64)fd, 0, 0, 0, 0, 0));
}

static void make_plain(struct side *s)
{
	regular(s, "file", FILE_SIZE);
	attribute(s, "file", "user.one", 5);
	attribute(s, "file", "user.two", 100);
	if (links)
		need(s, "hard",
		     side_call(s, SYS_linkat, (u64)AT_FDCWD, P(at("file")), (u64)AT_FDCWD,
			       P(at("hard")), 0, 0));
	regular(s, "empty", 0);
	make_holes(s);
	directory(s, "dir");
	regular(s, "dir/a", 3);
	regular(s, "dir/b", 0);
	directory(s, "dir/sub");
	regular(s, "dir/sub/deep", 5);
	directory(s, "emptydir");
	link_to(s, "link", "file");
	link_to(s, "abslink", at("file"));
	link_to(s, "dirlink", "dir");
	link_to(s, "dangling", "nowhere");
	link_to(s, "loop", "loop");
	if (nodes)
		need(s, "fifo",
		     side_call(s, SYS_mknodat, (u64)AT_FDCWD, P(at("fifo")), S_IFIFO | 0644, 0, 0,
			       0));
}

static void make_owned(struct side *s)
{
	owner(s, "empty", 0, 0, 0600);
	directory(s, "closed");
	regular(s, "closed/in", 7);
	owner(s, "closed", 0, 0, 0);
	regular(s, "owned", 20);
	owner(s, "owned", 1000, 1000, 0640);
	regular(s, "suid", 30);
	owner(s, "suid", 1001, 1001, 06755);
	directory(s, "sticky");
	regular(s, "sticky/theirs", 9);
	owner(s, "sticky/theirs", 1001, 1001, 0644);
	owner(s, "sticky", 0, 0, 01777);
	regular(s, "grouped", 11);
	owner(s, "grouped", 0, 2000, 0060);
}

static void set_times(struct side *s)
{
	static const char *const all[] = {
		"file",	   "empty", "holes",	     "dir/a",  "dir/b",	  "dir/sub/deep",
		"dir/sub", "dir",   "emptydir",	     "link",   "dirlink", "owned",
		"closed",  "suid",  "sticky/theirs", "sticky", "grouped", "."};
	const struct timespec when[2] = {{WHEN, 111}, {WHEN, 222}};

	if (!st_stub(SYS_utimensat))
		return;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		side_call(s, SYS_utimensat, (u64)AT_FDCWD, P(at(all[i])), P(when),
			  AT_SYMLINK_NOFOLLOW, 0, 0);
}

const struct tree_opened tree_opened[] = {
	{FX_file, "file", O_RDWR},
	{FX_file_ro, "file", O_RDONLY},
	{FX_file_wo, "file", O_WRONLY},
	{FX_file_path, "file", O_PATH},
	{FX_file_append, "file", O_RDWR | O_APPEND},
	{FX_file_direct, "file", O_RDWR | O_DIRECT},
	{FX_empty, "empty", O_RDWR},
	{FX_holes, "holes", O_RDWR},
	{FX_dir, "dir", O_RDONLY | O_DIRECTORY},
	{FX_link_path, "link", O_PATH | O_NOFOLLOW},
	{FX_fifo, "fifo", O_RDWR | O_NONBLOCK},
};
static bool opens[FX_COUNT];

bool tree_opens(int fixture)
{
	return opens[fixture];
}

const u32 tree_nopened = sizeof(tree_opened) / sizeof(tree_opened[0]);

static void make(struct side *s, u16 ports[FX_COUNT])
{
	(void)ports;
	for (size_t i = 0; i < FILE_SIZE; i++)
		pattern[i] = (u8)('a' + i % 23 + i / 512 % 4);
	if (st_stub(SYS_umask))
		side_call(s, SYS_umask, 022, 0, 0, 0, 0, 0);
	need(s, tree_root, side_call(s, SYS_mkdirat, (u64)AT_FDCWD, P(tree_root), 0755, 0, 0, 0));
	make_plain(s);
	make_owned(s);
	set_times(s);
	for (size_t i = 0; i < tree_nopened; i++)
		if (opens[tree_opened[i].fixture])
			settle(s, tree_opened[i].fixture,
			       open_at(s, tree_opened[i].name, tree_opened[i].flags, 0));
	if (nodes)
		need(s, "fifo", side_call(s, SYS_write, FX_FD(FX_fifo), P(pattern), 20, 0, 0, 0));
	if (st_stub(SYS_chdir))
		need(s, tree_root, side_call(s, SYS_chdir, P(tree_root), 0, 0, 0, 0, 0));
}

static void state(struct side *s, char *buf, size_t size)
{
	char cwd[256] = "";

	for (size_t i = 0; i < tree_nopened; i++)
		if (opens[tree_opened[i].fixture])
			add(buf, size, "%s: at %ld\n", tree_opened[i].name,
			    side_call(s, SYS_lseek, (u64)FX_FD(tree_opened[i].fixture), 0, SEEK_CUR,
				      0, 0, 0));
	if (st_stub(SYS_getcwd))
		side_call(s, SYS_getcwd, P(cwd), sizeof(cwd), 0, 0, 0, 0);
	if (st_stub(SYS_umask)) {
		long mask = side_call(s, SYS_umask, 0, 0, 0, 0, 0, 0);

		side_call(s, SYS_umask, (u64)mask, 0, 0, 0, 0, 0);
		add(buf, size, "umask %lo in %s\n", mask, cwd);
	}
	tree_state(s, buf, size);
}

/* Nothing of ours may be the current directory, or have a file system full of it. */
static void gone(struct side *s)
{
	if (st_stub(SYS_chdir))
		side_call(s, SYS_chdir, P("/"), 0, 0, 0, 0, 0);
	if (st_stub(SYS_umask))
		side_call(s, SYS_umask, 022, 0, 0, 0, 0, 0);
	tree_remove(s);
}

/* Not every file system has everything that Linux knows; whoever lacks something says so by one of
 * these. */
static bool accepts(struct side *s, const char *what, unsigned int nr, u64 a, u64 b, u64 c, u64 d,
		    u64 e)
{
	long r = st_stub(nr) ? side_call(s, nr, a, b, c, d, e, 0) : -ENOSYS;

	if (r != -EPERM && r != -EOPNOTSUPP && r != -ENOSYS)
		need(s, what, r);
	return r >= 0;
}

static bool can_direct(struct side *s, const char *file)
{
	const int flags = O_RDWR | O_DIRECT;
	long fd = side_call(s, SYS_openat, (u64)AT_FDCWD, P(file), (u64)flags, 0, 0, 0);

	if (fd >= 0)
		side_call(s, SYS_close, (u64)fd, 0, 0, 0, 0, 0);
	return fd >= 0;
}

static void probe(struct side *s)
{
	const u64 at_cwd = (u64)AT_FDCWD;
	const int flags = O_CREAT | O_EXCL | O_WRONLY;
	char file[80] = "", other[80] = "";

	add(file, sizeof(file), "%s.file", tree_root);
	add(other, sizeof(other), "%s.other", tree_root);
	need(s, "close",
	     side_call(s, SYS_close,
		       (u64)need(s, file,
				 side_call(s, SYS_openat, at_cwd, P(file), (u64)flags, 0644, 0, 0)),
		       0, 0, 0, 0, 0));
	opens[FX_file_direct] = can_direct(s, file);
	links = accepts(s, "link", SYS_linkat, at_cwd, P(file), at_cwd, P(other), 0);
	side_call(s, SYS_unlinkat, at_cwd, P(other), 0, 0, 0, 0);
	symlinks = accepts(s, "symlink", SYS_symlinkat, P(file), at_cwd, P(other), 0, 0);
	side_call(s, SYS_unlinkat, at_cwd, P(other), 0, 0, 0, 0);
	nodes = accepts(s, "fifo", SYS_mknodat, at_cwd, P(other), S_IFIFO | 0644, 0, 0);
	side_call(s, SYS_unlinkat, at_cwd, P(other), 0, 0, 0, 0);
	/* without chown all is root's, but may have modes */
	owners = !st_stub(SYS_fchownat) ||
		 accepts(s, "owner", SYS_fchownat, at_cwd, P(file), 1000, 1000, 0);
	side_call(s, SYS_unlinkat, at_cwd, P(file), 0, 0, 0, 0);
	opens[FX_link_path] = symlinks;
	opens[FX_fifo] = nodes;
	if (!links || !symlinks || !nodes || !owners)
		printf("no such files here, or no calls for them:%s%s%s%s\n", links ? "" : " links",
		       symlinks ? "" : " symlinks", nodes ? "" : " fifos",
		       owners ? "" : " owners and modes");
}

static bool can(struct side *s)
{
	tree_find_root();
	for (size_t i = 0; i < tree_nopened; i++)
		opens[tree_opened[i].fixture] = true;
	if (tree_root[0])
		probe(s);
	return tree_root[0];
}

static const u16 needs[] = {
	SYS_openat,  SYS_mkdirat, SYS_unlinkat, SYS_newfstatat, SYS_getdents64, SYS_read, SYS_write,
	SYS_pread64, SYS_lseek,	  SYS_close,	SYS_mknodat,	SYS_symlinkat,	0xffff};

const struct maker maker_files = {
	.name = "files",
	.first = FX_file,
	.last = FX_fifo,
	.needs = needs,
	.can = can,
	.make = make,
	.state = state,
	.after_close = gone,
};

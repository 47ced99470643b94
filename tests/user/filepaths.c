// SPDX-License-Identifier: GPL-2.0
// filepaths DIR: names of every kind, the current directory, directories as descriptors. See
// transcript.h.
#define _GNU_SOURCE
#include "transcript.h"
#include <dirent.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <utime.h>

static struct stat st;

static void spelling(void)
{
	const char *const way[] = {"/a",
				   "//a",
				   "/./a",
				   "/d/../a",
				   "/d/./../a",
				   "/../%s/a",
				   "/d/..//../%s/a",
				   "/a/",
				   "/a/.",
				   "/d/",
				   "/d/.",
				   "/d/..",
				   "/.",
				   "/..",
				   "",
				   "/none",
				   "/none/..",
				   "/a/..",
				   "/d/../../../../../../../../etc/passwd",
				   "/sym/f",
				   "/abs/f",
				   "/up/a",
				   "/loop",
				   "/loop/x",
				   "/sym/../a",
				   "/.hidden",
				   "/d/.hidden",
				   "/..a",
				   "/d/..b/c"};
	const char *name = strrchr(base, '/') + 1;

	put(p("/a"), "file a\n");
	T(mkdir(p("/d"), 0755));
	put(p("/d/f"), "file f\n");
	put(p("/.hidden"), "h");
	put(p("/d/.hidden"), "h");
	put(p("/..a"), "h");
	T(mkdir(p("/d/..b"), 0755));
	put(p("/d/..b/c"), "h");
	T(symlink("d", p("/sym")));
	T(symlink(p("/d"), p("/abs")));
	T(symlink("..", p("/d/up")));
	T(symlink("d/..", p("/up")));
	T(symlink("loop", p("/loop")));
	for (unsigned i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
		char path[4096];
		int n = sprintf(path, "%s", base), r;

		snprintf(path + n, sizeof(path) - n, way[i], name);
		errno = 0;
		r = stat(path, &st);
		out("stat %s: %d %s %o\n", way[i], r, r ? strerrorname_np(errno) : "",
		    r ? 0 : st.st_mode & S_IFMT);
		r = lstat(path, &st);
		out("lstat %s: %d %o\n", way[i], r, r ? 0 : st.st_mode & S_IFMT);
		r = open(path, O_RDONLY | O_NOFOLLOW);
		out("open %s: %s\n", way[i], r < 0 ? strerrorname_np(errno) : "open");
		close(r);
	}
	T(access(p("/a"), R_OK));
	T(access(p("/a"), X_OK));
	T(faccessat(AT_FDCWD, p("/a"), W_OK, AT_EACCESS));
}

static void bad_names(void)
{
	static char longname[8192];
	char *edge;

	memset(longname, 'x', sizeof(longname) - 1);
	T(open(NULL, O_RDONLY));
	T(open((char *)8, O_RDONLY));
	T(stat((char *)~0ul, &st));
	T(open("", O_RDONLY));
	T(mkdir(p("/%.255s", longname), 0700));
	T(mkdir(p("/%.256s", longname), 0700));
	T(rmdir(p("/%.255s", longname)));
	T(open(p("/%.4090s", longname), O_RDONLY));
	T(open(p("/%.5000s", longname), O_RDONLY));
	for (int i = 0; i < 8000; i += 2)
		memcpy(longname + i, "./", 2);
	longname[3000] = 0;
	T(stat(p("/%s", longname), &st));
	longname[3000] = '.';
	T(stat(p("/%.4000s", longname), &st));
	T(stat(p("/%.4095s", longname), &st));
	/* A name that ends where the memory does. */
	edge = aligned_alloc(4096, 8192);
	snprintf(edge, 4096, "%s/a", base);
	size_t n = strlen(edge) + 1;
	memmove(edge + 4096 - n, edge, n);
	T(stat(edge + 4096 - n, &st));
	free(edge);
}

static void changing(void)
{
	struct timespec ts[2] = {{1000000000, 5}, {1100000000, 7}};
	char buf[4096];
	long n;

	T(mkdir(p("/m"), 0750));
	T(mkdir(p("/m"), 0750));
	T(mkdir(p("/none/m"), 0750));
	T(mkdir(p("/a/m"), 0750));
	T(rmdir(p("/d")));
	T(rmdir(p("/m/.")));
	T(rmdir(p("/m/")));
	T(rmdir(p("/none")));
	T(unlink(p("/d")));
	T(unlink(p("/none")));
	T(unlink(p("/a/")));
	T(link(p("/a"), p("/l")));
	T(link(p("/a"), p("/l")));
	T(link(p("/d"), p("/l2")));
	T(stat(p("/l"), &st));
	out("nlink %ld size %ld\n", (long)st.st_nlink, (long)st.st_size);
	T(rename(p("/l"), p("/l2")));
	T(rename(p("/l2"), p("/d")));
	T(rename(p("/d"), p("/d/..b/d")));
	T(rename(p("/none"), p("/x")));
	T(rename(p("/l2"), "/dev/shm/kdom-other"));
	T(link(p("/l2"), "/dev/shm/kdom-other"));
	T(rename("/dev/shm/none", p("/x")));
	T(renameat2(AT_FDCWD, p("/l2"), AT_FDCWD, p("/a"), RENAME_NOREPLACE));
	T(renameat2(AT_FDCWD, p("/l2"), AT_FDCWD, p("/sym"), RENAME_EXCHANGE));
	T(renameat2(AT_FDCWD, p("/l2"), AT_FDCWD, p("/sym"), RENAME_EXCHANGE));
	T(unlink(p("/l2")));
	n = readlink(p("/abs"), buf, sizeof(buf) - 1);
	buf[n < 0 ? 0 : n] = 0;
	out("%s\n", buf);
	T(readlink(p("/a"), buf, sizeof(buf)));
	T(readlink(p("/sym"), buf, 1));
	T(truncate(p("/a"), 3));
	T(truncate(p("/d"), 3));
	out("%s\n", get(p("/a")));
	T(chmod(p("/a"), 0604));
	T(utimensat(AT_FDCWD, p("/a"), ts, 0));
	T(stat(p("/a"), &st));
	out("%o %ld.%ld %ld.%ld\n", st.st_mode, st.st_atim.tv_sec, st.st_atim.tv_nsec,
	    st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	T(mknod(p("/fifo"), S_IFIFO | 0600, 0));
	T(stat(p("/fifo"), &st));
	out("%o\n", st.st_mode);
	T(setxattr(p("/a"), "user.k", "value", 5, 0));
	T(n = getxattr(p("/a"), "user.k", buf, sizeof(buf)));
	T(lgetxattr(p("/sym"), "user.k", buf, sizeof(buf)));
	T(removexattr(p("/a"), "user.k"));
	T(removexattr(p("/a"), "user.k"));
}

static void where(void)
{
	char buf[4096];
	ssize_t n;

	out("cwd %s\n", getcwd(buf, sizeof(buf)) ? buf : strerrorname_np(errno));
	n = readlink("/proc/self/cwd", buf, sizeof(buf) - 1);
	buf[n < 0 ? 0 : n] = 0;
	out("link %s\n", buf);
}

static void cwd_child(void)
{
	where();
	out("%s", get("f"));
	T(chdir(".."));
	where();
}

static void cwd(void)
{
	char buf[4096];
	int d;

	T(chdir(p("/d")));
	where();
	out("%s", get("f"));
	out("%s", get("./f"));
	out("%s", get("../a"));
	out("%s", get(".././d/f"));
	out("%d\n", strlen(get("../../../../../../../../../../etc/passwd")) > 10);
	T((long)syscall(SYS_getcwd, buf, 3));
	T((long)syscall(SYS_getcwd, (void *)8, 4096));
	T(open("none", O_RDONLY));
	put("new", "new\n");
	T(rename("new", "../new"));
	out("%s", get(p("/new")));
	out("%s", get("/proc/self/cwd/f"));
	in_child(cwd_child);
	where();
	T(chdir("up"));
	where();
	T(chdir("sym"));
	where();
	T(chdir("none"));
	T(chdir("f"));
	d = FD(open(".", O_RDONLY | O_DIRECTORY));
	T(chdir("/"));
	where();
	out("%s",
	    get(base[1] == 's' ? p("/a") + 1 : p("/a"))); /* from "/" it is a relative name, too */
	T(fchdir(d));
	where();
	T(chdir("../../../../../../../../tmp"));
	where();
	T(fchdir(d));
	T(fchdir(999));
	T(mkdir("gone", 0700));
	T(chdir("gone"));
	T(rmdir(p("/d/gone")));
	T(getcwd(buf, sizeof(buf)) ? 0 : -1);
	T(open("x", O_CREAT | O_RDWR, 0600));
	T(mkdir("x", 0700));
	T(stat(".", &st));
	T(chdir(".."));
	where();
	T(chdir("/"));
	close(d);
}

static void at_calls(void)
{
	int d = FD(open(p("/d"), O_RDONLY | O_DIRECTORY)), f = FD(open(p("/a"), O_RDONLY)), fd;
	int root = open("/", O_PATH | O_DIRECTORY);
	struct timespec now[2] = {{5, 0}, {0, UTIME_OMIT}};
	char buf[256];

	close(FD(openat(d, "f", O_RDONLY)));
	close(FD(openat(d, "../a", O_RDONLY)));
	close(FD(openat(d, "../../../../../../../etc/passwd", O_RDONLY)));
	close(FD(openat(d, "/etc/passwd", O_RDONLY)));
	close(FD(openat(d, p("/a"), O_RDONLY)));
	close(FD(openat(root, p("/a") + 1, O_RDONLY)));
	close(FD(openat(root, p("/d/../a") + 1, O_RDONLY)));
	close(FD(openat(999, p("/a"), O_RDONLY)));
	T(openat(999, "a", O_RDONLY));
	T(openat(-1, "a", O_RDONLY));
	T(openat(f, "a", O_RDONLY));
	T(openat(d, "", O_RDONLY));
	T(mkdirat(d, "at", 0700));
	T(mkdirat(d, "at", 0700));
	T(unlinkat(d, "at", 0));
	T(unlinkat(d, "at", AT_REMOVEDIR));
	T(symlinkat("f", d, "s"));
	T(readlinkat(d, "s", buf, sizeof(buf)));
	T(fstatat(d, "s", &st, AT_SYMLINK_NOFOLLOW));
	out("%o\n", st.st_mode & S_IFMT);
	T(fstatat(d, "s", &st, 0));
	out("%o\n", st.st_mode & S_IFMT);
	T(fstatat(f, "", &st, AT_EMPTY_PATH));
	out("%o %ld\n", st.st_mode, (long)st.st_size);
	T(fstatat(f, "", &st, 0));
	T(linkat(d, "f", AT_FDCWD, p("/f2"), 0));
	T(linkat(d, "f", d, "f", 0));
	T(renameat(AT_FDCWD, p("/f2"), d, "f3"));
	T(renameat(d, "f3", d, "../f4"));
	T(renameat(root, p("/f4") + 1, d, "f5"));
	T(renameat(d, "f5", AT_FDCWD, "/dev/shm/f5"));
	T(unlinkat(d, "f5", 0));
	T(unlinkat(d, "s", 0));
	T(fchmodat(d, "f", 0640, 0));
	T(faccessat(d, "f", W_OK, 0));
	T(utimensat(f, NULL, now, 0));
	T(utimensat(d, NULL, now, 0));
	T(futimens(f, now));
	T(mknodat(d, "n", S_IFREG | 0600, 0));
	T(unlinkat(d, "n", 0));
	fd = FD(openat(d, "t", O_CREAT | O_EXCL | O_RDWR, 0600));
	T(openat(d, "t", O_CREAT | O_EXCL | O_RDWR, 0600));
	T(unlinkat(d, "t", 0));
	T(fstat(fd, &st));
	out("nlink %ld\n", (long)st.st_nlink);
	close(fd);
	close(d);
	close(f);
	close(root);
}

/* Many entries, read in small pieces. */
static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void directories(void)
{
	struct dirent **list;
	unsigned long sum = 0;
	char buf[300], name[32];
	long n, total = 0;
	int d, count;

	T(mkdir(p("/many"), 0755));
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "/many/file-%d", i);
		close(open(p("%s", name), O_CREAT | O_WRONLY, 0644));
	}
	count = scandir(p("/many"), &list, NULL, compare);
	out("entries %d\n", count);
	for (int i = 0; i < count; i++)
		for (const char *c = list[i]->d_name; *c; c++)
			sum = sum * 31 + *c;
	out("sum %lx\n", sum);
	d = open(p("/many"), O_RDONLY | O_DIRECTORY);
	while ((n = syscall(SYS_getdents64, d, buf, sizeof(buf))) > 0)
		for (long i = 0; i < n; i += *(unsigned short *)(buf + i + 16))
			total++;
	out("%ld %ld\n", n, total);
	T(syscall(SYS_getdents64, d, buf, 10));
	T(lseek(d, 0, SEEK_SET));
	T(syscall(SYS_getdents64, d, buf, 10));
	T(read(d, buf, 10));
	close(d);
	for (int i = 0; i < 1000; i++)
		unlink(p("/many/file-%d", i));
	T(rmdir(p("/many")));
}

int main(int argc, char **argv)
{
	base = argv[argc > 1];
	spelling();
	bad_names();
	changing();
	cwd();
	at_calls();
	directories();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/* files.c: files that are written atomically, child processes, signals. */
#include "base/install.h"
#include "base/util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CHILDREN 64

static char guarded[PATH_MAX];
static volatile pid_t children[MAX_CHILDREN];

char *read_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t n = 0;
	char *buf;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || S_ISDIR(st.st_mode)) {
		close(fd);
		errno = EISDIR;
		return NULL;
	}
	for (size_t cap = st.st_size + 1;; cap *= 2) {
		ssize_t r = 1;

		buf = n ? xrealloc(buf, cap + 1) : xmalloc(cap + 1);
		while (n < cap && (r = read(fd, buf + n, cap - n)) > 0)
			n += r;
		if (r < 0) {
			int e = errno;

			free(buf);
			close(fd);
			errno = e;
			return NULL;
		}
		if (!r)
			break;
	}
	close(fd);
	buf[n] = 0;
	if (len)
		*len = n;
	return buf;
}

static int fd_write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t w = write(fd, data, len);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return -1;
		data += w;
		len -= w;
	}
	return 0;
}

void interrupt_guard_file(const char *path)
{
	guarded[0] = 0;
	if (!path)
		return;
	/* the first byte last, so that a signal handler sees a whole name or none */
	snprintf(guarded + 1, sizeof(guarded) - 1, "%s", path + 1);
	__asm__ volatile("" ::: "memory");
	guarded[0] = path[0];
}

int write_file(const char *path, const void *data, size_t len)
{
	char *tmp = xasprintf("%s.%d.tmp", path, getpid());
	int fd, e;

	if (make_parent_dirs(path)) {
		free(tmp);
		return -1;
	}
	interrupt_guard_file(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		goto fail;
	if (fd_write_all(fd, data, len)) {
		e = errno;
		close(fd);
		errno = e;
		goto fail;
	}
	if (close(fd) || rename(tmp, path))
		goto fail;
	interrupt_guard_file(NULL);
	free(tmp);
	return 0;
fail:
	e = errno;
	unlink(tmp);
	interrupt_guard_file(NULL);
	free(tmp);
	return err(path,
		   e == ENOSPC || e == EDQUOT
			   ? "make room on that file system, or point KSLICE_CACHE elsewhere"
			   : "check that the directory is writable",
		   "cannot write: %s", strerror(e));
}

int write_file_if_changed(const char *path, const void *data, size_t len)
{
	size_t old_len;
	char *old = read_file(path, &old_len);
	bool same = old && old_len == len && !memcmp(old, data, len);

	free(old);
	return same ? 0 : write_file(path, data, len);
}

int make_dirs(const char *path)
{
	char *p = xstrdup(path);

	for (char *s = p + 1;; s++) {
		char c = *s;

		if (c && c != '/')
			continue;
		*s = 0;
		if (mkdir(p, 0755) && errno != EEXIST) {
			int e = errno;

			free(p);
			return err(path, "check the path, its permissions and the free space",
				   "cannot make directory: %s", strerror(e));
		}
		if (!c)
			break;
		*s = c;
	}
	free(p);
	return 0;
}

bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

int make_parent_dirs(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int rc;

	if (!slash || slash == path)
		return 0;
	dir = xstrndup(path, slash - path);
	rc = access(dir, F_OK) ? make_dirs(dir) : 0;
	free(dir);
	return rc;
}

int remove_tree(const char *path)
{
	struct dirent *de;
	struct stat st;
	DIR *dir;
	int rc = 0;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return unlink(path);
	dir = opendir(path);
	if (!dir)
		return -1;
	while ((de = readdir(dir))) {
		char *sub;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		sub = xasprintf("%s/%s", path, de->d_name);
		rc |= remove_tree(sub);
		free(sub);
	}
	closedir(dir);
	return rmdir(path) | rc;
}

const char *repo_root(void)
{
	static char root[PATH_MAX];
	const char *env = getenv("KSLICE_REPO");
	char *probe;

	if (root[0])
		return root;
	if (env) {
		if (!realpath(env, root))
			die("KSLICE_REPO=%s: %s", env, strerror(errno));
		return root;
	}
	ssize_t n = readlink("/proc/self/exe", root, sizeof(root) - 1);

	if (n < 0)
		die("/proc/self/exe: %s", strerror(errno));
	root[n] = 0;
	/* .../build/bin/kslice, or a test program deeper in build/ */
	for (char *slash; (slash = strrchr(root, '/')) && slash > root;) {
		*slash = 0;
		probe = xasprintf("%s/kernel-tree/overlay.sh", root);
		n = access(probe, F_OK);
		free(probe);
		if (!n)
			return root;
	}
	if (installed_repo(root, sizeof(root)))
		return root;
	die("neither the kslice repo nor an installation's share/kslice is above the program; set KSLICE_REPO");
}

/* Root, we, or the user who became root by sudo, who has that power anyway. */
static bool is_trusted_owner(uid_t uid)
{
	const char *caller = getenv("SUDO_UID");

	return uid == 0 || uid == geteuid() ||
	       (geteuid() == 0 && caller && uid == (uid_t)atoi(caller));
}

/* Could others replace what is there? For a directory above, the sticky bit prevents that. */
static bool others_can_change(const struct stat *st, bool last)
{
	bool group = (st->st_mode & 020) && st->st_gid != 0 && st->st_gid != getegid();

	if (!is_trusted_owner(st->st_uid))
		return true;
	return S_ISDIR(st->st_mode) && (group || (st->st_mode & 02)) &&
	       (last || !(st->st_mode & S_ISVTX));
}

static void __attribute__((noreturn)) bad_cache(const char *cache, const char *cause)
{
	err(cache,
	    "set KSLICE_CACHE to a path on which each directory belongs to you alone, or to root",
	    "%s", cause);
	exit(1);
}

/* Checks every existing directory and link on the way to path. */
static void cache_check_way(const char *cache, const char *path)
{
	const char *end = path;

	do {
		char *part;
		struct stat st;
		bool there;

		end = strchrnul(end + 1, '/');
		part = xasprintf("%.*s", (int)(end - path), path);
		there = !lstat(part, &st);
		if (there && others_can_change(&st, false))
			bad_cache(cache,
				  xasprintf("users other than root and you can change %s", part));
		free(part);
		if (!there)
			return;
	} while (*end);
}

/* Files of the cache are compiled and run, so nobody else may change them. */
static void cache_check(const char *cache)
{
	char real[PATH_MAX];
	struct stat st;

	if (cache[0] != '/')
		bad_cache(cache, "not an absolute path");
	cache_check_way(cache, cache);
	if (!realpath(cache, real))
		return; /* it will be created */
	cache_check_way(cache, real);
	if (stat(real, &st) || !S_ISDIR(st.st_mode) || others_can_change(&st, true))
		bad_cache(cache, "not a directory that belongs to you alone, or to root");
}

const char *cache_dir(void)
{
	static char *dir;
	const char *env = getenv("KSLICE_CACHE"), *home = getenv("HOME");
	const struct passwd *pw = home && *home ? NULL : getpwuid(geteuid());

	if (dir)
		return dir;
	if (pw)
		home = pw->pw_dir;
	if (!(env && *env) && !(home && *home))
		bad_cache("the cache", "HOME isn't set, and you have no home directory");
	dir = env && *env ? xstrdup(env) : xasprintf("%s/.cache/kslice", home);
	cache_check(dir);
	return dir;
}

static void interrupt_on_signal(int sig)
{
	if (guarded[0])
		unlink(guarded);
	for (int i = 0; i < MAX_CHILDREN; i++)
		if (children[i] > 0)
			kill(children[i], SIGTERM);
	signal(sig, SIG_DFL);
	raise(sig);
}

static const int handled[] = {SIGINT, SIGTERM, SIGHUP};

void interrupt_init(void)
{
	struct sigaction sa = {.sa_handler = interrupt_on_signal, .sa_flags = SA_NODEFER};

	for (size_t i = 0; i < ARRAY_LEN(handled); i++)
		sigaction(handled[i], &sa, NULL);
}

pid_t child_fork(void)
{
	sigset_t all, old;
	pid_t pid;
	int i;

	for (i = 0; i < MAX_CHILDREN && children[i]; i++)
		;
	if (i == MAX_CHILDREN)
		die("more than %d children", MAX_CHILDREN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	pid = fork();
	if (!pid) {
		for (size_t j = 0; j < ARRAY_LEN(handled); j++)
			signal(handled[j], SIG_DFL);
		memset((void *)children, 0, sizeof(children));
		guarded[0] = 0;
	} else if (pid > 0) {
		children[i] = pid;
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

int child_wait(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	for (int i = 0; i < MAX_CHILDREN; i++)
		if (children[i] == pid)
			children[i] = 0;
	return status;
}

int run_command(char *const argv[], const char *dir, char *const env[], const char *log)
{
	pid_t pid = child_fork();
	int status;

	if (pid < 0)
		return -1;
	if (!pid) {
		if (log) {
			int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);

			if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
				_exit(127);
		}
		if (dir && chdir(dir))
			_exit(127);
		for (; env && *env; env++)
			putenv(*env);
		execvp(argv[0], argv);
		_exit(127);
	}
	status = child_wait(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// SPDX-License-Identifier: GPL-2.0
/* paths.c: where sockets, logs and images are. */
#include "paths.h"
#include "log.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names become part of paths and of the process's name. */
bool name_valid(const char *name)
{
	size_t n = strlen(name);

	if (!n || n >= SD_NAME_MAX || !isalnum((unsigned char)name[0]))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("-_.", *name))
			return false;
	return true;
}

static int format_dir(char *buf, size_t n)
{
	const char *dir = getenv("KDOM_DIR"), *run = getenv("XDG_RUNTIME_DIR");
	int len;

	if (dir && *dir)
		len = snprintf(buf, n, "%s", dir);
	else if (run && *run)
		len = snprintf(buf, n, "%s/kdom", run);
	else
		len = snprintf(buf, n, "/tmp/kdom-%u", getuid());
	return len < (int)n ? 0 : -ENAMETOOLONG;
}

/* Root, we, or the user who became root by sudo, who has that power anyway. */
static bool trusted_owner(uid_t uid)
{
	const char *caller = getenv("SUDO_UID");

	return uid == 0 || uid == geteuid() ||
	       (geteuid() == 0 && caller && uid == (uid_t)atoi(caller));
}

/* Could others replace what is there? For a directory above, the sticky bit prevents that. */
static bool others_change(const struct stat *st)
{
	bool group = (st->st_mode & 020) && st->st_gid != 0 && st->st_gid != getegid();

	if (!trusted_owner(st->st_uid))
		return true;
	return S_ISDIR(st->st_mode) && (group || (st->st_mode & 02)) && !(st->st_mode & S_ISVTX);
}

/* Checks every existing directory and link on the way to path. 0, or -EPERM with the untrusted one
 * in bad. */
static int way_trusted(const char *path, char *bad)
{
	struct stat st;

	for (const char *p = path; p; p = strchr(p + 1, '/')) {
		size_t n = p == path ? 1 : (size_t)(p - path);

		memcpy(bad, path, n);
		bad[n] = 0;
		if (lstat(bad, &st))
			return 0;
		if (others_change(&st))
			return -EPERM;
	}
	return 0;
}

/* Checks the path both as written, with its links, and resolved. */
static int path_trusted(const char *path)
{
	char bad[PATH_MAX], real[PATH_MAX];
	int err = way_trusted(path, bad);

	if (!err && realpath(path, real))
		err = way_trusted(real, bad);
	if (err)
		say("%s: users other than root and you can change %s; use a path on which each directory belongs "
		    "to you alone, or to root",
		    path, bad);
	return err;
}

/* The sockets in the directory give control of domains: it must be ours, and nobody else may write
 * to it or replace it. */
int paths_dir(char *buf, size_t n)
{
	struct stat st;

	if (format_dir(buf, n)) {
		say("the path of the run directory is too long; set KDOM_DIR to a shorter one");
		return -ENAMETOOLONG;
	}
	if (buf[0] != '/') {
		say("%s: KDOM_DIR must be an absolute path", buf);
		return -EINVAL;
	}
	if (mkdir(buf, 0700) && errno != EEXIST) {
		int err = errno;

		say("%s: cannot make the run directory: %s; set KDOM_DIR to a place you can write",
		    buf, strerror(err));
		return -err;
	}
	if (lstat(buf, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 022)) {
		say("%s: not a directory that belongs to you alone; remove it or set KDOM_DIR to "
		    "another place",
		    buf);
		return -EPERM;
	}
	return path_trusted(buf);
}

int paths_in_dir(char *buf, size_t n, const char *name, const char *suffix)
{
	char dir[PATH_MAX];
	int err = paths_dir(dir, sizeof(dir));

	if (err)
		return err;
	if (snprintf(buf, n, "%s/%s%s", dir, name, suffix) >= (int)n)
		return -ENAMETOOLONG;
	return 0;
}

/* $XDG_STATE_HOME, else ~/.local/state; and rel in it. */
static int state_path(char *buf, size_t n, const char *rel)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const struct passwd *pw;
	int len;

	if (!home || !*home) {
		pw = getpwuid(geteuid());
		home = pw ? pw->pw_dir : "";
	}
	if (state && *state)
		len = snprintf(buf, n, "%s/%s", state, rel);
	else
		len = snprintf(buf, n, "%s/.local/state/%s", home, rel);
	return len < (int)n ? 0 : -ENAMETOOLONG;
}

/* Persistent data doesn't belong in the run directory, unless the user chose one place for
 * everything (KDOM_DIR). */
int paths_data(char *buf, size_t n, const char *name)
{
	const char *dir = getenv("KDOM_DIR");
	char rel[PATH_MAX];
	bool fits;

	if (dir && *dir)
		fits = snprintf(buf, n, "%s/%s", dir, name) < (int)n;
	else
		fits = snprintf(rel, sizeof(rel), "kdom/%s", name) < PATH_MAX &&
		       !state_path(buf, n, rel);
	if (!fits || buf[0] != '/') {
		say("%s: a path too long, or not absolute; set KDOM_DIR or XDG_STATE_HOME", name);
		return -EINVAL;
	}
	return path_trusted(buf);
}

/* rel in the parent of kdom's directory: a clone's build/, or the prefix of an installation. */
static int paths_beside(char *buf, size_t n, const char *rel)
{
	char self[PATH_MAX], *slash;
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int up;

	if (len < 0)
		return -errno;
	self[len] = 0;
	for (up = 0; up < 2; up++) {
		slash = strrchr(self, '/');
		if (!slash)
			return -ENOENT;
		*slash = 0;
	}
	return snprintf(buf, n, "%s/%s", self, rel) < (int)n ? 0 : -ENAMETOOLONG;
}

#define INSTALLED "lib/kslice/"

static bool is_installed(void)
{
	char path[PATH_MAX];

	return !paths_beside(path, sizeof(path), INSTALLED "kdom-launch") && !access(path, F_OK);
}

/* Was file made after other came to its place? Packages keep the times of what they are built from,
 * so the time of the other's change is asked for. */
static bool made_after(const char *file, const char *other)
{
	struct stat made, came;

	if (stat(file, &made) || stat(other, &came))
		return false;
	if (made.st_mtim.tv_sec != came.st_ctim.tv_sec)
		return made.st_mtim.tv_sec > came.st_ctim.tv_sec;
	return made.st_mtim.tv_nsec > came.st_ctim.tv_nsec;
}

int paths_launcher(char *buf, size_t n)
{
	char own[PATH_MAX];
	int err;

	if (!is_installed())
		return paths_beside(buf, n, "lib/kdom-launch");
	err = paths_beside(buf, n, INSTALLED "kdom-launch");
	if (err || state_path(own, sizeof(own), "kslice/build/lib/kdom-launch") ||
	    !made_after(own, buf))
		return err;
	return snprintf(buf, n, "%s", own) < (int)n ? 0 : -ENAMETOOLONG;
}

int paths_product(char *buf, size_t n, const char *domain, const char *file)
{
	char rel[PATH_MAX];
	int err;

	if (!is_installed()) {
		snprintf(rel, sizeof(rel), "%s/%s", domain, file);
		return paths_beside(buf, n, rel);
	}
	snprintf(rel, sizeof(rel), "kslice/build/%s/%s", domain, file);
	err = state_path(buf, n, rel);
	if (err || !access(buf, F_OK))
		return err;
	snprintf(rel, sizeof(rel), INSTALLED "%s/%s", domain, file);
	return paths_beside(buf, n, rel);
}

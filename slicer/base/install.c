// SPDX-License-Identifier: GPL-2.0
/* install.c: see install.h. */
#include "base/install.h"
#include "base/util.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* PREFIX of PREFIX/bin/PROGRAM if it is an installation, else NULL. */
static char *installed_prefix(void)
{
	char self[PATH_MAX], *slash, *probe;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	bool there;

	if (n < 0)
		return NULL;
	self[n] = 0;
	for (int up = 0; up < 2; up++) {
		slash = strrchr(self, '/');
		if (!slash)
			return NULL;
		*slash = 0;
	}
	probe = xasprintf("%s/share/kslice/kernel-tree/overlay.sh", self);
	there = !access(probe, F_OK);
	free(probe);
	return there ? xstrdup(self) : NULL;
}

static char *state_dir(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && *state == '/')
		return xasprintf("%s/kslice", state);
	if (!home || *home != '/')
		die("HOME isn't an absolute path; set it, or XDG_STATE_HOME");
	return xasprintf("%s/.local/state/kslice", home);
}

static char *prefix, *folder; /* once installed_repo() has found them */

static bool is_own(const char *dir, const char *name, const char *suffix)
{
	char *path = xasprintf("%s/%s%s", dir, name, suffix);
	struct stat st;
	bool own = !lstat(path, &st) && !S_ISLNK(st.st_mode);

	free(path);
	return own;
}

/* What isn't a link belongs to the user, and stays. */
static void link_here(const char *dir, const char *name, const char *to)
{
	char *path = xasprintf("%s/%s", dir, name), now[PATH_MAX];
	ssize_t n = readlink(path, now, sizeof(now) - 1);

	if (n >= 0) {
		now[n] = 0;
		if (strcmp(now, to) && unlink(path))
			die("%s: %s", path, strerror(errno));
	}
	if (symlink(to, path) && errno != EEXIST)
		die("%s: %s", path, strerror(errno));
	free(path);
}

/* A user's spec may have the name of an installed one: then the stubs are the user's, too. */
static void drop_links_of_own(void)
{
	char *specs = xasprintf("%s/specs", folder), *stubs = xasprintf("%s/generated", folder);
	struct dirent *de;
	DIR *d = opendir(stubs);

	while (d && (de = readdir(d))) {
		char *path = xasprintf("%s/%s", stubs, de->d_name);

		if (is_own(specs, de->d_name, ".json") && !is_own(stubs, de->d_name, "") &&
		    unlink(path))
			die("%s: %s", path, strerror(errno));
		free(path);
	}
	if (d)
		closedir(d);
	free(stubs);
	free(specs);
}

/* Makes links in dir/name to everything in from/name. */
static void link_each(const char *dir, const char *from, const char *name)
{
	char *here = xasprintf("%s/%s", dir, name), *there = xasprintf("%s/%s", from, name), *to;
	struct dirent *de;
	DIR *d = opendir(there);

	if (make_dirs(here))
		exit(1);
	while (d && (de = readdir(d))) {
		if (de->d_name[0] == '.')
			continue;
		to = xasprintf("%s/%s", there, de->d_name);
		link_here(here, de->d_name, to);
		free(to);
	}
	if (d)
		closedir(d);
	free(here);
	free(there);
}

static void link_wrapper(void)
{
	char *bin = xasprintf("%s/build/bin", folder),
	     *to = xasprintf("%s/lib/kslice/kslice-cc", prefix);

	if (make_dirs(bin))
		exit(1);
	link_here(bin, "kslice-cc", to);
	free(to);
	free(bin);
}

bool installed_repo(char *path, size_t size)
{
	char *from, *to;

	prefix = installed_prefix();
	if (!prefix)
		return false;
	from = xasprintf("%s/share/kslice", prefix);
	folder = state_dir();
	link_each(folder, from, "generated");
	link_each(folder, from, "specs");
	link_each(folder, from, "kernel-tree");
	link_each(folder, from, "tests");
	drop_links_of_own();
	to = xasprintf("%s/runtime", from);
	link_here(folder, "runtime", to);
	link_wrapper();
	if (snprintf(path, size, "%s", folder) >= (int)size)
		die("%s: path too long", folder);
	free(to);
	free(from);
	return true;
}

bool installed_own_stubs(void)
{
	char *stubs = xasprintf("%s/generated", folder ?: "");
	DIR *d = folder ? opendir(stubs) : NULL;
	struct dirent *de;
	bool own = false;

	while (d && (de = readdir(d)))
		own |= de->d_name[0] != '.' && is_own(stubs, de->d_name, "");
	if (d)
		closedir(d);
	free(stubs);
	return own;
}

/* Packages keep the times of what they were built from, so the time of the change is asked for. */
bool installed_before(const char *file)
{
	char *launcher = xasprintf("%s/lib/kslice/kdom-launch", prefix);
	struct stat made, came;
	bool after = false;

	if (!stat(file, &made) && !stat(launcher, &came))
		after = made.st_mtim.tv_sec != came.st_ctim.tv_sec
				? made.st_mtim.tv_sec > came.st_ctim.tv_sec
				: made.st_mtim.tv_nsec > came.st_ctim.tv_nsec;
	free(launcher);
	return after;
}

// SPDX-License-Identifier: GPL-2.0
/* install.c: see install.h. */
#include "base/install.h"
#include "base/util.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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

static void link_wrapper(const char *dir, const char *prefix)
{
	char *bin = xasprintf("%s/build/bin", dir),
	     *to = xasprintf("%s/lib/kslice/kslice-cc", prefix);

	if (make_dirs(bin))
		exit(1);
	link_here(bin, "kslice-cc", to);
	free(to);
	free(bin);
}

bool installed_repo(char *path, size_t size)
{
	char *prefix = installed_prefix(), *from, *dir, *to;

	if (!prefix)
		return false;
	from = xasprintf("%s/share/kslice", prefix);
	dir = state_dir();
	link_each(dir, from, "generated");
	link_each(dir, from, "specs");
	link_each(dir, from, "kernel-tree");
	to = xasprintf("%s/runtime", from);
	link_here(dir, "runtime", to);
	link_wrapper(dir, prefix);
	if (snprintf(path, size, "%s", dir) >= (int)size)
		die("%s: path too long", dir);
	free(to);
	free(dir);
	free(from);
	free(prefix);
	return true;
}

// SPDX-License-Identifier: GPL-2.0
/* Where sockets, logs and images lie. */
#include "supervisor.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name becomes part of paths and of the process's name. */
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

/* The directory holds sockets that give power over domains: it must be ours, and nobody else's to
 * write. */
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
	return 0;
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

/* What outlives a reboot doesn't belong to the run directory, unless the user said where all of it shall be. */
int paths_data(char *buf, size_t n, const char *name)
{
	const char *dir = getenv("KDOM_DIR"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int len;

	if (dir && *dir)
		len = snprintf(buf, n, "%s/%s", dir, name);
	else if (state && *state)
		len = snprintf(buf, n, "%s/kdom/%s", state, name);
	else
		len = snprintf(buf, n, "%s/.local/state/kdom/%s", home && *home ? home : "/root", name);
	if (len >= (int)n || buf[0] != '/') {
		say("%s: a path too long, or not absolute; set KDOM_DIR or XDG_STATE_HOME", name);
		return -EINVAL;
	}
	return 0;
}

/* kdom lies in build/bin: what it needs lies in build/. */
int paths_beside(char *buf, size_t n, const char *rel)
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

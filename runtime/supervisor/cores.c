// SPDX-License-Identifier: GPL-2.0
/* cores.c: core dumps of a domain, see cores.h. */
#include "cores.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int core_pattern_read(char *pattern, size_t n)
{
	FILE *f = fopen("/proc/sys/kernel/core_pattern", "re");
	int err = f && fgets(pattern, n, f) ? 0 : -EIO;

	if (f)
		fclose(f);
	pattern[err ? 0 : strcspn(pattern, "\n")] = 0;
	return err;
}

static int core_dir_check(struct config *cfg)
{
	char full[PATH_MAX];
	struct stat st;

	if (!realpath(cfg->core_dir, full) || stat(full, &st)) {
		say("--core=%s: %s", cfg->core_dir, strerror(errno));
		return -ENOENT;
	}
	if (!S_ISDIR(st.st_mode) || access(full, W_OK | X_OK)) {
		say("--core=%s: not a directory that you can write to", cfg->core_dir);
		return -ENOTDIR;
	}
	strcpy(cfg->core_dir, full);
	return 0;
}

/* sudo takes a session's right to dump core. Only the hard limit is raised here: the domain raises
 * its own (cores_limit), after it has lost the privilege for this. */
static int core_limit_raise(void)
{
	struct rlimit own;

	if (getrlimit(RLIMIT_CORE, &own))
		return -errno;
	own.rlim_max = RLIM_INFINITY;
	if (!setrlimit(RLIMIT_CORE, &own) || getrlimit(RLIMIT_CORE, &own) || own.rlim_max)
		return 0;
	say("--core: this session may not dump core (ulimit -Hc is 0); start kdom from one that may, "
	    "or with CAP_SYS_RESOURCE");
	return -EPERM;
}

int cores_check(struct config *cfg)
{
	char pattern[256];
	int err;

	if (!cfg->core)
		return 0;
	if (core_pattern_read(pattern, sizeof(pattern))) {
		say("--core: cannot read /proc/sys/kernel/core_pattern");
		return -EIO;
	}
	if (*pattern == '|' && cfg->core_dir[0])
		say("--core=%s: this host passes cores to %s instead", cfg->core_dir, pattern + 1);
	if (*pattern == '|') {
		cfg->core_dir[0] = 0;
		return 0;
	}
	if (strchr(pattern, '/')) {
		say("--core: this host writes cores to %s, which a domain doesn't see; set "
		    "kernel.core_pattern to core, or to a program (sysctl)",
		    pattern);
		return -EOPNOTSUPP;
	}
	if (!cfg->core_dir[0]) {
		say("--core: this host writes cores to a file; say in which directory: --core=DIR");
		return -EINVAL;
	}
	err = core_dir_check(cfg);
	return err ? err : core_limit_raise();
}

static int core_dir_path(const struct config *cfg, pid_t supervisor, unsigned start, char *path,
			 size_t n)
{
	return snprintf(path, n, "%s/%s-%d-%u", cfg->core_dir, cfg->name, supervisor, start) <
			       (int)n
		       ? 0
		       : -ENAMETOOLONG;
}

int cores_dir_open(const struct config *cfg, pid_t supervisor, unsigned start, uid_t uid)
{
	char path[PATH_MAX];
	int fd;

	if (!cfg->core_dir[0])
		return -ENOENT;
	if (core_dir_path(cfg, supervisor, start, path, sizeof(path)))
		return -ENAMETOOLONG;
	if (mkdir(path, 0700) || chown(path, uid, -1))
		return errno == ENOENT ? -ENOTDIR : -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void cores_dir_close(const struct config *cfg, pid_t supervisor, unsigned start)
{
	char path[PATH_MAX];

	if (cfg->core_dir[0] && !core_dir_path(cfg, supervisor, start, path, sizeof(path)) &&
	    rmdir(path) && errno == ENOTEMPTY)
		note("a core is in %s; it holds data of the domain's clients", path);
}

int cores_limit(const struct config *cfg)
{
	struct rlimit most = {0, 0}, all = {RLIM_INFINITY, RLIM_INFINITY};

	if (cfg->core) {
		if (!setrlimit(RLIMIT_CORE, &all))
			return 0;
		getrlimit(RLIMIT_CORE, &most);
		most.rlim_cur = most.rlim_max;
	}
	return setrlimit(RLIMIT_CORE, &most);
}

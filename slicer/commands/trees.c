// SPDX-License-Identifier: GPL-2.0
/* trees.c: --tree and KSLICE_TREE => a kernel tree, and the names of its products. See trees.h. */
#include "commands/trees.h"
#include "base/util.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PACKAGE "linux-source-"

/* "6.12", without a folder's slash. */
static bool is_version(const char *s)
{
	size_t n = strspn(s, "0123456789"), m;

	if (!n || s[n] != '.')
		return false;
	m = strspn(s + n + 1, "0123456789.");
	return m && !s[n + 1 + m];
}

static char *version_path(const char *version)
{
	return xasprintf("%s/tree/" PACKAGE "%s", cache_dir(), version);
}

/* The repo's tree, else the one that kernel-tree/fetch.sh of an installation has unpacked. */
static char *default_path(void)
{
	const char *package = getenv("KSLICE_LINUX") ?: PACKAGE "6.1";
	char *path = xasprintf("%s/kernel-tree/linux", repo_root()), *cached;

	if (!access(path, F_OK))
		return path;
	cached = xasprintf("%s/tree/%s", cache_dir(), package);
	if (!access(cached, F_OK)) {
		free(path);
		return cached;
	}
	free(cached);
	return path;
}

static const char *wanted_tree(const char *arg)
{
	const char *env = getenv("KSLICE_TREE");

	return arg ?: env && *env ? env : NULL;
}

static int report_no_tree(const char *path, const char *want)
{
	char *cure;

	if (!want)
		cure = xstrdup("run kernel-tree/fetch.sh, or give --tree");
	else if (is_version(want))
		cure = xasprintf("unpack it: kernel-tree/fetch.sh %s; or give a folder", want);
	else
		cure = xstrdup("give --tree the root of a Linux source tree, or a version");
	err(path, cure, "%s", strerror(errno));
	free(cure);
	return -1;
}

char *tree_find(const char *arg)
{
	const char *want = wanted_tree(arg);
	char *path = !want ? default_path() : is_version(want) ? version_path(want) : xstrdup(want);
	char *real = realpath(path, NULL), *probe;

	if (!real) {
		report_no_tree(path, want);
	} else {
		probe = xasprintf("%s/include/linux/compiler.h", real);
		if (access(probe, R_OK)) {
			err(real, "give --tree the root of a Linux source tree",
			    "not a Linux source tree: it has no include/linux/compiler.h");
			free(real);
			real = NULL;
		}
		free(probe);
	}
	free(path);
	return real;
}

static bool is_same_folder(const char *real, char *path)
{
	char *other = realpath(path, NULL);
	bool same = other && !strcmp(other, real);

	free(other);
	free(path);
	return same;
}

/* "@6.12" of the tree that fetch.sh unpacked, "@linux-0123abcd" of another folder. */
static char *suffix_of(const char *real)
{
	const char *name = strrchr(real, '/') + 1;
	const char *version = starts_with(name, PACKAGE) ? name + strlen(PACKAGE) : "";
	char *suffix;

	if (is_version(version) && is_same_folder(real, version_path(version)))
		return xasprintf("@%s", version);
	suffix = xasprintf("@%s-%08x", name, (unsigned)hash_str(real, 0));
	for (char *s = suffix + 1; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(".-+_", *s))
			*s = '_';
	return suffix;
}

char *tree_suffix(const char *arg)
{
	char *real, *suffix;

	if (!wanted_tree(arg))
		return xstrdup("");
	real = tree_find(arg);
	if (!real)
		return NULL;
	suffix = is_same_folder(real, default_path()) ? xstrdup("") : suffix_of(real);
	free(real);
	return suffix;
}

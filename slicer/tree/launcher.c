// SPDX-License-Identifier: GPL-2.0
/*
 * launcher.c: links the stubs of a user's own domains into a launcher in the user's folder,
 * build/lib/kdom-launch, which kdom then uses (runtime/supervisor/paths.c). Only for an installed
 * kslice: in a clone `make` does it.
 */
#include "tree/tree.h"
#include "base/install.h"
#include "base/util.h"

#include <stdlib.h>
#include <unistd.h>

static int configure(const char *cmake, const char *log)
{
	char *source = xasprintf("%s/runtime/client", repo_root());
	char *repo = xasprintf("-DSD_REPO=%s", repo_root());
	char *build = xasprintf("-DKSLICE_BUILD=%s/build", repo_root());
	char *argv[] = {"cmake",       "-S",  source,  "-B",
			(char *)cmake, "-G",  "Ninja", "-DCMAKE_C_COMPILER=gcc",
			repo,	       build, NULL};
	int r;

	unlink(log);
	r = run_command(argv, NULL, NULL, log);
	if (r)
		r = err(log,
			"read it; cmake, ninja-build and gcc must be installed, as in kernel-tree/packages.txt",
			"the launcher with your stubs can't be configured");
	free(build);
	free(repo);
	free(source);
	return r;
}

int launcher_link(int jobs)
{
	char *cmake, *log, *cache;
	int r;

	if (!installed_own_stubs())
		return 0;
	cmake = xasprintf("%s/build/cmake", repo_root());
	log = xasprintf("%s/build/cmake.log", repo_root());
	cache = xasprintf("%s/CMakeCache.txt", cmake);
	/* Of another installation: its files may be older than what was made of the last one's. */
	r = installed_before(cache) ? 0 : remove_tree(cmake);
	if (!r)
		r = configure(cmake, log);
	if (!r)
		r = run_ninja(cmake, cmake, "launcher", jobs);
	free(cache);
	free(log);
	free(cmake);
	return r;
}

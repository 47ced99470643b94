// SPDX-License-Identifier: GPL-2.0
/* test_cgroup.c: finds the supervisor's cgroup in texts of various hosts
 * (runtime/supervisor/cgroup.c). The rest needs a host: captured_test.py. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroup.h"
#include "ctlmsg.h"
#include "devices.h"
#include "log.h"

/* The daemon's functions that cgroup.c calls. */
void log_line(enum log_level level, const char *fmt, ...)
{
}

uint64_t now_ms(void)
{
	return 0;
}

void fds_close(int *fds, int n)
{
	for (int i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

bool device_is_disk(const struct device *dev)
{
	return false;
}

#define V2(root, at) \
	"30 23 0:26 " root " " at " rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1(root, at, what) "33 31 0:30 " root " " at " rw,relatime - cgroup cgroup rw," what "\n"
#define PROC		   "22 27 0:20 / /proc rw - proc proc rw\n"

static const struct {
	const char *what, *cgroups, *mounts, *controller;
	const char *dir; /* NULL: none available */
	bool v2;
} hosts[] = {
	{"a delegated scope of systemd's", "0::/user.slice/user-1.slice/u.service/run-1.scope\n",
	 PROC V2("/", "/sys/fs/cgroup"), "memory",
	 "/sys/fs/cgroup/user.slice/user-1.slice/u.service/run-1.scope", true},
	{"the root of a container's namespace", "0::/\n", V2("/", "/sys/fs/cgroup") PROC, "pids",
	 "/sys/fs/cgroup", true},
	{"a container without a namespace of its own", "0::/docker/1a2b/x\n",
	 V2("/docker/1a2b", "/sys/fs/cgroup"), "cpu", "/sys/fs/cgroup/x", true},
	{"the same, at its top", "0::/docker/1a2b\n", V2("/docker/1a2b", "/sys/fs/cgroup"), "cpu",
	 "/sys/fs/cgroup", true},
	{"we lie outside of what is mounted", "0::/docker/1a2bc\n",
	 V2("/docker/1a2b", "/sys/fs/cgroup"), "cpu", NULL, true},
	{"we lie outside of our namespace", "0::/../other\n", V2("/", "/sys/fs/cgroup"), "cpu",
	 NULL, true},
	{"version 1, one each", "4:memory:/a/b\n1:cpu:/\n0::/\n",
	 V1("/", "/sys/fs/cgroup/cpu", "cpu") V1("/", "/sys/fs/cgroup/memory", "memory"), "memory",
	 "/sys/fs/cgroup/memory/a/b", false},
	{"version 1, its top", "4:memory:/a/b\n1:cpu:/\n0::/\n", V1("/", "/c/cpu", "cpu"), "cpu",
	 "/c/cpu", false},
	{"version 1, two in one", "3:cpu,cpuacct:/x\n0::/\n",
	 V1("/", "/c/cpu,cpuacct", "cpu,cpuacct") V2("/", "/c/unified"), "cpu", "/c/cpu,cpuacct/x",
	 false},
	{"not what only begins like it", "3:cpuacct:/x\n2:cpuset:/y\n0::/z\n",
	 V1("/", "/c/a", "cpuacct") V1("/", "/c/s", "cpuset") V2("/", "/c/u"), "cpu", "/c/u/z",
	 true},
	{"both versions: it is in the first", "9:name=systemd:/\n4:memory:/m\n0::/z\n",
	 V2("/", "/c/u") V1("/", "/c/m", "memory"), "memory", "/c/m/m", false},
	{"version 1, not mounted", "4:memory:/m\n0::/z\n", V2("/", "/c/u"), "memory", NULL, false},
	{"a path with a colon", "0::/a:b\n", V2("/", "/c"), "memory", "/c/a:b", true},
	{"no cgroups", "", PROC, "memory", NULL, true},
	{"lines that aren't", "garbage\n0:\n:\n\n", "garbage\n - \n1 2 3\n", "memory", NULL, true},
	{"a last line that doesn't end", "0::/a", "30 23 0:26 / /c rw - cgroup2 cgroup2 rw",
	 "memory", "/c/a", true},
};

static void places(void **state)
{
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		char dir[PATH_MAX] = "";
		bool v2 = !hosts[i].v2;
		int err = cgroup_find(hosts[i].cgroups, hosts[i].mounts, hosts[i].controller, dir,
				      &v2);

		print_message("%s: %d %s\n", hosts[i].what, err, err ? "" : dir);
		assert_int_equal(err, hosts[i].dir ? 0 : -EOPNOTSUPP);
		if (err)
			continue;
		assert_string_equal(dir, hosts[i].dir);
		assert_int_equal(v2, hosts[i].v2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(places)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

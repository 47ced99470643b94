// SPDX-License-Identifier: GPL-2.0
/*
 * Starts the domain process with the fds of ARCH.md's table and no right that it doesn't need. What
 * it gives up by itself before READY (system calls, by seccomp) comes on top.
 */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UID_NOBODY 65534
#define UID_OWN	   0x7f000000 /* and the supervisor's pid, below 1 << 22: of nobody, and of one domain at a time */
#define FD_DEVICES (SD_BELL_FD + 1)

static void die(const char *what)
{
	note("cannot start the domain: %s: %s", what, strerror(errno));
	_exit(127);
}

/* The fds of the table, in order, to 0, 1, 2 ...; through high numbers, since the ranges overlap.
 */
static void place_fds(const int *from, int n)
{
	int high[FD_DEVICES + SD_DEVICES_MAX + 1], i;

	for (i = 0; i < n; i++) {
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 100);
		if (high[i] < 0)
			die("dup");
	}
	for (i = 0; i < n; i++)
		if (dup2(high[i], i) < 0)
			die("dup2");
	if (close_range(n, ~0u, 0))
		die("close_range");
}

static void set_limits(const struct config *cfg)
{
	struct rlimit none = {0, 0}, files;
	cpu_set_t set;

	if (setrlimit(RLIMIT_CORE, &none) || getrlimit(RLIMIT_NOFILE, &files))
		die("rlimit");
	files.rlim_cur = files.rlim_max; /* each client brings an eventfd */
	if (setrlimit(RLIMIT_NOFILE, &files))
		die("rlimit");
	if (cfg->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(cfg->cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set))
			die("--cpu");
	}
}

static int become(uid_t id)
{
	return setresgid(id, id, id) || setresuid(id, id, id);
}

/* A uid of its own, so that no process but root's may signal it, or it a process; supplementary groups go too. */
static void drop_root(pid_t supervisor)
{
	for (int cap = 0; cap <= 63; cap++)
		if (prctl(PR_CAPBSET_DROP, cap) && errno != EINVAL)
			die("drop the bounding set");
	if (setgroups(0, NULL))
		die("give up root's groups");
	if (!become(UID_OWN + supervisor))
		return;
	note("the domain gets no uid of its own, but nobody's: %s", strerror(errno)); /* not mapped in this user namespace */
	if (become(UID_NOBODY))
		die("give up root");
}

static void drop_rights(pid_t supervisor)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		die("drop ambient capabilities");
	if (geteuid() == 0)
		drop_root(supervisor);
	if (syscall(SYS_capset, &head, none))
		die("drop capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no_new_privs");
	/* After the ids: a change of ids clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != supervisor)
		die("the supervisor is gone");
}

static void exec_image(const struct config *cfg, int image_fd)
{
	char argv_text[SD_DEVICES_MAX + 4][640], *argv[SD_DEVICES_MAX + 5];
	char *envp[] = {NULL};
	int argc = 0, fd = FD_DEVICES;

	snprintf(argv_text[argc++], sizeof(argv_text[0]), "kdom:%s", cfg->name);
	snprintf(argv_text[argc++], sizeof(argv_text[0]), "--control");
	snprintf(argv_text[argc++], sizeof(argv_text[0]), "--mem=%llu",
		 (unsigned long long)cfg->ram >> 20);
	if (cfg->npeers)
		snprintf(argv_text[argc++], sizeof(argv_text[0]), "--peers");
	for (int i = 0; i < cfg->ndev; i++)
		if (cfg->dev[i].fd >= 0)
			snprintf(argv_text[argc++], sizeof(argv_text[0]), "--dev=%s,fd=%d%s",
				 cfg->dev[i].type, fd++, cfg->dev[i].args);
	for (int i = 0; i < argc; i++)
		argv[i] = argv_text[i];
	argv[argc] = NULL;
	syscall(SYS_execveat, image_fd, "", argv, envp, AT_EMPTY_PATH);
	die(cfg->image);
}

static void child(const struct config *cfg, pid_t supervisor, int ctl, int bell, int log)
{
	int from[FD_DEVICES + SD_DEVICES_MAX + 1], n = 0;
	sigset_t none;

	from[n++] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	from[n++] = log;
	from[n++] = log;
	from[n++] = ctl;
	from[n++] = bell;
	for (int i = 0; i < cfg->ndev; i++)
		if (cfg->dev[i].fd >= 0)
			from[n++] = cfg->dev[i].fd;
	from[n++] = cfg->image_fd;
	place_fds(from, n);
	fcntl(n - 1, F_SETFD, FD_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(077);
	set_limits(cfg);
	drop_rights(supervisor);
	exec_image(cfg, n - 1);
}

pid_t spawn(const struct config *cfg, int ctl, int bell, int log)
{
	pid_t self = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		child(cfg, self, ctl, bell, log);
	return pid;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * machine_process.c: the supervisor's side of machine/process: the domain is a process of its own.
 * It is started with only the fds and privileges that it needs. In addition it gives up system
 * calls itself before READY (seccomp).
 */
#include "machine.h"
#include "belts.h"
#include "cores.h"
#include "devices.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FD_DEVICES (SD_WAKE_PAGE_FD + 1)
#define FDS_MAX	   (FD_DEVICES + SD_DEVICES_MAX + 1)
#define FD_ROOM	   3
_Static_assert(FD_ROOM + FDS_MAX <= FD_LOW, "they find room");

static void child_die(const char *what)
{
	note_error("cannot start the domain: %s: %s", what, strerror(errno));
	_exit(127);
}

/* Moves the fds of the table to 0, 1, 2 ... in order, by way of high numbers, since the ranges
 * overlap. */
static void place_fds(int n)
{
	int high[FDS_MAX], i;

	for (i = 0; i < n; i++) {
		high[i] = fcntl(FD_ROOM + i, F_DUPFD_CLOEXEC, 100);
		if (high[i] < 0)
			child_die("dup");
	}
	for (i = 0; i < n; i++)
		if (dup2(high[i], i) < 0)
			child_die("dup2");
	if (close_range(n, ~0u, 0))
		child_die("close_range");
}

static void child_pin(const struct config *cfg)
{
	cpu_set_t set;

	if (cfg->cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cfg->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		child_die("--cpu");
}

/* Dies with the supervisor. It may be in another pid namespace, where getppid() returns 0, so its
 * end of the control socket is checked instead. */
static void live_with_supervisor(void)
{
	struct pollfd ctl = {.fd = SD_CTL_FD};

	/* After the change of ids, which clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		child_die("PR_SET_PDEATHSIG");
	if (poll(&ctl, 1, 0) && ctl.revents & POLLHUP)
		child_die("the supervisor is gone");
}

static void drop_privileges(const struct config *cfg, pid_t supervisor, uint8_t *belts,
			    rlim_t file_size)
{
	if (belts_limits(cfg, file_size, belts))
		child_die("rlimit");
	if (belts_apply(belts, supervisor))
		child_die("give up rights");
	belts[BELT_HIDDEN] = cfg->core ? ECANCELED : belts[BELT_USER] ? 0 : cfg->hide_error;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		child_die("no_new_privs");
	live_with_supervisor();
}

static void exec_image(const struct config *cfg, int image_fd)
{
	char argv_text[SD_DEVICES_MAX + 8][640], *argv[SD_DEVICES_MAX + 9];
	char *envp[] = {NULL};
	int argc = 0, fd = FD_DEVICES;

	snprintf(argv_text[argc++], sizeof(argv_text[0]), "kdom:%s", cfg->name);
	snprintf(argv_text[argc++], sizeof(argv_text[0]), "--control");
	snprintf(argv_text[argc++], sizeof(argv_text[0]), "--mem=%llu",
		 (unsigned long long)cfg->ram >> 20);
	if (cfg->transport[0])
		snprintf(argv_text[argc++], sizeof(argv_text[0]), "--transport=%s", cfg->transport);
	if (cfg->npeers)
		snprintf(argv_text[argc++], sizeof(argv_text[0]), "--peers");
	if (cfg->verbose)
		snprintf(argv_text[argc++], sizeof(argv_text[0]), "--verbose");
	if (cfg->core)
		snprintf(argv_text[argc++], sizeof(argv_text[0]), "--core");
	if (cfg->cmdline[0])
		snprintf(argv_text[argc++], sizeof(argv_text[0]), "--cmdline=%s", cfg->cmdline);
	for (int i = 0; i < cfg->ndev; i++)
		if (cfg->dev[i].fd >= 0)
			snprintf(argv_text[argc++], sizeof(argv_text[0]), "--dev=%s,fd=%d%s",
				 cfg->dev[i].type, fd++, cfg->dev[i].args);
		else if (device_is_inside(&cfg->dev[i]))
			snprintf(argv_text[argc++], sizeof(argv_text[0]), "--dev=%s%s",
				 cfg->dev[i].type, cfg->dev[i].args);
	for (int i = 0; i < argc; i++)
		argv[i] = argv_text[i];
	argv[argc] = NULL;
	syscall(SYS_execveat, image_fd, "", argv, envp, AT_EMPTY_PATH);
	if (errno == ENOENT) /* its interpreter was looked up in the empty root */
		note_error(
			"%s wants an interpreter: it is no image of this kslice; run `make image`",
			cfg->image);
	child_die(cfg->image);
}

static void child_run(const struct config *cfg, const struct domain *dom, pid_t supervisor, int n)
{
	rlim_t file_size = belts_file_limit(cfg);
	sigset_t none;
	int core_dir;

	cgroup_enter(&dom->cgroup, dom->belts);
	if (close_range(FD_LOW, ~0u, CLOSE_RANGE_UNSHARE))
		child_die("close_range");
	place_fds(n);
	fcntl(n - 1, F_SETFD, FD_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(077);
	child_pin(cfg);
	core_dir = cores_dir_open(cfg, supervisor, dom->generation, belts_uid(supervisor));
	drop_privileges(cfg, supervisor, dom->belts, file_size);
	if (core_dir != -ENOENT && fchdir(core_dir)) {
		errno = core_dir < 0 ? -core_dir : errno;
		child_die("--core");
	}
	exec_image(cfg, n - 1);
}

/* Fills the slots that the new process uses; from NULL: empties them. */
static int fill_room(const int *from, int n)
{
	for (int i = 0; i < n; i++)
		if (dup3(from ? from[i] : STDIN_FILENO, FD_ROOM + i, O_CLOEXEC) < 0)
			return -errno;
	return 0;
}

static pid_t process_spawn(const struct config *cfg, const struct domain *dom, int ctl,
			   int wake_page, int log)
{
	int from[FDS_MAX] = {STDIN_FILENO, log, log, ctl, wake_page}, n = FD_DEVICES;
	pid_t self = getpid(), pid;

	for (int i = 0; i < cfg->ndev; i++)
		if (cfg->dev[i].fd >= 0)
			from[n++] = cfg->dev[i].fd;
	from[n++] = cfg->image_fd;
	pid = fill_room(from, n);
	if (!pid) {
		pid = belts_fork(dom->belts);
		if (!pid)
			child_run(cfg, dom, self, n);
	}
	fill_room(NULL, n);
	return pid;
}

static int process_watch(pid_t pid)
{
	int fd = pidfd_open(pid, 0);

	return fd < 0 ? -errno : fd;
}

static void process_kill(pid_t pid)
{
	kill(pid, SIGKILL);
}

static bool process_reap(pid_t pid, bool wait, int *status)
{
	return waitpid(pid, status, wait ? 0 : WNOHANG) == pid;
}

const struct machine machine_process = {
	.name = "process",
	.spawn = process_spawn,
	.watch = process_watch,
	.kill = process_kill,
	.reap = process_reap,
	.look = belts_look,
};

// SPDX-License-Identifier: GPL-2.0
/*
 * belts.c: confines a domain's process, so that a compromised domain that gets past seccomp can't
 * reach the rest of the host. Each belt is applied where the host allows it; otherwise the reason
 * is kept, and `kdom ps -v` and the log report it. Root makes namespaces with its own privileges
 * before it drops them; another user first makes a user namespace. The process applies its belts
 * itself, between fork and exec, and reports the results in shared memory that exec unmaps.
 *
 * The uid that made a user namespace may trace the processes started in it, dumpable or not, unless
 * a process can't read its own program: then the kernel requires capabilities outside. So the image
 * is started from a copy that can be executed but not read.
 */
#include "belts.h"
#include "cores.h"
#include "ctlmsg.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

#define UID_NOBODY 65534
/* Plus the supervisor's pid, below 1 << 22: an unused uid for each domain */
#define UID_OWN 0x7f000000

const char *const belt_names[BELTS] = {
	[BELT_UID] = "uid",	  [BELT_USER] = "user",	      [BELT_PID] = "pid",
	[BELT_NET] = "net",	  [BELT_IPC] = "ipc",	      [BELT_UTS] = "uts",
	[BELT_CGROUP] = "cgroup", [BELT_ROOT] = "root",	      [BELT_LIMITS] = "limits",
	[BELT_HIDDEN] = "hidden", [BELT_SECCOMP] = "seccomp", [BELT_LANDLOCK] = "landlock",
	[BELT_MEMORY] = "memory", [BELT_CPU] = "cpu",	      [BELT_PIDS] = "pids",
};

static const struct {
	enum belt belt;
	int flag;
} spaces[] = {
	{BELT_NET, CLONE_NEWNET},	{BELT_IPC, CLONE_NEWIPC}, {BELT_UTS, CLONE_NEWUTS},
	{BELT_CGROUP, CLONE_NEWCGROUP}, {BELT_ROOT, CLONE_NEWNS},
};

static void belt_set(uint8_t *belts, enum belt belt, int failed)
{
	belts[belt] = failed ? errno : 0;
}

/* ---- in the supervisor ---- */

uint8_t *belts_make(void)
{
	uint8_t *belts =
		mmap(NULL, BELTS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return belts == MAP_FAILED ? NULL : belts;
}

pid_t belts_fork(uint8_t *belts)
{
	bool root = !geteuid();
	int flags[] = {root ? CLONE_NEWPID : CLONE_NEWPID | CLONE_NEWUSER, root ? 0 : CLONE_NEWUSER,
		       0};
	pid_t pid = -1;

	memset(belts, 0, BELTS);
	for (int i = 0; i < 3 && pid < 0; i++) {
		belts[BELT_PID] = i ? errno : 0;
		belts[BELT_USER] = flags[i] & CLONE_NEWUSER ? 0 : errno;
		pid = syscall(SYS_clone, SIGCHLD | CLONE_FILES | CLONE_VFORK | flags[i], NULL, NULL,
			      NULL, NULL);
	}
	return pid < 0 ? -errno : pid;
}

static int image_copy(int to, int from)
{
	struct stat st;
	off_t at = 0;

	if (fstat(from, &st))
		return -errno;
	while (at < st.st_size) {
		ssize_t n = sendfile(to, from, &at, st.st_size - at);

		if (n <= 0)
			return n ? -errno : -EIO;
	}
	return 0;
}

/* Reopened: a file that is open for writing can't be executed. */
static int image_seal(int copy)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", copy);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !fchmod(fd, 0111) &&
	    !fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
		return fd;
	fds_close(&fd, 1);
	return -EACCES;
}

int image_hide(struct config *cfg)
{
	int copy, fd, err;

	copy = memfd_create("kdom-image", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (copy < 0 && errno == EINVAL)
		copy = memfd_create("kdom-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0)
		return -errno;
	err = image_copy(copy, cfg->image_fd);
	fd = err ? err : image_seal(copy);
	close(copy);
	if (fd < 0)
		return fd;
	close(cfg->image_fd);
	cfg->image_fd = fd;
	return 0;
}

void belts_log(const char *name, const uint8_t *belts)
{
	char on[256] = "", off[768] = "";

	for (int i = 0; i < BELTS; i++)
		if (!belts[i])
			snprintf(on + strlen(on), sizeof(on) - strlen(on), " %s", belt_names[i]);
		else
			snprintf(off + strlen(off), sizeof(off) - strlen(off), "%s %s (%s)",
				 *off ? "," : "", belt_names[i], strerror(belts[i]));
	note("domain %s is confined by%s%s%s", name, on, *off ? "; not available:" : "", off);
}

/* What the kernel reports about the process, not the process itself. */
void belts_look(uint8_t *belts, pid_t pid)
{
	char path[32], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	belts[BELT_SECCOMP] = f ? ENODATA : errno;
	while (f && fgets(line, sizeof(line), f))
		if (!strcmp(line, "Seccomp:\t2\n"))
			belts[BELT_SECCOMP] = 0;
	if (f)
		fclose(f);
}

/* ---- in the process that becomes the domain ---- */

/* Leaves it an empty file system as root; pivot_root() doesn't work on an initramfs. */
static int empty_root(void)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("kdom-nothing", "/proc", "tmpfs", flags, "size=4k,nr_inodes=1,mode=500") ||
	    chdir("/proc"))
		return -1;
	if (syscall(SYS_pivot_root, ".", ".")) {
		if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
			return -1;
	} else if (umount2(".", MNT_DETACH)) {
		return -1;
	}
	return chdir("/") || mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | flags, NULL);
}

static void enter_spaces(uint8_t *belts, bool again)
{
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		enum belt b = spaces[i].belt;

		if (again && !belts[b])
			continue;
		belt_set(belts, b, unshare(spaces[i].flag) || (b == BELT_ROOT && empty_root()));
	}
}

/* Plain system calls: libc's wrappers would try to do the same in the supervisor's threads, which
 * this process doesn't have (belts_fork()). */
static int become_uid(uid_t id)
{
	return syscall(SYS_setresgid, id, id, id) || syscall(SYS_setresuid, id, id, id);
}

/* For root: a uid that no other process has, so that only root can signal it, and it can signal
 * nobody. */
static int own_uid(uint8_t *belts, pid_t supervisor)
{
	if (syscall(SYS_setgroups, 0, NULL) && errno != EPERM)
		return -1;
	belt_set(belts, BELT_UID, become_uid(belts_uid(supervisor)));
	/* In a user namespace these ids may be unmapped. With an empty bounding set uid 0 in there
	 * gets no capabilities by exec. */
	if (belts[BELT_UID] && become_uid(UID_NOBODY) && errno != EINVAL)
		return -1;
	belt_set(belts, BELT_USER, unshare(CLONE_NEWUSER));
	return 0;
}

static int drop_bounding(void)
{
	for (int cap = 0; cap <= 63; cap++)
		if (prctl(PR_CAPBSET_DROP, cap) && errno != EINVAL)
			return -1;
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	       syscall(SYS_capset, &head, none);
}

/* No file may grow beyond the largest of its disks, whose size is fixed. Block devices have a fixed
 * size and need no limit. */
rlim_t belts_file_limit(const struct config *cfg)
{
	rlim_t most = 0;

	for (int i = 0; i < cfg->ndev; i++) {
		struct stat st;

		if (cfg->dev[i].fd >= 0 && !fstat(cfg->dev[i].fd, &st) && S_ISREG(st.st_mode) &&
		    (rlim_t)st.st_size > most)
			most = st.st_size;
	}
	return most;
}

uid_t belts_uid(pid_t supervisor)
{
	return geteuid() ? (uid_t)-1 : UID_OWN + (uid_t)supervisor;
}

int belts_limits(const struct config *cfg, rlim_t size, uint8_t *belts)
{
	static const int none[] = {RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_RTPRIO, RLIMIT_NICE};
	struct rlimit file = {size, size}, files;
	int failed = cores_limit(cfg);

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		failed |= setrlimit(none[i], &(struct rlimit){0, 0});
	if (!cfg->core_dir[0]) /* else its core is a file of the domain's size */
		failed |= setrlimit(RLIMIT_FSIZE, &file);
	belt_set(belts, BELT_LIMITS, failed);
	if (getrlimit(RLIMIT_NOFILE, &files))
		return -1;
	files.rlim_cur = files.rlim_max; /* each client brings an eventfd */
	return setrlimit(RLIMIT_NOFILE, &files);
}

int belts_apply(uint8_t *belts, pid_t supervisor)
{
	bool root = !geteuid();

	/* An unprivileged user has no other uid to give. */
	belts[BELT_UID] = root ? 0 : EPERM;
	enter_spaces(belts, false);
	if (root && (drop_bounding() || own_uid(belts, supervisor)))
		return -1;
	if (root && !belts[BELT_USER])
		enter_spaces(belts, true);
	/* A new user namespace gives a full bounding set. */
	if (!belts[BELT_USER] && drop_bounding())
		return -1;
	return drop_capabilities();
}

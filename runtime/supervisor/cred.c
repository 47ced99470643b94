// SPDX-License-Identifier: GPL-2.0
/*
 * cred.c: the upper bound of an attaching program's credentials: the capability sets of its
 * process, from /proc. A pidfd identifies the process: if it is still alive after reading, its
 * number hasn't been reused. Sets that can't be read, and those of another user namespace, count as
 * empty.
 */
#include "cred.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sd/ring.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

static int peer_pidfd(const struct conn *c)
{
	socklen_t len = sizeof(int);
	int fd;

	if (!getsockopt(c->fd, SOL_SOCKET, SO_PEERPIDFD, &fd, &len))
		return fd;
	/* Without it nothing proves that the pid is still the process that connected. Whether it is
	 * of the same user is checked below. */
	return c->cred.pid > 0 ? (int)syscall(SYS_pidfd_open, c->cred.pid, 0) : -1;
}

static bool pidfd_alive(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

/* Reads a small file of /proc as a string; false: it can't be read completely. */
static bool read_proc(int dir, const char *name, char *buf, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* Compares the namespaces' names; if we may not read its name (it is more privileged), the uid
 * maps. */
static bool same_user_namespace(int dir)
{
	struct stat its, ours;
	char map[2][1024];
	int self;
	bool same;

	if (stat("/proc/self/ns/user", &ours))
		return false;
	if (!fstatat(dir, "ns/user", &its, 0))
		return its.st_dev == ours.st_dev && its.st_ino == ours.st_ino;
	self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	same = self >= 0 && read_proc(dir, "uid_map", map[0], sizeof(map[0])) &&
	       read_proc(self, "uid_map", map[1], sizeof(map[1])) && !strcmp(map[0], map[1]);
	if (self >= 0)
		close(self);
	return same;
}

static bool status_field(const char *status, const char *name, int base, uint64_t *to)
{
	const char *at = strstr(status, name);
	char *end;

	if (!at)
		return false;
	at += strlen(name);
	*to = strtoull(at, &end, base);
	return end != at;
}

static bool cred_parse(const struct conn *c, const char *s, struct sd_ctl_cred *r)
{
	uint64_t nnp, uid, euid = 0;
	const char *at = strstr(s, "\nUid:");

	if (at && sscanf(at, "\nUid: %lu %lu", &uid, &euid) != 2)
		return false;
	r->no_new_privs = status_field(s, "\nNoNewPrivs:", 10, &nnp) ? (uint32_t)nnp : 1;
	return at && euid == c->cred.uid && status_field(s, "\nCapInh:", 16, &r->inheritable) &&
	       status_field(s, "\nCapPrm:", 16, &r->permitted) &&
	       status_field(s, "\nCapEff:", 16, &r->effective) &&
	       status_field(s, "\nCapBnd:", 16, &r->bounding) &&
	       status_field(s, "\nCapAmb:", 16, &r->ambient);
}

static bool cred_read(const struct conn *c, struct sd_ctl_cred *r)
{
	char path[32], status[4096];
	int pidfd = peer_pidfd(c), dir;
	bool good;

	if (pidfd < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d", c->cred.pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	good = dir >= 0 && read_proc(dir, "status", status, sizeof(status)) &&
	       same_user_namespace(dir) && pidfd_alive(pidfd) && cred_parse(c, status, r);
	if (dir >= 0)
		close(dir);
	close(pidfd);
	return good;
}

int cred_into(int region, const struct conn *c)
{
	struct sd_ctl_cred r = {0};

	if (!cred_read(c, &r))
		r = (struct sd_ctl_cred){.no_new_privs = 1};
	return pwrite(region, &r, sizeof(r), SD_HEAD_SIZE + SD_ARENA_OFF) == (ssize_t)sizeof(r)
		       ? 0
		       : -ENOMEM;
}

int cred_groups_into(int region, const struct conn *c)
{
	gid_t few[32], *list = few;
	socklen_t len = sizeof(few);
	int err = getsockopt(c->fd, SOL_SOCKET, SO_PEERGROUPS, list, &len);

	if (err && errno == ERANGE) {
		list = malloc(len);
		if (!list)
			return -ENOMEM;
		err = getsockopt(c->fd, SOL_SOCKET, SO_PEERGROUPS, list, &len);
	}
	err = err ? -errno : 0;
	if (!err &&
	    pwrite(region, list, len, SD_HEAD_SIZE + SD_ARENA_OFF + sizeof(struct sd_ctl_cred)) !=
		    (ssize_t)len)
		err = -ENOMEM;
	if (list != few)
		free(list);
	return err ? err : (int)(len / sizeof(gid_t));
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroup.h: a cgroup for the domain, see cgroup.c. Made before the domain starts, removed when it
 * has ended. If a controller isn't available its struct cage has the error.
 */
#ifndef KDOM_CGROUP_H
#define KDOM_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"

enum cage_kind { CAGE_MEMORY, CAGE_CPU, CAGE_PIDS, CAGES };

/* The cgroup of one controller. */
struct cage {
	char own[PATH_MAX]; /* its parent directory: the supervisor's cgroup */
	bool v2;
	int fd;	 /* its directory, or -1 */
	int err; /* 0, or -errno: why it isn't available */
};

struct cgroup {
	struct cage cage[CAGES];
	char name[SD_NAME_MAX + 16];
	unsigned clients; /* the memory limit is for this many */
};

/* up: pid of the `kdom up` that waits for this start, or 0. */
void cgroup_make(struct cgroup *g, const struct config *cfg, pid_t up);
void cgroup_enter(const struct cgroup *g, uint8_t *belts); /* in the child, before all else */
/* Adjusts the memory limit to this many clients' regions. */
void cgroup_clients(struct cgroup *g, const struct config *cfg, unsigned n);
void cgroup_remove(struct cgroup *g);
/* Our place in the hierarchy that has this controller, by the texts of /proc/self/cgroup and
 * mountinfo. 0 or -errno */
int cgroup_find(const char *cgroups, const char *mounts, const char *controller, char *dir,
		bool *v2);

#endif

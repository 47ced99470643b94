/* SPDX-License-Identifier: GPL-2.0 */
/*
 * belts.h: what confines a domain's process, see belts.c. Belts are an array of BELTS bytes in
 * memory shared with that process until it calls exec. Per belt 0: in force, or the errno that says
 * why it isn't.
 */
#ifndef KDOM_BELTS_H
#define KDOM_BELTS_H

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "config.h"

enum belt {
	BELT_UID,  /* a uid of its own */
	BELT_USER, /* namespaces */
	BELT_PID,
	BELT_NET,
	BELT_IPC,
	BELT_UTS,
	BELT_CGROUP,
	BELT_ROOT,   /* mount namespace, an empty root in it */
	BELT_LIMITS, /* rlimits */
	BELT_HIDDEN, /* only root can read its memory */
	BELT_SECCOMP,
	BELT_LANDLOCK,
	BELT_MEMORY, /* limits of its own cgroup */
	BELT_CPU,
	BELT_PIDS,
	BELTS
};
_Static_assert(BELTS <= SD_BELTS, "they fit a status message");

extern const char *const belt_names[BELTS];

uint8_t *belts_make(void); /* NULL: out of memory */
/* Replaces image_fd by a copy that can be executed but not read. 0 or -errno */
int image_hide(struct config *cfg);
/* Like fork(), in new user and pid namespaces if possible. The child shares our fds until it
 * unshares them; we wait for its exec. -errno */
pid_t belts_fork(uint8_t *belts);
/* while the devices' fds are still those of cfg */
rlim_t belts_file_limit(const struct config *cfg);
/* at READY: the belts that only the image can apply */
void belts_look(uint8_t *belts, pid_t pid);
void belts_log(const char *name, const uint8_t *belts);

/* ---- in the child ---- */

/* The uid for the domain; -1: ours, which isn't root's. */
uid_t belts_uid(pid_t supervisor);

int belts_limits(const struct config *cfg, rlim_t file_size, uint8_t *belts); /* -1: errno */
/* The other belts; no capabilities are left afterwards. -1 and errno: even that failed. */
int belts_apply(uint8_t *belts, pid_t supervisor);

#endif

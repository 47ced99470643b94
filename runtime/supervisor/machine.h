/* SPDX-License-Identifier: GPL-2.0 */
/*
 * machine.h: the supervisor's side of a machine (runtime/machine/NAME): how a domain is started
 * there, watched, and ended. One file machine_NAME.c each, and a row in machine.c. The daemon calls
 * these from its loop; they keep no state between calls beyond what the host knows of the pid.
 */
#ifndef KDOM_MACHINE_H
#define KDOM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "domain.h"

/*
 * fds below FD_LOW are reserved: 0, 1 and 2 (log.c), and slots for the fds that a domain starts
 * with. A domain gets none of the others, which may be clients': it might become the process that
 * closes them.
 */
#define FD_LOW 64

struct machine {
	const char *name; /* as in runtime/machine, and in the manifest */
	/** @spawn: starts the domain with only the privileges that it needs. It gets the other
	 * ends of the control socket, the wake-up page and the console, and cfg's devices; all fds
	 * stay the caller's. Returns its pid, by which the host identifies it, or -errno.
	 * dom->belts is valid by the time of its READY. */
	pid_t (*spawn)(const struct config *cfg, const struct domain *dom, int ctl, int wake_page,
		       int log);
	/** @watch: an fd that becomes readable at its end, closed by the caller; or -errno */
	int (*watch)(pid_t pid);
	/** @kill: ends it at once. Doesn't wait. */
	void (*kill)(pid_t pid);
	/** @reap: its status as of wait(2) after its end; false: it still runs. With @wait it
	 * blocks until the end. */
	bool (*reap)(pid_t pid, bool wait, int *status);
	/** @look: records in @belts, at READY, the belts that it has applied itself. */
	void (*look)(uint8_t *belts, pid_t pid);
};

extern const struct machine machine_process;

/* Sets cfg->machine by its name, or to the first one if it has none. 0, or -EINVAL after printing.
 */
int machine_find(struct config *cfg);

#endif

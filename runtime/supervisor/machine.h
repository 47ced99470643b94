/* SPDX-License-Identifier: GPL-2.0 */
/*
 * machine.h: the supervisor's side of a machine (runtime/machine/NAME): how a domain is started
 * there, watched, and ended. One file machine_NAME.c each, and a row in machine.c. The daemon calls
 * these from its loop; nothing here is kept between calls but what the host knows by the pid.
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
 * fds below FD_LOW are the daemon's alone: 0, 1 and 2 (log.c), and room for what a domain begins
 * with. A domain has none of the others, which may be clients': otherwise it would be the process
 * that closes them.
 */
#define FD_LOW 64

struct machine {
	const char *name; /* as in runtime/machine, and in the manifest */
	/**
	 * @spawn: starts the domain with no right that it doesn't need. It gets the other ends of
	 * the control socket, the wake-up page and the console, and cfg's devices; all fds stay the
	 * caller's. Returns its pid, a number by which the host names it, or -errno. What confines
	 * it is in dom->belts by the time of its READY.
	 */
	pid_t (*spawn)(const struct config *cfg, const struct domain *dom, int ctl, int wake_page,
		       int log);
	/** @watch: an fd, to be closed by the caller, readable once it has ended; or -errno. */
	int (*watch)(pid_t pid);
	/** @kill: ends it at once. Doesn't wait. */
	void (*kill)(pid_t pid);
	/**
	 * @reap: its status as of wait(2), once it has ended; false: it still runs. With @wait it
	 * blocks until then.
	 */
	bool (*reap)(pid_t pid, bool wait, int *status);
	/** @look: what confines it by itself, at its READY, into @belts. */
	void (*look)(uint8_t *belts, pid_t pid);
};

extern const struct machine machine_process;

/* Sets cfg->machine by its name, without one to the first. 0, or -EINVAL after printing. */
int machine_find(struct config *cfg);

#endif

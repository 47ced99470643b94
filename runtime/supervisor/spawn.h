/* SPDX-License-Identifier: GPL-2.0 */
/* spawn.h: starts the domain's process, see spawn.c. */
#ifndef KDOM_SPAWN_H
#define KDOM_SPAWN_H

#include <sys/types.h>

#include "config.h"
#include "domain.h"

/*
 * fds below FD_LOW are the daemon's alone: 0, 1 and 2 (log.c), and room for what a domain's process
 * begins with (spawn.c). That process has none of the others, which may be clients': otherwise it
 * would be the process that closes them.
 */
#define FD_LOW 64

/* pid or -errno. What the domain wears is in dom->belts by the time of its READY. */
pid_t spawn(const struct config *cfg, const struct domain *dom, int ctl, int bell, int log);

#endif

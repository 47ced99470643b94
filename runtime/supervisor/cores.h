/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cores.h: core dumps of a domain (kdom up --core). Off by default: a core holds the domain's
 * memory, which is data of all its clients. The host decides where cores go (sysctl
 * kernel.core_pattern): to a program, or to a file in the domain's working directory.
 */
#ifndef KDOM_CORES_H
#define KDOM_CORES_H

#include <sys/types.h>

#include "config.h"

/* Can a core be written as the options say? Makes core_dir absolute. 0, or -errno after printing.
 */
int cores_check(struct config *cfg);

/* ---- in the domain's process, before exec ---- */

/*
 * Makes the working directory for this start of the domain, owned by uid (-1: ours). An fd, or
 * -errno; -ENOENT: none is needed.
 */
int cores_dir_open(const struct config *cfg, pid_t supervisor, unsigned start, uid_t uid);
int cores_limit(const struct config *cfg); /* RLIMIT_CORE. 0, or -1: errno */

/* ---- in the supervisor ---- */

/* The process has ended: removes the directory if it is empty. */
void cores_dir_close(const struct config *cfg, pid_t supervisor, unsigned start);

#endif

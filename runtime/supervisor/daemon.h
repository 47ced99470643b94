/* SPDX-License-Identifier: GPL-2.0 */
/* daemon.h: the supervisor process itself, see supervisor.h and daemon.c. */
#ifndef KDOM_DAEMON_H
#define KDOM_DAEMON_H

#include "config.h"

int daemon_main(struct config *cfg, int started_pipe) __attribute__((noreturn));

#endif

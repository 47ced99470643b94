/* SPDX-License-Identifier: GPL-2.0 */
/* Stands for the kernel's <linux/syscalls.h> when server.c is built for the host: see
 * backend_host.c. */
#ifndef HOST_SYSCALLS_H
#define HOST_SYSCALLS_H

#include <signal.h>
#include <linux/posix_types.h>
#include "host.h"

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* ask.h: a command's request to a daemon over NAME.sock. */
#ifndef KDOM_ASK_H
#define KDOM_ASK_H

#include <stdint.h>

#include <sd/control.h>

/* A socket, or -errno. -ENOENT, -ECONNREFUSED: there is no daemon. */
int ask_connect(const char *name);
int ask_connect_path(const char *path); /* the same by the socket's path */
/* 0, or -errno of the transport. The daemon's own result is in reply. */
int ask(int sock, uint16_t type, struct sd_ctl_msg *reply, int timeout_ms);
/* The same, with a payload: m, by ctl_init(), becomes the reply. */
int ask_with(int sock, struct sd_ctl_msg *m, int timeout_ms);

#endif

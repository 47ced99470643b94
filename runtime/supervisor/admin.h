/* SPDX-License-Identifier: GPL-2.0 */
/* admin.h: requests of kdom's commands to a daemon. 0, or -errno for the client. */
#ifndef KDOM_ADMIN_H
#define KDOM_ADMIN_H

#include "conn.h"

int admin_status(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m);
int admin_hello_or_up(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m);
int admin_kill_or_down(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m);
int admin_trace(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m);
void admin_trace_end(struct daemon *d); /* the tracer's connection is closed */

#endif

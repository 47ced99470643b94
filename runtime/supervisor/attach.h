/* SPDX-License-Identifier: GPL-2.0 */
/* attach.h: connections become lifelines and tickets. 0, or -errno for the client. */
#ifndef KDOM_ATTACH_H
#define KDOM_ATTACH_H

#include "conn.h"

int attach_asked(struct daemon *d, struct conn *c, const struct sd_ctl_msg *asked);
int attach_ticket_asked(struct daemon *d, struct conn *c, const struct sd_ctl_msg *asked);

#endif

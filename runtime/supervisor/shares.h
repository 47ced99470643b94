/* SPDX-License-Identifier: GPL-2.0 */
/* shares.h: memory of mapped files that the domain and its clients share, see sd/share.h. */
#ifndef KDOM_SHARES_H
#define KDOM_SHARES_H

#include "conn.h"

/* Identified by the domain's key. Owned by the daemon's list until share_gone(). */
struct share {
	struct share *next;
	uint64_t key[2];
	int fd;
};

/* Handles a client's request. 0, or -errno for the client. */
int share_asked(struct daemon *d, struct conn *c, const struct sd_ctl_msg *asked);
void share_gone(struct daemon *d, const uint64_t key[2]);
void shares_close(struct daemon *d); /* the domain has ended */

#endif

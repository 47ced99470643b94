/* SPDX-License-Identifier: GPL-2.0 */
/* peers.h: this daemon as a client of other domains, for its own domain. */
#ifndef KDOM_PEERS_H
#define KDOM_PEERS_H

#include <stdbool.h>

#include "loop.h"
#include <sd/control.h>

/* A connection to another daemon. Freed by peer_close(). */
struct peer {
	struct source src;
	struct peer *next;
	char name[SD_NAME_MAX];
	bool attached; /* false: waiting for its answer */
};

/* The domain asks to be attached to another. */
void peer_asked(struct daemon *d, const struct sd_ctl_msg *m);
void peers_close(struct daemon *d); /* the domain has ended */

#endif

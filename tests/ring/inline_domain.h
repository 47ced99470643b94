/* SPDX-License-Identifier: GPL-2.0 */
/* inline_domain.h: a transport whose domain, in the same thread, runs where the client would wait.
 */
#ifndef INLINE_DOMAIN_H
#define INLINE_DOMAIN_H

#include <sd/qp.h>
#include "hostdom.h"

extern const struct sd_client_side inline_transport;
extern struct hostdom *inline_domain; /* the domain that serves its queue pairs */
extern void (*inline_puppet)(void);   /* serves them instead, if not NULL */

/* hostdom_init(), and from now on it is inline_domain. Liars are counted and ended. */
void inline_init(struct hostdom *d, struct sd_wake_page *wake_page);
/* Ring the queue pair's doorbell. */
void inline_kick(struct sd_qp *l);

#endif

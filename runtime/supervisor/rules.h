/* SPDX-License-Identifier: GPL-2.0 */
/* rules.h: what a connection may ask, and how much of it. Nothing here changes anything. */
#ifndef KDOM_RULES_H
#define KDOM_RULES_H

#include "conn.h"

/* Before anything is done. 0: do it; -EPROTO: close the connection; other -errno: the answer. */
int rule_verdict(const struct daemon *d, const struct conn *c, const struct sd_ctl_msg *m);
bool rule_same_person(const struct conn *c);
bool rule_room(const struct daemon *d, uid_t uid, bool ticket); /* for one more connection */
/* -EAGAIN: the domain owes too much already. */
int rule_owed(const struct daemon *d, const struct conn *c);

#endif

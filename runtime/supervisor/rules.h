/* SPDX-License-Identifier: GPL-2.0 */
/* rules.h: what a connection may request, and how much. These functions have no side effects. */
#ifndef KDOM_RULES_H
#define KDOM_RULES_H

#include "conn.h"

/* Checks a message first. 0: handle it; -EPROTO: close the connection; other -errno: the answer. */
int rule_verdict(const struct daemon *d, const struct conn *c, const struct sd_ctl_msg *m);
bool rule_same_person(const struct conn *c);
/* is there room for one more connection? */
bool rule_room(const struct daemon *d, uid_t uid, bool ticket);
/* -EAGAIN: the domain owes too much already. */
int rule_owed(const struct daemon *d, const struct conn *c);

#endif

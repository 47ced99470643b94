/* SPDX-License-Identifier: GPL-2.0 */
/* cred.h: what a program that attaches may do at most, written where the domain looks for it. */
#ifndef KDOM_CRED_H
#define KDOM_CRED_H

#include "conn.h"

/* Its capabilities. 0 or -errno. */
int cred_into(int region, const struct conn *c);
/* The supplementary groups of the process that connected. Their number, or -errno. */
int cred_groups_into(int region, const struct conn *c);

#endif

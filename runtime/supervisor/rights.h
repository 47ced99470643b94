/* SPDX-License-Identifier: GPL-2.0 */
/* rights.h: what a program that attaches may do at most, written where the domain looks for it. */
#ifndef KDOM_RIGHTS_H
#define KDOM_RIGHTS_H

#include "conn.h"

/* Its capabilities. 0 or -errno. */
int rights_into(int region, const struct conn *c);
/* The supplementary groups of the process that connected. Their number, or -errno. */
int rights_groups_into(int region, const struct conn *c);

#endif

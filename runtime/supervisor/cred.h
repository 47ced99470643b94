/* SPDX-License-Identifier: GPL-2.0 */
/* cred.h: the upper bound of an attaching program's credentials, written to its region for the
 * domain. */
#ifndef KDOM_CRED_H
#define KDOM_CRED_H

#include "conn.h"

/* Its capability sets. 0 or -errno. */
int cred_into(int region, const struct conn *c);
/* The supplementary groups of the process that connected. Their number, or -errno. */
int cred_groups_into(int region, const struct conn *c);

#endif

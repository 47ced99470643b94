/* SPDX-License-Identifier: GPL-2.0 */
/* clients.h: accepts connections, handles their first message, closes them. */
#ifndef KDOM_CLIENTS_H
#define KDOM_CLIENTS_H

#include "loop.h"

void clients_accept(struct daemon *d, struct source *src,
		    uint32_t events); /* the listener's ready() */

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peer.h: another domain for the one under test (domain.h), which calls it: a thread that answers
 * PEER as the supervisor would, and then whatever calls come over the rings. A ticket becomes fd 7
 * there; what reads and writes of it answer says the test.
 */
#ifndef SERVE_PEER_H
#define SERVE_PEER_H

#include "domain.h"

struct peer_says {
	bool more; /* the result is what was asked for plus `by`, else `by` itself */
	s64 by;
};

void peer_start(struct domain *d, uint32_t stubs); /* stubs: the ABI hash it claims */
void peer_stop(void);
void peer_lie(struct peer_says says); /* from the next call on */
u32 peer_attached(void);	      /* how often it was */

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reply.h: answers to connections. None of them ends the conn: one that can't receive its answer is
 * shut down, and is closed when epoll says so.
 */
#ifndef KDOM_REPLY_H
#define KDOM_REPLY_H

#include "conn.h"

/* Answers message `seq` of type `of`; m holds the rest. fds stay the caller's. */
void reply_send(struct conn *c, struct sd_ctl_msg *m, int result, uint16_t of, uint32_t seq,
		const int *fds, int nfds);
void reply_result(struct conn *c, int result, uint16_t of, uint32_t seq);

#endif

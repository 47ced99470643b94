// SPDX-License-Identifier: GPL-2.0
/* reply.c: answers to connections, see reply.h. */
#include "reply.h"

#include <stddef.h>

void reply_send(struct conn *c, struct sd_ctl_msg *m, int result, uint16_t of, uint32_t seq,
		const int *fds, int nfds)
{
	m->type = SD_CTL_REPLY;
	m->of = of;
	m->seq = seq;
	m->result = result;
	if (ctl_send(c->fd, m, fds, nfds) || c->state == CONN_SPENT)
		shutdown(c->fd, SHUT_RDWR);
}

void reply_result(struct conn *c, int result, uint16_t of, uint32_t seq)
{
	struct sd_ctl_msg m;

	ctl_init(&m, SD_CTL_REPLY, seq);
	reply_send(c, &m, result, of, seq, NULL, 0);
}

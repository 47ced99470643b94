// SPDX-License-Identifier: GPL-2.0
/* conn.c: states of connections, see conn.h. */
#include "conn.h"

#include <unistd.h>

#include "supervisor.h"

bool conn_lives(const struct daemon *d, const struct conn *c)
{
	return c->state == CONN_ATTACHED && c->generation == d->dom.generation && d->dom.pid;
}

unsigned conn_count_living(const struct daemon *d)
{
	unsigned n = 0;

	for (const struct conn *c = d->conns; c; c = c->next)
		n += conn_lives(d, c);
	return n;
}

struct conn *conn_by_client(struct daemon *d, uint32_t client)
{
	for (struct conn *c = d->conns; c; c = c->next)
		if (conn_lives(d, c) && c->client == client)
			return c;
	return NULL;
}

void conn_becomes(struct conn *c, enum conn_state state)
{
	int on = 1;

	c->state = state == CONN_FRESH && c->passed ? CONN_SPENT : state;
	if (state == CONN_ATTACHED) /* only a lifeline accepts fds, see daemon_listen() */
		setsockopt(c->fd, SOL_SOCKET, SO_PASSRIGHTS, &on, sizeof(on));
}

bool conn_stranger(uid_t uid)
{
	return uid != 0 && uid != geteuid();
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn.h: a client's connection and its state. Owned by the daemon's list; freed only by
 * client_close() of clients.c, which clears it from every request that names it. The client may
 * have chosen what file its fd is, and closing it may block, so the loop never closes it: crowds.c
 * has a thread do that.
 */
#ifndef KDOM_CONN_H
#define KDOM_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "ctlmsg.h"
#include "jobs.h"

struct crowd;

/* See the table in sd/control.h. SPENT: it was passed to us for one request, which is done or
 * refused. */
enum conn_state {
	CONN_FRESH,
	CONN_ATTACHING,
	CONN_ATTACHED,
	CONN_TICKETING,
	CONN_TICKET,
	CONN_TRACER,
	CONN_SPENT
};

struct conn {
	struct conn *next, **link;
	int fd;
	struct crowd *crowd;
	/*
	 * Called by the loop when c->in has a message, or says that the connection ended. The
	 * handler calls crowd_next() or crowd_end().
	 */
	void (*came)(struct daemon *d, struct conn *c);
	struct job job;
	struct ctl_in in; /* the message being handled */
	/* effective ids when it connected (SO_PEERCRED); for a passed connection those of the
	 * client that passed it */
	struct ucred cred;
	struct ucred real; /* real ids of the sender of its last message */
	enum conn_state state;
	bool passed;	 /* it came over a client's lifeline */
	bool domain;	 /* its client is a domain (attach.calls) */
	bool ended;	 /* the domain has reported that it ended the channel */
	uint32_t client; /* id in `generation` */
	uint32_t generation;
	uint64_t key[2];  /* of a ticket, which is dropped with the connection */
	unsigned pending; /* requests that name this conn */
};

/* Is it the lifeline of a client of the running domain? */
bool conn_lives(const struct daemon *d, const struct conn *c);
unsigned conn_count_living(const struct daemon *d);
struct conn *conn_by_client(struct daemon *d, uint32_t client);
/* Sets the state after its request: attached, a ticket, or after a failure CONN_FRESH (as before; a
 * passed connection is spent). */
void conn_becomes(struct conn *c, enum conn_state state);
/* Is this uid neither root's nor ours? */
bool conn_stranger(uid_t uid);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn.h: a connection of a client, and what state it is in. Owned by the daemon's list; dies in
 * clients.c's client_close() and nowhere else, which clears it from every request that names it.
 * Its fd is a choice of the client that gave it to us, so the loop never closes it: crowds.c has a
 * thread do that.
 */
#ifndef KDOM_CONN_H
#define KDOM_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "ctlmsg.h"
#include "jobs.h"

struct crowd;

/* See the table in sd/control.h. SPENT: it was passed to us for one thing, and that is done or
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
	struct ctl_in in;  /* the message that is being looked at */
	struct ucred cred; /* effective ids when it connected (SO_PEERCRED); of one that was passed,
			      those of the client that passed it */
	struct ucred real; /* real ids of the sender of its last message */
	enum conn_state state;
	bool passed;	 /* it came over a client's lifeline */
	bool domain;	 /* its client is one (attach.calls) */
	bool ended;	 /* the domain said that it ended the channel */
	uint32_t client; /* id in `generation` */
	uint32_t generation;
	uint64_t key[2];  /* of a ticket: dropped with the connection */
	unsigned pending; /* requests that name this conn */
};

/* Is it the lifeline of a client of the domain that runs now? */
bool conn_lives(const struct daemon *d, const struct conn *c);
unsigned conn_count_living(const struct daemon *d);
struct conn *conn_by_client(struct daemon *d, uint32_t client);
/* The outcome of what it asked: attached, a ticket, or (failed) CONN_FRESH: as before, or of no use
 * any more. */
void conn_becomes(struct conn *c, enum conn_state state);
/* Neither root's nor ours. */
bool conn_stranger(uid_t uid);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* crowds.h: reads and closes connections, fairly by the uid that made them. See crowds.c. */
#ifndef KDOM_CROWDS_H
#define KDOM_CROWDS_H

#include "conn.h"
#include "loop.h"

/* All connections of one uid. Freed with the last of them. */
struct crowd {
	struct source src; /* their epoll set */
	struct crowd *next;
	uid_t uid;
	unsigned conns;	     /* including those that are being closed */
	unsigned busy;	     /* jobs in threads */
	struct jobs waiting; /* jobs that wait for a thread */
};

/* The crowd of a uid; NULL: there is none. */
struct crowd *crowd_of(const struct daemon *d, uid_t uid);
/* Makes a conn for fd, not watched yet. came: as in struct conn. NULL: out of memory. */
struct conn *crowd_add(struct daemon *d, int fd, const struct ucred *cred,
		       void (*came)(struct daemon *d, struct conn *c));
int crowd_watch(struct daemon *d, struct conn *c); /* 0 or -errno */
/* Closes c->in.fd, and waits for another message. */
void crowd_next(struct daemon *d, struct conn *c);
/* Has a thread close the connection, and frees it. */
void crowd_end(struct daemon *d, struct conn *c);

#endif

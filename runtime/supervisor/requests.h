/* SPDX-License-Identifier: GPL-2.0 */
/*
 * requests.h: requests in progress: an answer that the domain owes, or a connection that waits for
 * its start or end. Owned by the daemon's list. A request carries its own answered(), which reports
 * the outcome to the module that made it.
 */
#ifndef KDOM_REQUESTS_H
#define KDOM_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <sd/control.h>

struct daemon;
struct conn;

enum request_until {
	UNTIL_ANSWERED, /* sent to the domain: request_send() */
	UNTIL_SERVING,
	UNTIL_ENDED, /* the domain */
	UNTIL_DOWN,  /* the supervisor */
};

struct request {
	struct request *next;
	uint32_t seq;  /* of the message to the domain; 0: none was sent */
	uint16_t type; /* type of the client's message */
	enum request_until until;
	/*
	 * Reports the outcome: 0 for success, or -errno: the domain's, -ETIMEDOUT, or -EREMOTEIO if
	 * the domain has ended. m is the domain's answer, or NULL. May be NULL. Called a second
	 * time, without r->conn, if the domain answers after a timeout.
	 */
	void (*answered)(struct daemon *d, struct request *r, int result,
			 const struct sd_ctl_msg *m);
	struct conn *conn; /* NULL: it has been closed */
	uint32_t conn_seq;
	uint32_t client;
	uid_t uid;	    /* of the client, even after its end */
	bool counted;	    /* counted in what the domain owes, see rules.c */
	bool ended;	    /* DETACH: as in struct conn */
	uint64_t deadline;  /* now_ms(), 0: none */
	int region, notify; /* ATTACH; SHARE: region */
	uint64_t key[2];    /* TICKET, SHARE */
};

/* NULL: out of memory. timeout_ms 0: none. until is set to UNTIL_ANSWERED; the caller may change
 * it. */
struct request *request_add(struct daemon *d, struct conn *c, uint16_t type, uint32_t conn_seq,
			    unsigned timeout_ms);
/*
 * Sends it to the domain with message m, or an empty one. Takes fds over. 0 or -errno.
 */
int request_send(struct daemon *d, struct request *r, struct sd_ctl_msg *m, const int *fds,
		 int nfds);
void request_drop(struct daemon *d, struct request *r); /* frees it unanswered */

/* The daemon's own requests. If there is no memory for one the domain is killed: otherwise the
 * client's files would stay open. */
/* ended: the domain has already reported that it ended this client. */
void request_detach(struct daemon *d, uint32_t client, bool ended);
void request_ticket_drop(struct daemon *d, const uint64_t key[2]);
void request_shutdown(struct daemon *d); /* the domain gets SIGKILL if it takes too long */

/* The domain reports that it ended a client that is being detached. 0, or -EPROTO: there is none,
 * or it was reported before. */
int request_ended(struct daemon *d, uint32_t client);
/* Handles the domain's REPLY. 0, or -EPROTO: no such request. */
int request_answered(struct daemon *d, const struct sd_ctl_msg *m);

void requests_expire(struct daemon *d);
uint64_t requests_next_deadline(const struct daemon *d);
void requests_domain_serves(struct daemon *d);
void requests_domain_ended(struct daemon *d);
/*
 * Called last, after socket and lock are gone: the requester may start the next supervisor at once.
 */
void requests_supervisor_ends(struct daemon *d);
void requests_forget(struct daemon *d, const struct conn *c);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * requests.h: what is under way: an answer that the domain owes, or somebody who waits for its
 * start or its end. Owned by the daemon's list. A request carries its own answered(), which reports
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
	UNTIL_ANSWERED, /* asked of the domain: request_send() */
	UNTIL_SERVING,
	UNTIL_ENDED, /* the domain */
	UNTIL_DOWN,  /* the supervisor */
};

struct request {
	struct request *next;
	uint32_t seq;  /* towards the domain, 0: it isn't asked */
	uint16_t type; /* what the client asked */
	enum request_until until;
	/*
	 * The outcome: 0 when it came true, or -errno: the domain's own, -ETIMEDOUT, or -EREMOTEIO:
	 * the domain has ended. m is the domain's answer, or NULL. NULL as a function: nobody is
	 * interested. Called a second time, without r->conn, when the domain answers after all.
	 */
	void (*answered)(struct daemon *d, struct request *r, int result,
			 const struct sd_ctl_msg *m);
	struct conn *conn; /* NULL: nobody waits any more */
	uint32_t conn_seq;
	uint32_t client;
	uid_t uid;	    /* of the client, also when that is gone */
	bool counted;	    /* among what the domain owes, see rules.c */
	bool ended;	    /* DETACH: as in struct conn */
	uint64_t deadline;  /* now_ms(), 0: none */
	int region, notify; /* ATTACH; SHARE: region */
	uint64_t key[2];    /* TICKET, SHARE */
};

/* NULL: out of memory. timeout_ms 0: none. until is UNTIL_ANSWERED, to be changed by the caller. */
struct request *request_add(struct daemon *d, struct conn *c, uint16_t type, uint32_t conn_seq,
			    unsigned timeout_ms);
/*
 * Sends it to the domain, with a message of its own or an empty one. Takes fds over. 0 or -errno.
 */
int request_send(struct daemon *d, struct request *r, struct sd_ctl_msg *m, const int *fds,
		 int nfds);
void request_drop(struct daemon *d, struct request *r); /* forgets it, unanswered */

/* These are of the daemon itself; where memory for one is missing, the domain is killed: what it
 * holds for the client would stay open otherwise. */
/* ended: the domain has said already that it ended this client. */
void request_detach(struct daemon *d, uint32_t client, bool ended);
void request_ticket_drop(struct daemon *d, const uint64_t key[2]);
void request_shutdown(struct daemon *d); /* the domain gets SIGKILL when it takes too long */

/* The domain ended a client that is being detached. 0, or -EPROTO: there is none, or it said so
 * before. */
int request_ended(struct daemon *d, uint32_t client);
/* The domain's REPLY. 0, or -EPROTO: it answers nothing that was asked. */
int request_answered(struct daemon *d, const struct sd_ctl_msg *m);

void requests_expire(struct daemon *d);
uint64_t requests_next_deadline(const struct daemon *d);
void requests_domain_serves(struct daemon *d);
void requests_domain_ended(struct daemon *d);
/*
 * Last of all, when socket and lock are gone: whoever asked may start the next supervisor at once.
 */
void requests_supervisor_ends(struct daemon *d);
void requests_forget(struct daemon *d, const struct conn *c);

#endif

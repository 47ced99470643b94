/* SPDX-License-Identifier: MIT */
/*
 * ticket.h: handing an open file of a domain to another client of that domain, who may be a domain
 * itself.
 *
 * A ticket is a key of 16 random bytes. Who has an fd asks for one (the domain then keeps the file,
 * with no fd of anybody), gives the key to whom it likes, by whatever way, and any client of the
 * same domain that shows it gets an fd of its own for the same open file: what SCM_RIGHTS does with
 * the message as the ticket. The key is all the right there is: it doesn't matter whose the client
 * is, nor of which user.
 *
 * How long? Until it is redeemed (without SD_REDEEM_KEEP, see ring.h), or until the client that
 * made it is gone, or, if somebody holds it by a connection to the supervisor (sd/control.h,
 * TICKET), until that connection's last descriptor is closed, whatever becomes of the giver. So
 * SCM_RIGHTS sends such a connection: a message in flight keeps its files open, its sender may
 * exit, and what is never received is closed with the socket it waited in. No ticket outlives its
 * domain.
 *
 * How many? SD_TICKETS of one client that aren't redeemed, SD_TICKETS_ALL of all, of which no user
 * has more than half of what is left: more are ETOOMANYREFS, as for SCM_RIGHTS. A wrong key, or one
 * of another domain, or one used before: ENOENT.
 *
 * Client side, freestanding: as the generated stubs, on the queue pair's own thread. Kernel side:
 * runtime/kernel/serve_ticket.c.
 */
#ifndef SD_TICKET_H
#define SD_TICKET_H

#include <sd/rpc.h>

#define SD_TICKETS     1024u
#define SD_TICKETS_ALL 8192u

/* *ret: 0 or -errno. */
enum sd_status sd_ticket_make(struct sd_qp *qp, long *ret, u32 fd, u64 key[2]);
/* *ret: the new fd, never close-on-exec in the domain, or -errno. */
enum sd_status sd_ticket_redeem(struct sd_qp *qp, long *ret, const u64 key[2], u32 flags);
/*
 * Have the queue pair's domain redeem a ticket of the domain `name`, as a client of that one, with
 * no part of the program's. *ret: an fd here; writing it writes there. EOPNOTSUPP: it calls no
 * other domain; EREMOTEIO: the other domain can't be reached.
 */
enum sd_status sd_ticket_remote(struct sd_qp *qp, long *ret, const u64 key[2], const char *name);
/* Close an fd without a stub for it. */
enum sd_status sd_ticket_close(struct sd_qp *qp, long *ret, u32 fd);

/* Any call of the transport's own; and one that answers with 16 bytes which stand for fd. */
enum sd_status sd_own_call(struct sd_qp *qp, long *ret, u16 op, const u64 arg[6]);
enum sd_status sd_own_key(struct sd_qp *qp, long *ret, u16 op, u32 fd, u64 key[2]);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * ticket.h: hands an open file of a domain to another client of that domain, which may be a domain
 * itself.
 *
 * A ticket is a key of 16 random bytes. A client that has an fd asks for one; the domain then
 * keeps the file open, without an fd. The client may pass the key on by any means, and any client
 * of the same domain that shows it gets an fd of its own for the same open file, as with
 * SCM_RIGHTS. No other right is needed: it doesn't matter which user the client belongs to.
 *
 * How long? Until it is redeemed (without SD_REDEEM_KEEP, see ring.h), or until the client that
 * made it is gone. If a connection to the supervisor holds it (sd/control.h, TICKET), it lives
 * until that connection's last descriptor is closed, even if its maker is gone. So SCM_RIGHTS sends
 * such a connection: a message in flight keeps its files open, its sender may exit, and files that
 * are never received are closed with the socket that queued them. No ticket outlives its domain.
 *
 * How many? SD_TICKETS unredeemed ones of one client and SD_TICKETS_ALL altogether, of which no
 * user gets more than half of what is left; beyond that ETOOMANYREFS, as for SCM_RIGHTS. A wrong
 * key, a key of another domain, or one used before: ENOENT.
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

/* Any of the transport's own calls; and one that answers with a 16-byte key for fd. */
enum sd_status sd_own_call(struct sd_qp *qp, long *ret, u16 op, const u64 arg[6]);
enum sd_status sd_own_key(struct sd_qp *qp, long *ret, u16 op, u32 fd, u64 key[2]);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * transport.h: what carries a lane: loop (one process, one thread), shm (memfd rings), later xen.
 *
 * All of it runs on the lane's own thread.
 */
#ifndef SD_TRANSPORT_H
#define SD_TRANSPORT_H

#include <sd/port.h>

struct sd_lane;

struct sd_transport {
	const char *name;
	/*
	 * Something was published and the caller goes on to other things: make sure the domain will
	 * look. Not needed before wait().
	 */
	void (*kick)(struct sd_lane *l);
	/* The same where it is enough that the domain looks within a millisecond, if it happens to
	 * fall asleep just now; cheaper. */
	void (*hint)(struct sd_lane *l);
	/*
	 * Until *word (a seq in the lane's memory) is no longer `pending`; want is 0, or the
	 * completion count to be woken for. SD_OK, SD_DEAD, SD_PROTO, or SD_INTR (lane->intr was
	 * set, and is cleared).
	 */
	u32 (*wait)(struct sd_lane *l, const u32 *word, u32 pending, u32 want); /* enum sd_status */
	/* Some milliseconds in which others may go on; may be NULL. */
	void (*rest)(struct sd_lane *l);
};

extern const struct sd_transport sd_transport_loop;
extern const struct sd_transport sd_transport_shm;

#endif

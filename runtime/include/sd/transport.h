/* SPDX-License-Identifier: MIT */
/*
 * transport.h - CONTRACT: what carries calls between a client and a domain. A transport is a folder
 * of runtime/transport, a row in table.c there, and one struct with two sides:
 *
 *	client	the program's side of a queue pair (sd/qp.h): in the launcher, in tests, and in a
 *		domain that calls another. Called where the caller waits, or continues without
 *		waiting; publishing an entry is inline and calls nothing here.
 *	server	the domain's side of its clients: in the kernel side. Polling the queue pairs and
 *		answering is runtime/core's, the same for all transports.
 *
 * A program has the sides it was linked with, and finds them by name. A spec's "transport" names
 * the one that programs use to reach the domain; kdom passes the name to the image (--transport)
 * and, in the answer to ATTACH, to the launcher. A side that lacks it reports an error; there is no
 * fallback.
 *
 * Threads: the client side runs on the queue pair's own thread (but for poke), the server side on
 * the domain's vCPU. All structs are constant.
 */
#ifndef SD_TRANSPORT_H
#define SD_TRANSPORT_H

#include <sd/port.h>

struct sd_wake_page;
struct sd_event;
struct sd_qp;
struct sd_region_head;

/** struct sd_client_side - how a client waits for a domain, and makes it look at its entries */
struct sd_client_side {
	/**
	 * @map: maps the memory of a channel from the two descriptors in the supervisor's answer to
	 * ATTACH (sd/control.def), which stay the caller's. The region can then be read and
	 * written, the wake-up page read. After exec it may be called again with the same
	 * descriptors. 0 or -errno: then nothing is mapped. NULL: this side's clients get their
	 * memory otherwise.
	 */
	int (*map)(s32 region, s32 page, struct sd_region_head **head,
		   const struct sd_wake_page **wake_page);
	/** @unmap: unmaps what @map has mapped. NULL if @map is. */
	void (*unmap)(struct sd_region_head *head, const struct sd_wake_page *wake_page);
	/**
	 * @kick: an entry was published and the caller doesn't wait: makes sure that the domain
	 * will look. Not needed before @wait. May sleep until the domain can be woken.
	 */
	void (*kick)(struct sd_qp *l);
	/**
	 * @hint: the same, but if the domain is just falling asleep it may look up to a millisecond
	 * later. Cheaper, and never sleeps.
	 */
	void (*hint)(struct sd_qp *l);
	/**
	 * @wait: until *@word (a seq in the queue pair's memory) is no longer @pending. @want is 0,
	 * or the number of the completion to be woken for. Returns an enum sd_status: SD_OK,
	 * SD_DEAD, SD_PROTO, or SD_INTR (qp->intr was set, and is cleared; or a signal of the
	 * calling task).
	 */
	u32 (*wait)(struct sd_qp *l, const u32 *word, u32 pending, u32 want);
	/**
	 * @poke: called by any thread, after sd_qp_interrupt(): a sleeping wait on the queue pair
	 * ends now. NULL: other threads can't interrupt its waits.
	 */
	void (*poke)(struct sd_qp *l);
	/** @rest: sleeps some milliseconds, so that others can run. NULL: it doesn't. */
	void (*rest)(struct sd_qp *l);
	/**
	 * @alive: can the channel with this region and wake-up page still carry a call? The domain
	 * may still die right after.
	 */
	bool (*alive)(const struct sd_region_head *head, const struct sd_wake_page *wake_page);
};

/** struct sd_server_side - how clients attach to a domain, leave it, and are woken */
struct sd_server_side {
	/**
	 * @attach: makes a client from an ATTACH event. 0, or -errno: then it keeps no part of the
	 * event. May sleep.
	 */
	int (*attach)(const struct sd_event *ev);
	/**
	 * @detach: ends the client that a DETACH event names, closes its files and forgets its
	 * memory. 0 or -errno. May sleep.
	 */
	int (*detach)(const struct sd_event *ev);
	/**
	 * @wake: wakes the client that sleeps on @word, in its region. Doesn't sleep, and doesn't
	 * trust the word. NULL: clients of this transport never sleep.
	 */
	void (*wake)(u32 *word);
};

struct sd_transport {
	const char *name;		     /* that of its folder */
	const struct sd_client_side *client; /* these two: NULL if this program lacks the side */
	const struct sd_server_side *server;
};

/*
 * A side of the transport of that name; with NULL that of the first one that this program has.
 * NULL if it has none.
 */
const struct sd_client_side *sd_transport_client(const char *name);
const struct sd_server_side *sd_transport_server(const char *name);

#endif

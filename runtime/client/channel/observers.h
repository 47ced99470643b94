/* SPDX-License-Identifier: MIT */
/*
 * observers.h: lets the rooms above react to events on fds and channels that they use. The channel
 * room knows none of them by name: dispatch.c passes it a table of all observers.
 *
 * An observer's functions may be NULL. They are called by the thread that causes the event.
 */
#ifndef SD_CLIENT_OBSERVERS_H
#define SD_CLIENT_OBSERVERS_H

#include "channel/channel.h"

struct sd_observer {
	/* fd dfd of a domain is about to be closed there; -1: the fds of all domains, since
	 * the process ends or executes another program. */
	void (*before_close)(struct sd_thread *t, u32 dom, s32 dfd);
	/* This is a forked child with a copy of the parent's memory, and none of its threads. */
	void (*after_fork)(void);
	/* The eventfds were drained: notify again for waiters whose calls are done, except
	 * `but`. */
	void (*ring_again)(const void *but);
	/* Where the observer keeps this hidden fd; NULL: it isn't one of its own. */
	s32 *(*hidden_slot)(s32 fd);
};

/* Ends with NULL; constant from the first call on. Without it there are no observers. */
void sd_observers_init(const struct sd_observer *const *table);

void sd_observe_close(struct sd_thread *t, u32 dom, s32 dfd);
void sd_observe_fork(void);
void sd_observe_drained(const void *but);
s32 *sd_observe_hidden(s32 fd);

#endif

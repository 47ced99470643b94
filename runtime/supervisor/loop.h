/* SPDX-License-Identifier: GPL-2.0 */
/*
 * loop.h: the daemon's event loop, an epoll set. It hands out one event at a time, so that a
 * handler may free any source. A source is embedded in the object that owns the fd; the owner
 * watches it and takes it out again. Sources take turns fairly.
 */
#ifndef KDOM_LOOP_H
#define KDOM_LOOP_H

#include <stdint.h>

struct daemon;

struct source {
	int fd;
	void (*ready)(struct daemon *d, struct source *src, uint32_t events);
};

struct loop {
	int epoll;
};

int loop_open(struct loop *l); /* 0 or -errno */
/* Watches it for these EPOLL events instead of the previous ones. 0 or -errno. */
int loop_watch(struct loop *l, struct source *src, uint32_t events);
/* Stops watching it; it stays open. It is removed from the epoll set, since a member without events
 * would still report EPOLLHUP. */
void loop_pause(struct loop *l, struct source *src);
/*
 * Takes it out and closes it. close() alone isn't enough: a forked domain that hasn't called exec
 * yet shares the file, so events would continue.
 */
void loop_unwatch(struct loop *l, struct source *src);
/* The source whose turn it is, or NULL: nothing happened in timeout_ms (-1: wait for an event). */
struct source *loop_wait(struct loop *l, int timeout_ms, uint32_t *events);

#endif

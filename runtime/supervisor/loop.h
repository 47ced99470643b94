/* SPDX-License-Identifier: GPL-2.0 */
/*
 * loop.h: the daemon's event loop, an epoll set. It hands out one event at a time, so that a
 * handler may free any source. A source is part of what it is the fd of; whoever has it watches it
 * and takes it out again. All sources have the same number of turns.
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
/* Watches it for these EPOLL events, and no longer for those of before. 0 or -errno. */
int loop_watch(struct loop *l, struct source *src, uint32_t events);
/* No longer watches it; it stays open. A member of an epoll set without events would still report
 * EPOLLHUP. */
void loop_pause(struct loop *l, struct source *src);
/*
 * Takes it out and closes it. close() alone isn't enough: a domain that was forked and hasn't
 * called exec yet has the same file, and events would continue.
 */
void loop_unwatch(struct loop *l, struct source *src);
/* The source whose turn it is, or NULL: nothing happened in timeout_ms (-1: wait for an event). */
struct source *loop_wait(struct loop *l, int timeout_ms, uint32_t *events);

#endif

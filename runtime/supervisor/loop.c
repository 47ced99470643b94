// SPDX-License-Identifier: GPL-2.0
/* loop.c: the event loop, see loop.h. */
#include "loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

int loop_open(struct loop *l)
{
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	return l->epoll < 0 ? -errno : 0;
}

int loop_watch(struct loop *l, struct source *src, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = src};

	if (!epoll_ctl(l->epoll, EPOLL_CTL_MOD, src->fd, &ev))
		return 0;
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, src->fd, &ev) ? -errno : 0;
}

void loop_pause(struct loop *l, struct source *src)
{
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, src->fd, NULL);
}

void loop_unwatch(struct loop *l, struct source *src)
{
	if (src->fd < 0)
		return;
	loop_pause(l, src);
	close(src->fd);
	src->fd = -1;
}

struct source *loop_wait(struct loop *l, int timeout_ms, uint32_t *events)
{
	struct epoll_event ev;

	if (epoll_wait(l->epoll, &ev, 1, timeout_ms) != 1)
		return NULL;
	*events = ev.events;
	return ev.data.ptr;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What the domain prints: a pipe that never blocks its writer, read here at a bounded rate into the
 * log, which is bounded itself (log.c). A domain that prints more loses it on its own side, where
 * it is counted; neither the host's disk nor this loop's time is its to take. At its end all that
 * lies in the pipe is read, so that its last words arrive.
 */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BURST	 (256 << 10) /* bytes at once, then so many */
#define PER_TICK (16 << 10)
#define TICK_MS	 250
#define PIPE_MAX (1 << 20) /* more than any pipe of ours holds */

static int take(struct domain *dom, size_t room)
{
	char buf[4096];
	ssize_t n = read(dom->console.fd, buf, room < sizeof(buf) ? room : sizeof(buf));

	if (n > 0)
		log_text(buf, n);
	return n < 0 ? -errno : n;
}

/* Not in the set at all: an epoll member without events still says HUP. */
static void pause_reading(struct daemon *d)
{
	struct domain *dom = &d->dom;

	if (!dom->console_paused)
		note("the domain prints a lot: from now on %d KiB a second of it are kept",
		     PER_TICK / 256);
	dom->console_paused = true;
	epoll_ctl(d->epoll, EPOLL_CTL_DEL, dom->console.fd, NULL);
	dom->console_at = now_ms() + TICK_MS;
}

static void console_ready(struct daemon *d, struct source *src, uint32_t events)
{
	struct domain *dom = &d->dom;
	int n = take(dom, dom->console_room);

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		daemon_unwatch(d, src);
		return;
	}
	dom->console_room -= n;
	if (!dom->console_room)
		pause_reading(d);
}

void console_timer(struct daemon *d)
{
	struct domain *dom = &d->dom;

	if (!dom->console_at || dom->console_at > now_ms())
		return;
	dom->console_at = 0;
	dom->console_room = PER_TICK;
	if (dom->console.fd >= 0 && daemon_watch(d, &dom->console, EPOLLIN))
		daemon_unwatch(d, &dom->console);
}

int console_make(struct daemon *d)
{
	struct domain *dom = &d->dom;
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	dom->console.fd = ends[0];
	dom->console.ready = console_ready;
	dom->console_room = BURST;
	dom->console_at = 0;
	dom->console_paused = false;
	err = daemon_watch(d, &dom->console, EPOLLIN);
	if (!err)
		return ends[1];
	close(ends[1]);
	return err;
}

void console_end(struct daemon *d)
{
	struct domain *dom = &d->dom;
	int n = 1;

	for (size_t got = 0; dom->console.fd >= 0 && n > 0 && got < PIPE_MAX; got += n)
		n = take(dom, PIPE_MAX);
	daemon_unwatch(d, &dom->console);
	dom->console_at = 0;
}

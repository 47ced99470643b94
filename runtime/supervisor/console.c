// SPDX-License-Identifier: GPL-2.0
/*
 * console.c: the domain's console output. It comes through a pipe that never blocks its writer, and
 * is read at a bounded rate into the log, whose size is bounded as well (log.c). If a domain prints
 * more, the excess is dropped and counted on its side; it can fill neither the host's disk nor this
 * loop's time. After its end the rest of the pipe is read, so its last messages are logged.
 */
#include "console.h"
#include "log.h"
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BURST	 (256 << 10) /* bytes at once; afterwards PER_TICK */
#define PER_TICK (16 << 10)
#define TICK_MS	 250
#define PIPE_MAX (1 << 20) /* more than any pipe of ours holds */

/* Appends function and source line to a line that names a place in the image. */
static void console_name_place(struct console *c)
{
	char text[PATH_MAX + 512];
	size_t n;

	c->line[c->line_len] = 0;
	n = symbols_of(c->image_fd, c->line, text, sizeof(text));
	if (n)
		log_text(text, n);
}

/* Writes to the log at once; the beginning of a line is kept until it is complete. */
static void console_text(struct console *c, char *text, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\n') {
			if (c->line_len < sizeof(c->line) - 1)
				c->line[c->line_len++] = text[i];
			continue;
		}
		if (memmem(c->line, c->line_len, "_text", 5)) {
			if (i > from)
				log_text(text + from, i - from);
			console_name_place(c);
			from = i;
		}
		c->line_len = 0;
	}
	log_text(text + from, n - from);
}

static int console_read(struct console *c, size_t room)
{
	char buf[4096];
	ssize_t n = read(c->src.fd, buf, room < sizeof(buf) ? room : sizeof(buf));

	if (n > 0)
		console_text(c, buf, n);
	return n < 0 ? -errno : n;
}

static void console_pause(struct console *c)
{
	if (!c->paused)
		note_warn("the domain prints a lot: from now on %d KiB a second of it are kept",
			  PER_TICK / 256);
	c->paused = true;
	loop_pause(c->loop, &c->src);
	c->resume_at = now_ms() + TICK_MS;
}

static void console_ready(struct daemon *d, struct source *src, uint32_t events)
{
	struct console *c = (struct console *)src; /* src is its first member */
	int n = console_read(c, c->room);

	if (n == -EAGAIN || n == -EINTR)
		return;
	if (n <= 0) {
		loop_unwatch(c->loop, src);
		return;
	}
	c->room -= n;
	if (!c->room)
		console_pause(c);
}

void console_timer(struct console *c)
{
	if (!c->resume_at || c->resume_at > now_ms())
		return;
	c->resume_at = 0;
	c->room = PER_TICK;
	if (c->src.fd >= 0 && loop_watch(c->loop, &c->src, EPOLLIN))
		loop_unwatch(c->loop, &c->src);
}

int console_make(struct console *c, struct loop *l, int image_fd)
{
	int ends[2], err;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	*c = (struct console){.src = {.fd = ends[0], .ready = console_ready},
			      .loop = l,
			      .room = BURST,
			      .image_fd = image_fd};
	symbols_new_run();
	err = loop_watch(l, &c->src, EPOLLIN);
	if (!err)
		return ends[1];
	close(ends[1]);
	return err;
}

void console_end(struct console *c)
{
	int n = 1;

	for (size_t got = 0; c->src.fd >= 0 && n > 0 && got < PIPE_MAX; got += n)
		n = console_read(c, PIPE_MAX);
	loop_unwatch(c->loop, &c->src);
	c->resume_at = 0;
}

// SPDX-License-Identifier: GPL-2.0
/* trace.c: receives the records of traced programs. See trace.h. */
#include "trace.h"
#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TRACE_TURN 256 /* records of one connection before the next one's */

static int tracer_add(struct tracer *tr, int fd)
{
	if (tr->n == tr->room) {
		int room = tr->room ? 2 * tr->room : 16;
		struct pollfd *more = realloc(tr->fds, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		tr->fds = more;
		tr->room = room;
	}
	tr->fds[tr->n++] = (struct pollfd){.fd = fd, .events = POLLIN};
	return 0;
}

static int tracer_listen(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) || listen(fd, 128)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int tracer_open(struct tracer *tr, const char *dir, FILE *out)
{
	int fd, err;

	*tr = (struct tracer){.out = out};
	if (snprintf(tr->path, sizeof(tr->path), "%s/trace.%d", dir, (int)getpid()) >=
	    (int)sizeof(tr->path))
		return -ENAMETOOLONG;
	unlink(tr->path); /* left by a killed process with our pid */
	fd = tracer_listen(tr->path);
	err = fd < 0 ? fd : tracer_add(tr, fd);
	if (err) {
		say("trace: %s: %s; KDOM_DIR names another directory", tr->path, strerror(-err));
		if (fd >= 0)
			close(fd);
	}
	return err;
}

static void tracer_accept(struct tracer *tr)
{
	int fd = accept4(tr->fds[0].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && tracer_add(tr, fd))
		close(fd);
}

/* False: the connection has ended, or has sent an invalid record. */
static bool tracer_read(struct tracer *tr, int fd)
{
	struct sd_trace r;

	for (int i = 0; i < TRACE_TURN; i++) {
		ssize_t n = recv(fd, &r, sizeof(r), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n != sizeof(r) || r.magic != SD_TRACE_MAGIC)
			return false;
		trace_print(tr->out, &r);
	}
	return true;
}

/* Reads once from each readable connection. False: there was none. */
static bool tracer_turn(struct tracer *tr)
{
	bool any = false;
	int kept = 1, n = tr->n;

	for (int i = 1; i < n; i++) {
		struct pollfd *p = &tr->fds[i];

		any |= p->revents != 0;
		if (p->revents && !tracer_read(tr, p->fd))
			close(p->fd);
		else
			tr->fds[kept++] = *p;
	}
	tr->n = kept;
	if (tr->fds[0].revents) {
		tracer_accept(tr);
		any = true;
	}
	return any;
}

/* Reads what was sent before the end, until nothing is left. */
static void tracer_drain(struct tracer *tr)
{
	do {
		if (poll(tr->fds, tr->n, 0) <= 0)
			return;
	} while (tracer_turn(tr));
}

int tracer_run(struct tracer *tr, int end)
{
	struct pollfd *fds = NULL;

	for (;;) {
		int ready, err = tracer_add(tr, end);

		if (err)
			return err;
		ready = poll(tr->fds, tr->n, -1);
		fds = &tr->fds[--tr->n];
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (ready > 0 && fds->revents)
			break;
		if (ready > 0)
			tracer_turn(tr);
		if (fflush(tr->out))
			return -errno;
	}
	tracer_drain(tr);
	return fflush(tr->out) ? -errno : 0;
}

void tracer_close(struct tracer *tr)
{
	for (int i = 0; i < tr->n; i++)
		close(tr->fds[i].fd);
	free(tr->fds);
	unlink(tr->path);
	tr->n = 0;
	tr->fds = NULL;
}

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

/* Of a tracer that was killed. Nothing but a socket is removed. */
static void tracer_sweep(const char *path)
{
	struct stat st;

	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
}

int tracer_open(struct tracer *tr)
{
	mode_t mask = umask(tr->running ? 0111 : 0177);
	int fd, on = 1, err;

	tracer_sweep(tr->path);
	fd = tracer_listen(tr->path);
	umask(mask);
	err = fd < 0 ? fd : tracer_add(tr, fd);
	/* Connections inherit it, and so have it before the first record. */
	if (!err && tr->running && setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		err = -errno;
	if (err) {
		say("trace: %s: %s; KDOM_DIR names another directory", tr->path, strerror(-err));
		if (fd >= 0)
			close(fd);
	}
	return err;
}

/* Whoever reaches the path can connect. Root prints everybody's calls, others print their own
 * programs': another user's could make lines up. */
static bool tracer_wants(const struct tracer *tr, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (!tr->running || !geteuid())
		return true;
	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) && cred.uid == geteuid();
}

static void tracer_accept(struct tracer *tr)
{
	int fd = accept4(tr->fds[0].fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0 && (!tracer_wants(tr, fd) || tracer_add(tr, fd)))
		close(fd);
}

/* One packet, and of running programs its sender as the kernel says it. What recv() returns. */
static ssize_t tracer_receive(const struct tracer *tr, int fd, struct sd_trace *r, pid_t *pid)
{
	union {
		char buf[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} room;
	struct iovec iov = {r, sizeof(*r)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;
	struct ucred cred;
	ssize_t n;

	*pid = 0;
	if (tr->running) {
		msg.msg_control = room.buf;
		msg.msg_controllen = sizeof(room.buf);
	}
	n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	if (n < 0 || !tr->running)
		return n;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
		*pid = cred.pid;
	}
	return n;
}

/* False: the connection has ended, or sends what isn't a record. */
static bool tracer_read(struct tracer *tr, int fd)
{
	struct sd_trace r;
	pid_t pid;

	for (int i = 0; i < TRACE_TURN; i++) {
		ssize_t n = tracer_receive(tr, fd, &r, &pid);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n != sizeof(r) || r.magic != SD_TRACE_MAGIC)
			return false;
		if (!tr->only || pid == tr->only)
			trace_print(tr->out, &r, pid);
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

/* What was sent before the end: until a look finds nothing, but running programs may never end. */
static void tracer_drain(struct tracer *tr)
{
	do {
		if (poll(tr->fds, tr->n, 0) <= 0)
			return;
	} while (tracer_turn(tr) && !tr->running);
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

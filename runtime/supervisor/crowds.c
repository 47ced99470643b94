// SPDX-License-Identifier: GPL-2.0
/*
 * Connections come, are read and go, fair by who made them: those of one uid are a crowd. Each crowd has an epoll set of its own in the
 * daemon's, so one message of one of its connections is a turn, however many it has. What may block (threads.c) is done by a thread,
 * and of one crowd no more at a time than CROWD_THREADS: the rest of it waits, nobody else.
 *
 *	watched, once -> [by a thread: receive] -> conn_came() -> [by a thread: close what isn't wanted] -> watched
 *	conn_close() -> [by a thread: close] -> freed
 *
 * A message without fds is received by the loop itself if nobody else reads that socket.
 */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CROWD_THREADS 4 /* of a stranger's; honest programs need none for longer than a moment */
#define OWN_THREADS \
	64 /* of root's and the owner's, whose lifelines may be in the hands of others */

struct crowd *crowd_of(const struct daemon *d, uid_t uid)
{
	struct crowd *w = d->crowds;

	while (w && w->uid != uid)
		w = w->next;
	return w;
}

static void do_job(struct daemon *d, struct crowd *w, struct job *j)
{
	bool stranger = rule_stranger(w->uid);

	if (w->busy >= (stranger ? CROWD_THREADS : OWN_THREADS)) {
		jobs_put(&w->waiting, j);
		return;
	}
	w->busy++;
	thread_do(d, j, stranger);
}

static void job_done(struct daemon *d, struct crowd *w)
{
	struct job *next = jobs_take(&w->waiting);

	w->busy--;
	if (next)
		do_job(d, w, next);
}

/* A turn of the crowd. */
static void crowd_ready(struct daemon *d, struct source *src, uint32_t events)
{
	struct epoll_event ev;

	if (epoll_wait(src->fd, &ev, 1, 0) == 1)
		conn_ready(d, ev.data.ptr);
}

static struct crowd *crowd_join(struct daemon *d, uid_t uid)
{
	struct crowd *w = crowd_of(d, uid);

	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return NULL;
		w->uid = uid;
		w->src.ready = crowd_ready;
		w->src.fd = -1;
		w->next = d->crowds;
		d->crowds = w;
	}
	w->conns++;
	return w;
}

static void crowd_leave(struct daemon *d, struct crowd *w)
{
	struct crowd **p = &d->crowds;

	if (--w->conns)
		return;
	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	daemon_unwatch(d, &w->src);
	free(w);
}

static int crowd_open(struct daemon *d, struct crowd *w)
{
	int err;

	if (w->src.fd >= 0)
		return 0;
	w->src.fd = epoll_create1(EPOLL_CLOEXEC);
	err = w->src.fd < 0 ? -errno : daemon_watch(d, &w->src, EPOLLIN);
	if (err)
		fds_close(&w->src.fd, 1);
	return err;
}

/* For its next message. */
static int watch(struct conn *c, int op)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = c};

	return epoll_ctl(c->crowd->src.fd, op, c->fd, &ev) ? -errno : 0;
}

void listener_watch(struct daemon *d, bool on)
{
	if (on)
		daemon_watch(d, &d->listener, EPOLLIN);
	else
		epoll_ctl(d->epoll, EPOLL_CTL_DEL, d->listener.fd, NULL);
}

static struct conn *conn_of(struct job *j)
{
	return (struct conn *)((char *)j - offsetof(struct conn, job));
}

static void close_both(struct job *j)
{
	struct conn *c = conn_of(j);

	fds_close(&c->in.fd, 1);
	fds_close(&c->fd, 1);
}

static void gone(struct daemon *d, struct job *j)
{
	struct conn *c = conn_of(j);

	job_done(d, c->crowd);
	crowd_leave(d, c->crowd);
	free(c);
	if (d->spare_fd < 0) {
		d->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		listener_watch(d, true);
	}
}

void conn_end(struct daemon *d, struct conn *c)
{
	shutdown(c->fd, SHUT_RDWR); /* seen at once */
	if (c->crowd->src.fd >= 0)
		epoll_ctl(c->crowd->src.fd, EPOLL_CTL_DEL, c->fd, NULL);
	c->job.work = close_both;
	c->job.done = gone;
	do_job(d, c->crowd, &c->job);
}

static void receive(struct job *j)
{
	struct conn *c = conn_of(j);

	ctl_recv_conn(c->fd, &c->in);
}

static void received(struct daemon *d, struct job *j)
{
	struct conn *c = conn_of(j);

	job_done(d, c->crowd);
	conn_came(d, c);
}

void conn_ready(struct daemon *d, struct conn *c)
{
	if (!c->passed && ctl_plain(c->fd)) {
		ctl_recv_conn(c->fd, &c->in);
		conn_came(d, c);
		return;
	}
	c->job.work = receive;
	c->job.done = received;
	do_job(d, c->crowd, &c->job);
}

static void close_unwanted(struct job *j)
{
	fds_close(&conn_of(j)->in.fd, 1);
}

static void closed_unwanted(struct daemon *d, struct job *j)
{
	struct conn *c = conn_of(j);

	job_done(d, c->crowd);
	conn_next(d, c);
}

void conn_next(struct daemon *d, struct conn *c)
{
	if (c->in.fd < 0) {
		if (watch(c, EPOLL_CTL_MOD))
			conn_close(d, c);
		return;
	}
	c->job.work = close_unwanted;
	c->job.done = closed_unwanted;
	do_job(d, c->crowd, &c->job);
}

struct conn *conn_make(struct daemon *d, int fd, const struct ucred *cred)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fd = fd;
	c->in.fd = -1;
	c->cred = c->real = *cred;
	c->crowd = crowd_join(d, cred->uid);
	if (c->crowd)
		return c;
	free(c);
	return NULL;
}

int conn_start(struct daemon *d, struct conn *c)
{
	int on = 1, err = crowd_open(d, c->crowd);

	if (!err && setsockopt(c->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		err = -errno;
	return err ? err : watch(c, EPOLL_CTL_ADD);
}

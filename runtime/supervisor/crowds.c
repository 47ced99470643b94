// SPDX-License-Identifier: GPL-2.0
/*
 * crowds.c: reads and closes connections, fairly by the uid that made them: those of one uid are a
 * crowd. Each crowd has its own epoll set within the daemon's, so a turn is one message of one of
 * its connections, however many it has. What may block (threads.c) is done by threads, at most
 * CROWD_THREADS at a time for one crowd: only that crowd has to wait.
 *
 *      watched, once -> [by a thread: receive] -> came() -> [by a thread: close what isn't wanted]
 *          -> watched
 *      crowd_end() -> [by a thread: close] -> freed
 *
 * A message without fds is received by the loop itself if nobody else reads that socket.
 */
#include "crowds.h"
#include "log.h"
#include "supervisor.h"
#include "threads.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CROWD_THREADS 4	 /* for a stranger's crowd; well-behaved programs need one only briefly */
#define OWN_THREADS   64 /* for root's and the owner's, whose lifelines others may hold */

struct crowd *crowd_of(const struct daemon *d, uid_t uid)
{
	struct crowd *w = d->crowds;

	while (w && w->uid != uid)
		w = w->next;
	return w;
}

static void crowd_do(struct daemon *d, struct crowd *w, struct job *j)
{
	bool stranger = conn_stranger(w->uid);

	if (w->busy >= (stranger ? CROWD_THREADS : OWN_THREADS)) {
		jobs_put(&w->waiting, j);
		return;
	}
	w->busy++;
	threads_do(j, stranger);
}

static void crowd_job_done(struct daemon *d, struct crowd *w)
{
	struct job *next = jobs_take(&w->waiting);

	w->busy--;
	if (next)
		crowd_do(d, w, next);
}

static void conn_ready(struct daemon *d, struct conn *c);

/* One turn of the crowd. */
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
	loop_unwatch(&d->loop, &w->src);
	free(w);
}

static int crowd_open(struct daemon *d, struct crowd *w)
{
	int err;

	if (w->src.fd >= 0)
		return 0;
	w->src.fd = epoll_create1(EPOLL_CLOEXEC);
	err = w->src.fd < 0 ? -errno : loop_watch(&d->loop, &w->src, EPOLLIN);
	if (err)
		fds_close(&w->src.fd, 1);
	return err;
}

/* Waits for its next message. */
static int conn_watch(struct conn *c, int op)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = c};

	return epoll_ctl(c->crowd->src.fd, op, c->fd, &ev) ? -errno : 0;
}

static struct conn *conn_of(struct job *j)
{
	return (struct conn *)((char *)j - offsetof(struct conn, job));
}

static void conn_close_both(struct job *j)
{
	struct conn *c = conn_of(j);

	fds_close(&c->in.fd, 1);
	fds_close(&c->fd, 1);
}

static void conn_closed(struct daemon *d, struct job *j)
{
	struct conn *c = conn_of(j);

	crowd_job_done(d, c->crowd);
	crowd_leave(d, c->crowd);
	free(c);
	if (d->spare_fd < 0) {
		d->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		loop_watch(&d->loop, &d->listener, EPOLLIN);
	}
}

void crowd_end(struct daemon *d, struct conn *c)
{
	shutdown(c->fd, SHUT_RDWR); /* the peer sees it at once */
	if (c->crowd->src.fd >= 0)
		epoll_ctl(c->crowd->src.fd, EPOLL_CTL_DEL, c->fd, NULL);
	c->job.work = conn_close_both;
	c->job.done = conn_closed;
	crowd_do(d, c->crowd, &c->job);
}

static void conn_receive(struct job *j)
{
	struct conn *c = conn_of(j);

	ctl_recv_conn(c->fd, &c->in);
}

static void conn_received(struct daemon *d, struct job *j)
{
	struct conn *c = conn_of(j);

	crowd_job_done(d, c->crowd);
	c->came(d, c);
}

static void conn_ready(struct daemon *d, struct conn *c)
{
	if (!c->passed && ctl_plain(c->fd)) {
		ctl_recv_conn(c->fd, &c->in);
		c->came(d, c);
		return;
	}
	c->job.work = conn_receive;
	c->job.done = conn_received;
	crowd_do(d, c->crowd, &c->job);
}

static void conn_close_unwanted(struct job *j)
{
	fds_close(&conn_of(j)->in.fd, 1);
}

static void conn_closed_unwanted(struct daemon *d, struct job *j)
{
	struct conn *c = conn_of(j);

	crowd_job_done(d, c->crowd);
	crowd_next(d, c);
}

void crowd_next(struct daemon *d, struct conn *c)
{
	if (c->in.fd < 0) {
		if (conn_watch(c, EPOLL_CTL_MOD)) {
			c->in.err = -EPIPE; /* it can't be watched any more */
			c->came(d, c);
		}
		return;
	}
	c->job.work = conn_close_unwanted;
	c->job.done = conn_closed_unwanted;
	crowd_do(d, c->crowd, &c->job);
}

struct conn *crowd_add(struct daemon *d, int fd, const struct ucred *cred,
		       void (*came)(struct daemon *d, struct conn *c))
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fd = fd;
	c->came = came;
	c->in.fd = -1;
	c->cred = c->real = *cred;
	c->crowd = crowd_join(d, cred->uid);
	if (c->crowd)
		return c;
	free(c);
	return NULL;
}

int crowd_watch(struct daemon *d, struct conn *c)
{
	int on = 1, err = crowd_open(d, c->crowd);

	if (!err && setsockopt(c->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		err = -errno;
	return err ? err : conn_watch(c, EPOLL_CTL_ADD);
}

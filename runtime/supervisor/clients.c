// SPDX-License-Identifier: GPL-2.0
/* clients.c: connections of programs that attach and of commands. An attached connection is a
 * lifeline. */
#include "clients.h"
#include "admin.h"
#include "attach.h"
#include "crowds.h"
#include "log.h"
#include "reply.h"
#include "requests.h"
#include "rules.h"
#include "shares.h"
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PENDING_MAX 8 /* requests per connection: our programs never have more */

static void client_close(struct daemon *d, struct conn *c)
{
	requests_forget(d, c);
	if (conn_lives(d, c))
		request_detach(d, c->client, c->ended);
	if (c->state == CONN_TICKET && c->generation == d->dom.generation && d->dom.pid)
		request_ticket_drop(d, c->key);
	if (c == d->tracer)
		admin_trace_end(d);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	crowd_end(d, c);
}

static int client_is_alien(const struct conn *c, const struct sd_ctl_msg *m)
{
	note_warn("pid %d: its launcher was built for another ABI (hash %08x, kdom's %08x); run "
		  "`make all`",
		  c->real.pid, m->abi, SD_ABI);
	return -EPROTONOSUPPORT;
}

static int client_dispatch(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m)
{
	switch (m->type) {
	case SD_CTL_ATTACH:
		return ctl_alien(m) ? client_is_alien(c, m) : attach_asked(d, c, m);
	case SD_CTL_TICKET:
		return attach_ticket_asked(d, c, m);
	case SD_CTL_SHARE:
		return share_asked(d, c, m);
	case SD_CTL_STATUS:
		return admin_status(d, c, m);
	case SD_CTL_HELLO:
	case SD_CTL_UP:
		return admin_hello_or_up(d, c, m);
	case SD_CTL_TRACE:
		return admin_trace(d, c, m);
	default: /* rule_verdict() has rejected all others */
		return admin_kill_or_down(d, c, m);
	}
}

static int client_message(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m)
{
	int err = rule_verdict(d, c, m);

	if (err == -EPROTO)
		return err;
	if (!err)
		err = client_dispatch(d, c, m);
	if (err) {
		conn_becomes(c, c->state);
		reply_result(c, err, m->type, m->seq);
	}
	return 0;
}

/* Adds the connection to the list. 0, or -errno: it is closed already. */
static int client_open(struct daemon *d, struct conn *c)
{
	int err = crowd_watch(d, c);

	if (err) {
		crowd_end(d, c);
		return err;
	}
	c->next = d->conns;
	c->link = &d->conns;
	if (c->next)
		c->next->link = &c->next;
	d->conns = c;
	return 0;
}

/* May m be requested over this lifeline on behalf of a passed fd? 0; -EPROTO: our clients never do
 * that; other -errno: the answer. */
static int passed_verdict(const struct daemon *d, const struct conn *parent,
			  const struct sd_ctl_msg *m)
{
	if (parent->state != CONN_ATTACHED ||
	    (m->type == SD_CTL_ATTACH && m->u.attach.parent != parent->client))
		return -EPROTO;
	if (m->type == SD_CTL_ATTACH && (parent->domain || m->u.attach.calls[0]))
		return -EPERM;
	/* Its client number may belong to another client by now. */
	if (!conn_lives(d, parent))
		return -EREMOTEIO;
	if (!rule_room(d, parent->real.uid, m->type == SD_CTL_TICKET))
		return m->type == SD_CTL_TICKET ? -ETOOMANYREFS : -EAGAIN;
	return 0;
}

static void client_came(struct daemon *d, struct conn *c);

/*
 * An attached program asks for a channel for its child, or for a ticket, and passes an fd that
 * becomes a connection: the program may no longer have access to our socket. The connection belongs
 * to the current sender, serves this one request, and has no right that the lifeline doesn't have.
 * Takes parent->in.fd over if it becomes a connection.
 */
static int client_passed(struct daemon *d, struct conn *parent)
{
	const struct sd_ctl_msg *m = &parent->in.m;
	int fd = parent->in.fd, err = passed_verdict(d, parent, m);
	struct conn *c = err ? NULL : crowd_add(d, fd, &parent->real, client_came);
	struct sd_ctl_msg no;

	if (!err && !c)
		err = -ENOMEM;
	if (err) {
		ctl_init(&no, SD_CTL_REPLY, m->seq);
		no.of = m->type;
		no.result = err;
		if (err != -EPROTO && ctl_send(fd, &no, NULL, 0))
			note_warn("pid %d: its child's connection doesn't accept an answer",
				  parent->real.pid);
		return err == -EPROTO ? err : 0;
	}
	parent->in.fd = -1;
	c->passed = true;
	if (client_open(d, c))
		return 0;
	return client_message(d, c, m);
}

static void client_came(struct daemon *d, struct conn *c)
{
	int err = c->in.err;

	if (!err && c->pending >= PENDING_MAX)
		err = -EPROTO;
	if (!err)
		c->real = c->in.real;
	if (!err)
		err = c->in.fd >= 0 ? client_passed(d, c) : client_message(d, c, &c->in.m);
	if (!err || err == -EAGAIN) {
		crowd_next(d, c);
		return;
	}
	if (err != -EPIPE)
		note_warn("connection of pid %d: %s; closed", c->real.pid, strerror(-err));
	client_close(d, c);
}

/* A connection was accepted; turn_away: it must be closed for lack of fds. */
static void client_welcome(struct daemon *d, int fd, bool turn_away)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	struct conn *c = NULL;
	bool room = false;

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		room = rule_room(d, cred.uid, false);
		c = crowd_add(d, fd, &cred, client_came);
	}
	if (!c) { /* no memory for the job that would close it */
		close(fd);
	} else if (turn_away) {
		crowd_end(d, c);
	} else if (!room) {
		note_warn("uid %u has too many connections; one was turned away", cred.uid);
		crowd_end(d, c);
	} else {
		note_debug("connection of pid %d, uid %u", cred.pid, cred.uid);
		client_open(d, c);
	}
}

void clients_accept(struct daemon *d, struct source *src, uint32_t events)
{
	int fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		client_welcome(d, fd, false);
		return;
	}
	if (errno != EMFILE && errno != ENFILE)
		return;
	/* Turn the caller away: left in the queue it would wake us again and again. */
	if (d->spare_fd < 0) {
		loop_pause(&d->loop, &d->listener); /* until the previous one is closed */
		return;
	}
	fds_close(&d->spare_fd, 1);
	fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC);
	note_warn("out of file descriptors (RLIMIT_NOFILE); a connection was turned away");
	if (fd >= 0)
		client_welcome(d, fd, true);
	else
		d->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

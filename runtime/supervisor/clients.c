// SPDX-License-Identifier: GPL-2.0
/* Connections: programs that attach, and commands that ask. An attached connection is a lifeline.
 */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sd/contract.h>
#include <sd/ring.h>

#define ATTACH_MS   10000
#define STATUS_MS   1000
#define UP_MS	    35000
#define KILL_MS	    5000
#define PENDING_MAX 8 /* per connection: more is nothing any program of ours does */

bool conn_lives(const struct daemon *d, const struct conn *c)
{
	return c->state == CONN_ATTACHED && c->generation == d->dom.generation && d->dom.pid;
}

void conn_becomes(struct conn *c, enum conn_state state)
{
	int on = 1;

	c->state = state == CONN_FRESH && c->passed ? CONN_SPENT : state;
	if (state == CONN_ATTACHED) /* a lifeline's only: listen_on() */
		setsockopt(c->fd, SOL_SOCKET, SO_PASSRIGHTS, &on, sizeof(on));
}

struct conn *conn_by_client(struct daemon *d, uint32_t client)
{
	for (struct conn *c = d->conns; c; c = c->next)
		if (conn_lives(d, c) && c->client == client)
			return c;
	return NULL;
}

void conn_close(struct daemon *d, struct conn *c)
{
	requests_forget(d, c);
	if (conn_lives(d, c))
		request_detach(d, c->client, c->ended);
	if (c->state == CONN_TICKET && c->generation == d->dom.generation && d->dom.pid)
		request_ticket_drop(d, c->key);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	conn_end(d, c);
}

/* Never ends the conn: one that can't take its answer is shut down, and closed when epoll says so.
 */
void conn_reply(struct daemon *d, struct conn *c, struct sd_ctl_msg *m, int result, uint16_t of,
		uint32_t seq, const int *fds, int nfds)
{
	m->type = SD_CTL_REPLY;
	m->of = of;
	m->seq = seq;
	m->result = result;
	if (ctl_send(c->fd, m, fds, nfds) || c->state == CONN_SPENT)
		shutdown(c->fd, SHUT_RDWR);
}

static void refuse(struct daemon *d, struct conn *c, const struct sd_ctl_msg *asked, int result)
{
	struct sd_ctl_msg m;

	ctl_init(&m, SD_CTL_REPLY, asked->seq);
	conn_reply(d, c, &m, result, asked->type, asked->seq, NULL, 0);
}

int memory_make(const char *name, uint64_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, size) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The supplementary groups of who connected lie where the domain looks for them. How many, or
 * -errno. */
static int groups_into(int region, int sock)
{
	gid_t few[32], *list = few;
	socklen_t len = sizeof(few);
	int err = getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, list, &len);

	if (err && errno == ERANGE) {
		list = malloc(len);
		if (!list)
			return -ENOMEM;
		err = getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, list, &len);
	}
	err = err ? -errno : 0;
	if (!err &&
	    pwrite(region, list, len, SD_HEAD_SIZE + SD_ARENA_OFF + sizeof(struct sd_ctl_rights)) !=
		    (ssize_t)len)
		err = -ENOMEM;
	if (list != few)
		free(list);
	return err ? err : (int)(len / sizeof(gid_t));
}

static int may_attach(const struct daemon *d, const struct conn *c, uint32_t parent)
{
	if (!d->dom.pid || d->dom.stopping)
		return -EREMOTEIO;
	if (!c->passed) {
		/* Only over its own lifeline: a child has all that its parent has become, not just
		 * what its user may. */
		if (parent)
			return -ESRCH;
		if (!rule_same_person(c))
			return -EACCES;
	}
	return rule_owed(d, c);
}

static void attach_describe(const struct daemon *d, struct conn *c, const struct request *r,
			    const struct sd_ctl_msg *asked, struct sd_ctl_msg *m)
{
	ctl_init(m, SD_CTL_ATTACH, 0);
	m->u.attach.client = r->client;
	m->u.attach.pid = c->cred.pid;
	m->u.attach.uid = c->cred.uid;
	m->u.attach.gid = c->cred.gid;
	m->u.attach.ruid = c->real.uid;
	m->u.attach.rgid = c->real.gid;
	m->u.attach.generation = d->dom.generation;
	m->u.attach.region_size = SD_REGION_SIZE;
	memcpy(m->u.attach.name, d->cfg.name, SD_NAME_MAX);
	if (c->passed)
		m->u.attach.parent = asked->u.attach.parent;
	else
		memcpy(m->u.attach.calls, asked->u.attach.calls, SD_CALLS_MAX);
	c->domain = m->u.attach.calls[0];
}

static int attach(struct daemon *d, struct conn *c, const struct sd_ctl_msg *asked)
{
	int fds[2], ngroups, err = may_attach(d, c, asked->u.attach.parent);
	struct sd_ctl_msg m;
	struct request *r;

	if (err)
		return err;
	r = request_add(d, c, SD_CTL_ATTACH, asked->seq, ATTACH_MS);
	if (!r)
		return -ENOMEM;
	r->region = memory_make("sd-region", SD_REGION_SIZE);
	r->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fds[0] = r->region < 0 ? -1 : fcntl(r->region, F_DUPFD_CLOEXEC, 0);
	fds[1] = r->bell < 0 ? -1 : fcntl(r->bell, F_DUPFD_CLOEXEC, 0);
	/* A child has its parent's, whatever that has become since it connected. */
	ngroups = c->passed || r->region < 0 ? 0 : groups_into(r->region, c->fd);
	if (!c->passed && r->region >= 0 && rights_into(r->region, c))
		ngroups = -ENOMEM;
	r->client = d->dom.next_client++;
	cgroup_clients(d);
	attach_describe(d, c, r, asked, &m);
	m.u.attach.ngroups = ngroups;
	if (fds[0] < 0 || fds[1] < 0 || ngroups < 0) {
		fds_close(fds, 2);
		request_drop(d, r);
		return ngroups < 0 ? ngroups : -EMFILE;
	}
	c->state = CONN_ATTACHING;
	if (request_send(d, r, &m, fds, 2)) {
		c->state = CONN_FRESH;
		request_drop(d, r);
		return -ENOMEM;
	}
	return 0;
}

/* From now on this connection is a ticket: whoever has its other end. */
static int ticket(struct daemon *d, struct conn *c, const struct sd_ctl_msg *asked)
{
	struct sd_ctl_msg m;
	struct request *r;

	int err;

	if (!d->dom.pid || d->dom.stopping)
		return -EREMOTEIO;
	err = rule_owed(d, c);
	if (err)
		return err;
	r = request_add(d, c, SD_CTL_TICKET, asked->seq, ATTACH_MS);
	if (!r)
		return -ENOMEM;
	memcpy(r->key, asked->u.ticket.key, sizeof(r->key));
	ctl_init(&m, SD_CTL_TICKET, 0);
	memcpy(m.u.ticket.key, r->key, sizeof(r->key));
	m.u.ticket.hold = 1;
	c->state = CONN_TICKETING;
	if (!request_send(d, r, &m, NULL, 0))
		return 0;
	c->state = CONN_FRESH;
	request_drop(d, r);
	return -ENOMEM;
}

/* 0: it waits; else -errno for the asker. */
static int wait_for(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m, unsigned ms)
{
	return request_add(d, c, m->type, m->seq, ms) ? 0 : -ENOMEM;
}

static int ask_stats(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m)
{
	struct request *r;
	int err = !d->dom.pid ? 0 : !d->dom.ready ? -EINPROGRESS : rule_owed(d, c);

	if (err || !d->dom.pid) {
		request_status_reply(d, c, m->seq, err, NULL);
		return 0;
	}
	r = request_add(d, c, SD_CTL_STATUS, m->seq, STATUS_MS);
	return r ? request_send(d, r, NULL, NULL, 0) : -ENOMEM;
}

static int hello(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m)
{
	int err;

	if (!d->dom.pid && m->type == SD_CTL_HELLO)
		return -EREMOTEIO;
	if (d->dom.pid && m->type == SD_CTL_UP)
		return -EALREADY;
	if (!d->dom.pid) {
		d->backoff_ms = 0;
		err = domain_start(d);
		if (err)
			return err;
	}
	err = wait_for(d, c, m, UP_MS);
	if (!err && d->dom.ready)
		requests_domain_ready(d);
	return err;
}

static int kill_or_down(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m)
{
	int err = wait_for(d, c, m, m->type == SD_CTL_KILL ? KILL_MS : 0);

	if (err)
		return err;
	d->restart_at = 0;
	if (m->type == SD_CTL_DOWN) {
		d->down = true;
		domain_stop(d);
	} else {
		d->killed = d->dom.pid != 0;
		domain_kill(d);
	}
	if (!d->dom.pid)
		requests_domain_gone(d);
	return 0;
}

static int alien_client(const struct conn *c, const struct sd_ctl_msg *m)
{
	note("pid %d: its launcher was built from another kslice (contract %08x, kdom's %08x); run "
	     "`make all`",
	     c->real.pid, m->contract, SD_CONTRACT);
	return -EPROTONOSUPPORT;
}

static int carry_out(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m)
{
	switch (m->type) {
	case SD_CTL_ATTACH:
		return ctl_alien(m) ? alien_client(c, m) : attach(d, c, m);
	case SD_CTL_TICKET:
		return ticket(d, c, m);
	case SD_CTL_SHARE:
		return share_asked(d, c, m);
	case SD_CTL_STATUS:
		return ask_stats(d, c, m);
	case SD_CTL_HELLO:
	case SD_CTL_UP:
		return hello(d, c, m);
	default: /* rule_verdict() lets no other pass */
		return kill_or_down(d, c, m);
	}
}

static int conn_message(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m)
{
	int err = rule_verdict(d, c, m);

	if (err == -EPROTO)
		return err;
	if (!err)
		err = carry_out(d, c, m);
	if (err) {
		conn_becomes(c, c->state);
		refuse(d, c, m, err);
	}
	return 0;
}

/* It is there from now on. 0, or -errno: it is gone already. */
static int conn_open(struct daemon *d, struct conn *c)
{
	int err = conn_start(d, c);

	if (err) {
		conn_end(d, c);
		return err;
	}
	c->next = d->conns;
	c->link = &d->conns;
	if (c->next)
		c->next->link = &c->next;
	d->conns = c;
	return 0;
}

/* May m be asked over this lifeline, in the name of an fd? 0, -EPROTO: no client of ours does that,
 * or -errno for the asker. */
static int passed_verdict(const struct daemon *d, const struct conn *parent,
			  const struct sd_ctl_msg *m)
{
	if (m->type != SD_CTL_TICKET && m->type != SD_CTL_SHARE &&
	    (m->type != SD_CTL_ATTACH || m->u.attach.parent != parent->client))
		return -EPROTO;
	if (parent->state != CONN_ATTACHED || ctl_alien(m))
		return -EPROTO;
	if (m->type == SD_CTL_ATTACH && (parent->domain || m->u.attach.calls[0]))
		return -EPERM;
	/* Its number may be another's by now. */
	if (!conn_lives(d, parent))
		return -EREMOTEIO;
	if (!rule_room(d, parent->real.uid, m->type == SD_CTL_TICKET))
		return m->type == SD_CTL_TICKET ? -ETOOMANYREFS : -EAGAIN;
	return 0;
}

/*
 * An attached program asks for a channel of its child's, or for a ticket, in the name of fd, which
 * becomes a connection: the program itself may not be let to our socket any more. It is that of who
 * asks today, does this one thing, and has no right that the lifeline hasn't. Takes parent->in.fd
 * over, if it becomes one.
 */
static int conn_passed(struct daemon *d, struct conn *parent)
{
	const struct sd_ctl_msg *m = &parent->in.m;
	int fd = parent->in.fd, err = passed_verdict(d, parent, m);
	struct conn *c = err ? NULL : conn_make(d, fd, &parent->real);
	struct sd_ctl_msg no;

	if (!err && !c)
		err = -ENOMEM;
	if (err) {
		ctl_init(&no, SD_CTL_REPLY, m->seq);
		no.of = m->type;
		no.result = err;
		if (err != -EPROTO && ctl_send(fd, &no, NULL, 0))
			note("pid %d: its child's connection takes no answer", parent->real.pid);
		return err == -EPROTO ? err : 0;
	}
	parent->in.fd = -1;
	c->passed = true;
	if (conn_open(d, c))
		return 0;
	return conn_message(d, c, m);
}

void conn_came(struct daemon *d, struct conn *c)
{
	int err = c->in.err;

	if (!err && c->pending >= PENDING_MAX)
		err = -EPROTO;
	if (!err)
		c->real = c->in.real;
	if (!err)
		err = c->in.fd >= 0 ? conn_passed(d, c) : conn_message(d, c, &c->in.m);
	if (!err || err == -EAGAIN) {
		conn_next(d, c);
		return;
	}
	if (err != -EPIPE)
		note("connection of pid %d: %s; closed", c->real.pid, strerror(-err));
	conn_close(d, c);
}

/* Somebody connected, or was turned away for want of fds. */
static void welcome(struct daemon *d, int fd, bool turn_away)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	struct conn *c = NULL;
	bool room = false;

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		room = rule_room(d, cred.uid, false);
		c = conn_make(d, fd, &cred);
	}
	if (!c) { /* no memory: nobody else is left to close it */
		close(fd);
	} else if (turn_away) {
		conn_end(d, c);
	} else if (!room) {
		note("uid %u has too many connections; one was turned away", cred.uid);
		conn_end(d, c);
	} else {
		conn_open(d, c);
	}
}

void clients_accept(struct daemon *d, struct source *src, uint32_t events)
{
	int fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		welcome(d, fd, false);
		return;
	}
	if (errno != EMFILE && errno != ENFILE)
		return;
	/* Turn the caller away: left in the queue it would keep us busy for ever. */
	if (d->spare_fd < 0) {
		listener_watch(d, false); /* until the one before is closed */
		return;
	}
	fds_close(&d->spare_fd, 1);
	fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC);
	note("out of file descriptors (RLIMIT_NOFILE); a connection was turned away");
	if (fd >= 0)
		welcome(d, fd, true);
	else
		d->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

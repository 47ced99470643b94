// SPDX-License-Identifier: GPL-2.0
/*
 * attach.c: turns connections into lifelines and tickets. The domain is asked first; its answer
 * decides what the connection becomes.
 */
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>

#include <sd/ring.h>

#include "log.h"
#include "memory.h"
#include "reply.h"
#include "requests.h"
#include "cred.h"
#include "rules.h"
#include "supervisor.h"

#define ATTACH_MS 10000

static int may_attach(const struct daemon *d, const struct conn *c, uint32_t parent)
{
	if (!d->dom.pid || d->dom.stopping)
		return -EREMOTEIO;
	if (!c->passed) {
		/* Only over its own lifeline: a child inherits its parent's current credentials,
		 * not only those of its user. */
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

static void attach_answered(struct daemon *d, struct request *r, int result,
			    const struct sd_ctl_msg *answer)
{
	struct conn *c = r->conn;
	struct sd_ctl_msg m;
	int fds[] = {r->region, r->notify, d->dom.wake_page_ro};

	if (!c) { /* closed, or was told -ETIMEDOUT */
		if (!result)
			request_detach(d, r->client, false);
		return;
	}
	conn_becomes(c, result ? CONN_FRESH : CONN_ATTACHED);
	c->client = result ? 0 : r->client;
	c->generation = d->dom.generation;
	if (!result)
		note_debug("client %u attached: pid %d, uid %u", c->client, c->real.pid,
			   c->cred.uid);
	ctl_init(&m, SD_CTL_REPLY, r->conn_seq);
	m.u.attach.client = c->client;
	m.u.attach.pid = c->cred.pid;
	m.u.attach.uid = c->cred.uid;
	m.u.attach.gid = c->cred.gid;
	m.u.attach.generation = c->generation;
	m.u.attach.region_size = SD_REGION_SIZE;
	m.u.attach.stubs = d->dom.stubs;
	memcpy(m.u.attach.transport, d->cfg.transport, SD_TRANSPORT_MAX);
	memcpy(m.u.attach.name, d->cfg.name, SD_NAME_MAX);
	reply_send(c, &m, result, SD_CTL_ATTACH, r->conn_seq, fds, result ? 0 : 3);
}

/* Raises the domain's memory limit for one more client. */
static void attach_make_room(struct daemon *d)
{
	unsigned n = 1 + conn_count_living(d);

	for (const struct conn *c = d->conns; c; c = c->next)
		n += c->state == CONN_ATTACHING;
	cgroup_clients(&d->dom.cgroup, &d->cfg, n);
}

int attach_asked(struct daemon *d, struct conn *c, const struct sd_ctl_msg *asked)
{
	int fds[2], ngroups, err = may_attach(d, c, asked->u.attach.parent);
	struct sd_ctl_msg m;
	struct request *r;

	if (err)
		return err;
	r = request_add(d, c, SD_CTL_ATTACH, asked->seq, ATTACH_MS);
	if (!r)
		return -ENOMEM;
	r->answered = attach_answered;
	r->region = memory_make("sd-region", SD_REGION_SIZE);
	r->notify = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fds[0] = r->region < 0 ? -1 : fcntl(r->region, F_DUPFD_CLOEXEC, 0);
	fds[1] = r->notify < 0 ? -1 : fcntl(r->notify, F_DUPFD_CLOEXEC, 0);
	/*
	 * A child has its parent's groups, including those that the parent got after it connected.
	 */
	ngroups = c->passed || r->region < 0 ? 0 : cred_groups_into(r->region, c);
	if (!c->passed && r->region >= 0 && cred_into(r->region, c))
		ngroups = -ENOMEM;
	r->client = d->dom.next_client++;
	attach_make_room(d);
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

static void ticket_answered(struct daemon *d, struct request *r, int result,
			    const struct sd_ctl_msg *answer)
{
	struct conn *c = r->conn;
	struct sd_ctl_msg m;

	if (!c) { /* closed, or was told -ETIMEDOUT */
		if (!result)
			request_ticket_drop(d, r->key);
		return;
	}
	conn_becomes(c, result ? CONN_FRESH : CONN_TICKET);
	c->generation = d->dom.generation;
	memcpy(c->key, r->key, sizeof(c->key));
	ctl_init(&m, SD_CTL_REPLY, r->conn_seq);
	m.u.ticket.hold = 1;
	m.u.ticket.generation = d->dom.generation;
	memcpy(m.u.ticket.key, r->key, sizeof(m.u.ticket.key));
	memcpy(m.u.ticket.name, d->cfg.name, SD_NAME_MAX);
	reply_send(c, &m, result, SD_CTL_TICKET, r->conn_seq, NULL, 0);
}

/* From now on this connection is a ticket for whoever holds its other end. */
int attach_ticket_asked(struct daemon *d, struct conn *c, const struct sd_ctl_msg *asked)
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
	r->answered = ticket_answered;
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

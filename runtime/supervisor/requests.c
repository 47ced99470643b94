// SPDX-License-Identifier: GPL-2.0
/*
 * What is under way. Three kinds: asked of the domain (ATTACH, STATUS, DETACH, TICKET, SHUTDOWN;
 * seq != 0), waiting for it to serve (HELLO, UP), waiting for it to end (KILL, DOWN).
 */
#include "supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sd/ring.h>

struct request *request_add(struct daemon *d, struct conn *c, uint16_t type, uint32_t conn_seq,
			    unsigned timeout_ms)
{
	struct request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->type = type;
	r->conn = c;
	r->conn_seq = conn_seq;
	r->deadline = timeout_ms ? now_ms() + timeout_ms : 0;
	r->uid = c ? c->cred.uid : (uid_t)-1;
	r->region = r->bell = -1;
	r->next = d->requests;
	d->requests = r;
	if (c)
		c->pending++;
	return r;
}

static void request_orphan(struct request *r)
{
	if (r->conn)
		r->conn->pending--;
	r->conn = NULL;
}

void request_drop(struct daemon *d, struct request *r)
{
	struct request **p = &d->requests;

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	request_orphan(r);
	fds_close(&r->region, 1);
	fds_close(&r->bell, 1);
	free(r);
}

/* What the domain is asked. */
static uint16_t asked_as(const struct request *r)
{
	return r->type == SD_CTL_STATUS ? SD_CTL_STATS : r->type;
}

int request_send(struct daemon *d, struct request *r, struct sd_ctl_msg *m, const int *fds,
		 int nfds)
{
	struct sd_ctl_msg empty;

	if (!d->dom.next_seq)
		d->dom.next_seq = 1;
	r->seq = d->dom.next_seq++;
	r->counted = r->conn != NULL;
	if (!m) {
		m = &empty;
		ctl_init(m, asked_as(r), r->seq);
	}
	m->seq = r->seq;
	if (r->type == SD_CTL_DETACH)
		m->u.detach.client = r->client;
	return domain_send(d, m, fds, nfds);
}

int request_ended(struct daemon *d, uint32_t client)
{
	struct request *r = d->requests;

	while (r && (r->type != SD_CTL_DETACH || r->client != client))
		r = r->next;
	if (!r || r->ended)
		return -EPROTO;
	r->ended = true;
	return 0;
}

void request_detach(struct daemon *d, uint32_t client, bool ended)
{
	struct request *r = request_add(d, NULL, SD_CTL_DETACH, 0, 0);

	if (r) {
		r->client = client;
		r->ended = ended;
		if (!request_send(d, r, NULL, NULL, 0))
			return;
	}
	/* Its files would stay open for ever: that is worse than a restart. */
	note("no memory to detach client %u; killing the domain", client);
	domain_kill(d);
}

static void attach_answered(struct daemon *d, struct request *r, int result)
{
	struct conn *c = r->conn;
	struct sd_ctl_msg m;
	int fds[] = {r->region, r->bell, d->dom.bell_ro};

	if (!c) { /* gone, or told -ETIMEDOUT */
		if (!result)
			request_detach(d, r->client, false);
		return;
	}
	conn_becomes(c, result ? CONN_FRESH : CONN_ATTACHED);
	c->client = result ? 0 : r->client;
	c->generation = d->dom.generation;
	ctl_init(&m, SD_CTL_REPLY, r->conn_seq);
	m.u.attach.client = c->client;
	m.u.attach.pid = c->cred.pid;
	m.u.attach.uid = c->cred.uid;
	m.u.attach.gid = c->cred.gid;
	m.u.attach.generation = c->generation;
	m.u.attach.region_size = SD_REGION_SIZE;
	m.u.attach.stubs = d->dom.stubs;
	memcpy(m.u.attach.name, d->cfg.name, SD_NAME_MAX);
	conn_reply(d, c, &m, result, SD_CTL_ATTACH, r->conn_seq, fds, result ? 0 : 3);
}

void request_ticket_drop(struct daemon *d, const uint64_t key[2])
{
	struct request *r = request_add(d, NULL, SD_CTL_TICKET, 0, 0);
	struct sd_ctl_msg m;

	ctl_init(&m, SD_CTL_TICKET, 0);
	memcpy(m.u.ticket.key, key, sizeof(m.u.ticket.key));
	if (r && !request_send(d, r, &m, NULL, 0))
		return;
	/* As in request_detach(). */
	note("no memory to drop a ticket; killing the domain");
	domain_kill(d);
}

static void ticket_answered(struct daemon *d, struct request *r, int result)
{
	struct conn *c = r->conn;
	struct sd_ctl_msg m;

	if (!c) { /* gone, or told -ETIMEDOUT; or it was dropped */
		if (!result && (r->key[0] | r->key[1]))
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
	conn_reply(d, c, &m, result, SD_CTL_TICKET, r->conn_seq, NULL, 0);
}

void request_status_reply(struct daemon *d, struct conn *c, uint32_t seq, int result,
			  const struct sd_ctl_stats *stats)
{
	struct sd_ctl_msg m;

	ctl_init(&m, SD_CTL_REPLY, seq);
	if (stats)
		m.u.status.stats = *stats;
	m.u.status.boot_ns = d->dom.boot_ns;
	m.u.status.generation = d->dom.generation;
	m.u.status.domain_pid = d->dom.pid;
	m.u.status.last_status = d->dom.last_status;
	if (d->dom.belts)
		memcpy(m.u.status.belts, d->dom.belts, BELTS);
	for (struct conn *i = d->conns; i; i = i->next)
		m.u.status.clients += i->state == CONN_ATTACHED &&
				      i->generation == d->dom.generation && d->dom.pid;
	memcpy(m.u.status.name, d->cfg.name, SD_NAME_MAX);
	conn_reply(d, c, &m, result, SD_CTL_STATUS, seq, NULL, 0);
}

int request_answered(struct daemon *d, const struct sd_ctl_msg *m)
{
	struct request *r;

	for (r = d->requests; r && r->seq != m->seq; r = r->next)
		;
	if (!m->seq || !r || m->result > 0 || m->of != asked_as(r))
		return -EPROTO;
	if (r->type == SD_CTL_ATTACH)
		attach_answered(d, r, m->result);
	else if (r->type == SD_CTL_TICKET)
		ticket_answered(d, r, m->result);
	else if (r->type == SD_CTL_SHARE)
		share_answered(d, r, m->result);
	else if (r->type == SD_CTL_STATUS && r->conn)
		request_status_reply(d, r->conn, r->conn_seq, m->result, &m->u.stats);
	else if (r->type == SD_CTL_DETACH && m->result)
		note("the domain cannot detach client %u: %s", r->client, strerror(-m->result));
	request_drop(d, r);
	return 0;
}

/* HELLO and UP: who runs. */
static void hello_reply(struct daemon *d, struct request *r, int result)
{
	struct sd_ctl_msg m;

	if (!r->conn)
		return;
	ctl_init(&m, SD_CTL_REPLY, r->conn_seq);
	m.u.hello.generation = d->dom.generation;
	m.u.hello.domain_pid = d->dom.pid;
	memcpy(m.u.hello.name, d->cfg.name, SD_NAME_MAX);
	conn_reply(d, r->conn, &m, result, r->type, r->conn_seq, NULL, 0);
}

static void plain_reply(struct daemon *d, struct request *r, int result)
{
	struct sd_ctl_msg m;

	if (!r->conn)
		return;
	ctl_init(&m, SD_CTL_REPLY, r->conn_seq);
	conn_reply(d, r->conn, &m, result, r->type, r->conn_seq, NULL, 0);
}

/* Tells the asker that the answer won't come: by `why`. */
static void request_fail(struct daemon *d, struct request *r, int why)
{
	switch (r->type) {
	case SD_CTL_HELLO:
	case SD_CTL_UP:
		hello_reply(d, r, why);
		break;
	case SD_CTL_STATUS:
		if (r->conn)
			request_status_reply(d, r->conn, r->conn_seq, why, NULL);
		break;
	case SD_CTL_ATTACH:
		if (r->conn)
			attach_answered(d, r, why);
		break;
	case SD_CTL_TICKET:
		if (r->conn)
			ticket_answered(d, r, why);
		break;
	case SD_CTL_SHARE:
		share_answered(d, r, why);
		break;
	case SD_CTL_KILL: /* "it ended" is what they wait for */
		plain_reply(d, r, why == -EREMOTEIO ? 0 : why);
		break;
	}
}

void requests_domain_ready(struct daemon *d)
{
	struct request *r, *next;

	for (r = d->requests; r; r = next) {
		next = r->next;
		if (r->type != SD_CTL_HELLO && r->type != SD_CTL_UP)
			continue;
		hello_reply(d, r, 0);
		request_drop(d, r);
	}
}

void requests_domain_gone(struct daemon *d)
{
	struct request *r, *next;

	for (r = d->requests; r; r = next) {
		next = r->next;
		if (r->type == SD_CTL_DOWN)
			continue;
		request_fail(d, r, -EREMOTEIO);
		request_drop(d, r);
	}
}

/* Last of all, when socket and lock are gone: who asked may start the next supervisor at once. */
void requests_down(struct daemon *d)
{
	for (struct request *r = d->requests; r; r = r->next)
		if (r->type == SD_CTL_DOWN)
			plain_reply(d, r, 0);
}

void requests_forget(struct daemon *d, struct conn *c)
{
	for (struct request *r = d->requests; r; r = r->next)
		if (r->conn == c)
			request_orphan(r);
}

void requests_expire(struct daemon *d)
{
	uint64_t now = now_ms();
	struct request *r, *next;

	for (r = d->requests; r; r = next) {
		next = r->next;
		if (!r->deadline || r->deadline > now)
			continue;
		request_fail(d, r, -ETIMEDOUT);
		r->deadline = 0;
		request_orphan(r);
		/* What the domain owes stays known until it answers or ends; of an attach nothing
		 * but that. */
		if (r->type == SD_CTL_ATTACH) {
			fds_close(&r->region, 1);
			fds_close(&r->bell, 1);
		}
		if (!r->seq)
			request_drop(d, r);
	}
}

uint64_t requests_next_deadline(struct daemon *d)
{
	uint64_t first = 0;

	for (struct request *r = d->requests; r; r = r->next)
		if (r->deadline && (!first || r->deadline < first))
			first = r->deadline;
	return first;
}

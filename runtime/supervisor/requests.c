// SPDX-License-Identifier: GPL-2.0
/* requests.c: requests in progress, see requests.h. */
#include "requests.h"
#include "conn.h"
#include "log.h"
#include "supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
	r->region = r->notify = -1;
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
	fds_close(&r->notify, 1);
	free(r);
}

/* The message type that the domain gets. */
static uint16_t request_asked_as(const struct request *r)
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
		ctl_init(m, request_asked_as(r), r->seq);
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

static void detach_answered(struct daemon *d, struct request *r, int result,
			    const struct sd_ctl_msg *answer)
{
	if (result && answer)
		note_warn("the domain cannot detach client %u: %s", r->client, strerror(-result));
}

void request_detach(struct daemon *d, uint32_t client, bool ended)
{
	struct request *r = request_add(d, NULL, SD_CTL_DETACH, 0, 0);

	if (r) {
		r->answered = detach_answered;
		r->client = client;
		r->ended = ended;
		if (!request_send(d, r, NULL, NULL, 0)) {
			note_debug("client %u is gone", client);
			return;
		}
	}
	/* Its files would stay open as long as the domain runs, which is worse than a restart. */
	note_error("no memory to detach client %u; killing the domain", client);
	domain_kill(d);
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
	note_error("no memory to drop a ticket; killing the domain");
	domain_kill(d);
}

void request_shutdown(struct daemon *d)
{
	struct request *r;

	if (!d->dom.pid || d->dom.stopping)
		return;
	domain_stopping(d);
	r = d->dom.ready ? request_add(d, NULL, SD_CTL_SHUTDOWN, 0, 0) : NULL;
	if (!r || request_send(d, r, NULL, NULL, 0))
		domain_kill(d);
}

/* Reports the outcome to the maker of the request. */
static void request_outcome(struct daemon *d, struct request *r, int result,
			    const struct sd_ctl_msg *m)
{
	if (r->answered)
		r->answered(d, r, result, m);
}

int request_answered(struct daemon *d, const struct sd_ctl_msg *m)
{
	struct request *r;

	for (r = d->requests; r && r->seq != m->seq; r = r->next)
		;
	if (!m->seq || !r || m->result > 0 || m->of != request_asked_as(r))
		return -EPROTO;
	request_outcome(d, r, m->result, m);
	request_drop(d, r);
	return 0;
}

void requests_domain_serves(struct daemon *d)
{
	struct request *r, *next;

	for (r = d->requests; r; r = next) {
		next = r->next;
		if (r->until != UNTIL_SERVING)
			continue;
		request_outcome(d, r, 0, NULL);
		request_drop(d, r);
	}
}

void requests_domain_ended(struct daemon *d)
{
	struct request *r, *next;

	for (r = d->requests; r; r = next) {
		next = r->next;
		if (r->until == UNTIL_DOWN)
			continue;
		request_outcome(d, r, r->until == UNTIL_ENDED ? 0 : -EREMOTEIO, NULL);
		request_drop(d, r);
	}
}

void requests_supervisor_ends(struct daemon *d)
{
	for (struct request *r = d->requests; r; r = r->next)
		if (r->until == UNTIL_DOWN)
			request_outcome(d, r, 0, NULL);
}

void requests_forget(struct daemon *d, const struct conn *c)
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
		request_outcome(d, r, -ETIMEDOUT, NULL);
		r->deadline = 0;
		request_orphan(r);
		/* The request stays until the domain answers or ends; an attach keeps nothing else.
		 */
		if (r->type == SD_CTL_ATTACH) {
			fds_close(&r->region, 1);
			fds_close(&r->notify, 1);
		}
		if (!r->seq)
			request_drop(d, r);
	}
}

uint64_t requests_next_deadline(const struct daemon *d)
{
	uint64_t first = 0;

	for (const struct request *r = d->requests; r; r = r->next)
		if (r->deadline && (!first || r->deadline < first))
			first = r->deadline;
	return first;
}

// SPDX-License-Identifier: GPL-2.0
/* admin.c: answers kdom's commands: the domain's status, start and end. */
#include "admin.h"
#include "belts.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "reply.h"
#include "requests.h"
#include "rules.h"
#include "supervisor.h"

#define STATUS_MS 1000
#define UP_MS	  35000
#define KILL_MS	  5000

static void status_reply(struct daemon *d, struct conn *c, uint32_t seq, int result,
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
	m.u.status.clients = conn_count_living(d);
	memcpy(m.u.status.name, d->cfg.name, SD_NAME_MAX);
	reply_send(c, &m, result, SD_CTL_STATUS, seq, NULL, 0);
}

static void status_answered(struct daemon *d, struct request *r, int result,
			    const struct sd_ctl_msg *answer)
{
	if (r->conn)
		status_reply(d, r->conn, r->conn_seq, result, answer ? &answer->u.stats : NULL);
}

int admin_status(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m)
{
	struct request *r;
	int err = !d->dom.pid ? 0 : !d->dom.ready ? -EINPROGRESS : rule_owed(d, c);

	if (err || !d->dom.pid) {
		status_reply(d, c, m->seq, err, NULL);
		return 0;
	}
	r = request_add(d, c, SD_CTL_STATUS, m->seq, STATUS_MS);
	if (!r)
		return -ENOMEM;
	r->answered = status_answered;
	err = request_send(d, r, NULL, NULL, 0);
	if (err)
		request_drop(d, r);
	return err;
}

/* HELLO and UP: which domain process runs. */
static void hello_answered(struct daemon *d, struct request *r, int result,
			   const struct sd_ctl_msg *answer)
{
	struct sd_ctl_msg m;

	if (!r->conn)
		return;
	ctl_init(&m, SD_CTL_REPLY, r->conn_seq);
	m.u.hello.generation = d->dom.generation;
	m.u.hello.domain_pid = d->dom.pid;
	memcpy(m.u.hello.name, d->cfg.name, SD_NAME_MAX);
	reply_send(r->conn, &m, result, r->type, r->conn_seq, NULL, 0);
}

/* KILL and DOWN. */
static void end_answered(struct daemon *d, struct request *r, int result,
			 const struct sd_ctl_msg *answer)
{
	if (r->conn)
		reply_result(r->conn, result, r->type, r->conn_seq);
}

int admin_hello_or_up(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m)
{
	struct request *r;
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
	r = request_add(d, c, m->type, m->seq, UP_MS);
	if (!r)
		return -ENOMEM;
	r->until = UNTIL_SERVING;
	r->answered = hello_answered;
	if (d->dom.ready)
		requests_domain_serves(d);
	return 0;
}

int admin_kill_or_down(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m)
{
	bool down = m->type == SD_CTL_DOWN;
	struct request *r = request_add(d, c, m->type, m->seq, down ? 0 : KILL_MS);

	if (!r)
		return -ENOMEM;
	r->until = down ? UNTIL_DOWN : UNTIL_ENDED;
	r->answered = end_answered;
	d->restart_at = 0;
	if (down) {
		d->down = true;
		request_shutdown(d);
	} else {
		d->killed = d->dom.pid != 0;
		domain_kill(d);
	}
	if (!d->dom.pid)
		requests_domain_ended(d);
	return 0;
}

static void trace_reply(struct daemon *d, struct conn *c, uint32_t seq)
{
	struct sd_ctl_msg m;

	ctl_init(&m, SD_CTL_REPLY, seq);
	for (const struct conn *o = d->conns; o; o = o->next) {
		if (!conn_lives(d, o))
			continue;
		m.u.trace.clients++;
		m.u.trace.hidden += c->real.uid && o->cred.uid != c->real.uid;
	}
	reply_send(c, &m, 0, SD_CTL_TRACE, seq, NULL, 0);
}

int admin_trace(struct daemon *d, struct conn *c, const struct sd_ctl_msg *m)
{
	if (!d->dom.ready || d->dom.stopping)
		return -EREMOTEIO;
	if (d->tracer && d->tracer != c)
		return -EBUSY;
	if (!d->tracer)
		note("pid %d, uid %u traces the programs that use the domain", c->real.pid,
		     c->real.uid);
	d->tracer = c;
	conn_becomes(c, CONN_TRACER);
	if (m->u.trace.on)
		domain_trace(&d->dom, true);
	trace_reply(d, c, m->seq);
	return 0;
}

void admin_trace_end(struct daemon *d)
{
	note("the programs that use the domain are no longer traced");
	d->tracer = NULL;
	domain_trace(&d->dom, false);
}

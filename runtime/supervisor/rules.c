// SPDX-License-Identifier: GPL-2.0
/* rules.c: which connection may request what, and how much: the table of sd/control.h. */
#include "rules.h"
#include "crowds.h"
#include "requests.h"
#include "supervisor.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

/* Limit of one uid that is neither root's nor ours. Tickets in transit are connections, too; the
 * domain limits those. */
#define STRANGER_CONNS	 1024
#define STRANGER_TICKETS 4096
#define STRANGER_OWED	 64
/* Limits of all together: answers that the domain owes, even if nobody waits for them any more;
 * messages with fds that it hasn't received. */
#define OWED_MAX   1024
#define UNREAD_MAX 256

enum right { LOOK, POWER, TRACE, ATTACH, KEY, NONE }; /* as sd/control.def names them */

static const int rules[][NONE] = {
	[CONN_FRESH] = {0, 0, 0, 0, 0},
	[CONN_ATTACHING] = {0, -EPERM, -EPERM, -EALREADY, -EALREADY},
	[CONN_ATTACHED] = {0, -EPERM, -EPERM, -EALREADY, -EALREADY},
	[CONN_TICKETING] = {-EALREADY, -EPERM, -EPERM, -EALREADY, -EALREADY},
	[CONN_TICKET] = {-EALREADY, -EPERM, -EPERM, -EALREADY, -EALREADY},
	[CONN_TRACER] = {0, -EPERM, 0, -EALREADY, -EALREADY},
	[CONN_SPENT] = {-EPROTO, -EPROTO, -EPROTO, -EPROTO, -EPROTO},
};

static enum right right_wanted(uint16_t type)
{
	switch (type) {
#define ASKED_CLIENT(type, right) \
	case SD_CTL_##type:       \
		return right;
#define ASKED_LIFELINE(type, right)
#define ASKED_SUPERVISOR(type, right)
#define ASKED_DOMAIN(type, right)
#define SD_CTL_MESSAGE(asker, type, right, ...) ASKED_##asker(type, right)
#include <sd/control.def>
#undef SD_CTL_MESSAGE
	default:
		return NONE;
	}
}

int rule_verdict(const struct daemon *d, const struct conn *c, const struct sd_ctl_msg *m)
{
	enum right want = right_wanted(m->type);

	if (want == NONE || ((want == KEY || want == TRACE) && ctl_alien(m)))
		return -EPROTO;
	/* A passed connection serves only the request that it came with. */
	if (c->passed && (c->state == CONN_ATTACHING || c->state == CONN_TICKETING))
		return -EPROTO;
	if (rules[c->state][want])
		return rules[c->state][want];
	if ((want == POWER || want == TRACE) && conn_stranger(c->real.uid))
		return -EPERM;
	return c->state == CONN_ATTACHED && !conn_lives(d, c) ? -EREMOTEIO : 0;
}

/* The ids that an unattached connection has since its connect() aren't valid for a process that has
 * given them up, or that only inherited the connection. */
bool rule_same_person(const struct conn *c)
{
	return c->real.uid == 0 || (c->real.uid == c->cred.uid && c->real.gid == c->cred.gid);
}

static unsigned files_max(void)
{
	struct rlimit files;

	return getrlimit(RLIMIT_NOFILE, &files) ? 1024 : files.rlim_cur;
}

bool rule_room(const struct daemon *d, uid_t uid, bool ticket)
{
	const struct crowd *his = crowd_of(d, uid);
	unsigned alike = 0, all = 0, files = files_max();

	if (!conn_stranger(uid))
		return true;
	for (const struct crowd *w = d->crowds; w; w = w->next)
		all += conn_stranger(w->uid) ? w->conns : 0;
	for (const struct conn *c = d->conns; c; c = c->next)
		alike += c->cred.uid == uid &&
			 ticket == (c->state == CONN_TICKET || c->state == CONN_TICKETING);
	return all < files / 2 && (!his || his->conns < files / 4) &&
	       alike < (ticket ? STRANGER_TICKETS : STRANGER_CONNS);
}

int rule_owed(const struct daemon *d, const struct conn *c)
{
	unsigned his = 0, all = 0;
	bool guest = conn_stranger(c->cred.uid);

	for (const struct request *r = d->requests; r; r = r->next) {
		all += r->counted;
		his += r->counted && r->uid == c->cred.uid;
	}
	if ((d->dom.ready && d->dom.unread >= UNREAD_MAX) || all >= OWED_MAX)
		return -EAGAIN;
	return guest && (his >= STRANGER_OWED || all >= OWED_MAX / 2) ? -EAGAIN : 0;
}

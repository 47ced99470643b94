// SPDX-License-Identifier: GPL-2.0
/* shares.c: memory of mapped files (sd/share.h): made here, and passed to the domain and to every
 * client that has its key. */
#include "shares.h"
#include "memory.h"
#include "reply.h"
#include "requests.h"
#include "rules.h"
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SHARE_MS   10000
#define SHARES_MAX 4096 /* the most a domain can have (kernel/serve_share.c) */
#define ASKED_MAX  256	/* not answered by the domain yet: a guessed key costs a memfd until then */

static struct share *share_find(struct daemon *d, const uint64_t key[2])
{
	struct share *s = d->shares;

	while (s && (s->key[0] != key[0] || s->key[1] != key[1]))
		s = s->next;
	return s;
}

/* May there be one more? */
static bool share_room(struct daemon *d)
{
	unsigned made = 0, asked = 0;

	for (struct share *s = d->shares; s; s = s->next)
		made++;
	for (struct request *r = d->requests; r; r = r->next)
		asked += r->type == SD_CTL_SHARE;
	return asked < ASKED_MAX && made + asked < SHARES_MAX;
}

static void share_reply(struct conn *c, uint32_t seq, int result, int fd)
{
	struct sd_ctl_msg m;

	ctl_init(&m, SD_CTL_REPLY, seq);
	reply_send(c, &m, result, SD_CTL_SHARE, seq, &fd, result ? 0 : 1);
}

static void share_answered(struct daemon *d, struct request *r, int result,
			   const struct sd_ctl_msg *m)
{
	struct share *s = share_find(d, r->key);

	if (!result && !s) {
		s = calloc(1, sizeof(*s));
		if (s) {
			*s = (struct share){d->shares, {r->key[0], r->key[1]}, r->region};
			d->shares = s;
			r->region = -1;
		}
	}
	if (result == -EEXIST && s) /* another client asked for the same a moment before */
		result = 0;
	if (!result && !s)
		result = -ENOMEM;
	if (r->conn)
		share_reply(r->conn, r->conn_seq, result, s ? s->fd : -1);
}

int share_asked(struct daemon *d, struct conn *c, const struct sd_ctl_msg *asked)
{
	struct share *s = share_find(d, asked->u.ticket.key);
	struct sd_ctl_msg m;
	struct request *r;
	int fd, err;

	if (!d->dom.pid || d->dom.stopping)
		return -EREMOTEIO;
	if (c->passed)
		c->state = CONN_SPENT;
	if (s) {
		share_reply(c, asked->seq, 0, s->fd);
		return 0;
	}
	err = share_room(d) ? rule_owed(d, c) : -ENFILE;
	if (err)
		return err;
	r = request_add(d, c, SD_CTL_SHARE, asked->seq, SHARE_MS);
	if (!r)
		return -ENOMEM;
	r->answered = share_answered;
	r->region = memory_make("sd-share", SD_SHARE_SIZE);
	fd = r->region < 0 ? -1 : fcntl(r->region, F_DUPFD_CLOEXEC, 0);
	memcpy(r->key, asked->u.ticket.key, sizeof(r->key));
	ctl_init(&m, SD_CTL_SHARE, 0);
	memcpy(m.u.ticket.key, r->key, sizeof(r->key));
	if (fd >= 0 && !request_send(d, r, &m, &fd, 1))
		return 0;
	request_drop(d, r);
	return -ENOMEM;
}

void share_gone(struct daemon *d, const uint64_t key[2])
{
	struct share *s = share_find(d, key), **p = &d->shares;

	if (!s)
		return;
	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	close(s->fd);
	free(s);
}

void shares_close(struct daemon *d)
{
	while (d->shares)
		share_gone(d, d->shares->key);
}

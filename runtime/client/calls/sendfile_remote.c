/* SPDX-License-Identifier: MIT */
/*
 * sendfile_remote.c: sendfile from one domain into another without this program in between. The
 * target's domain makes a ticket for its file, the source's domain redeems it as a client of the
 * target's (sd/ticket.h), and its own sendfile does the rest. No data pass through our queue
 * pairs.
 */
#include "calls/copy_end.h"
#include <sd/ticket.h>

#define PAYS 65536ul /* below, copying here is cheaper than three more calls */

static u8 refuses[SD_DOMAINS]; /* this source calls no other domain */

static long finish_call(struct sd_thread *t, struct sd_qp *l, enum sd_status st, long ret)
{
	return st == SD_OK ? ret : sd_status_errno(t, l, st);
}

static long make_key(struct sd_thread *t, struct sd_qp *l, s32 dfd, u64 key[2])
{
	long ret = 0;
	enum sd_status st = sd_uninterrupted(l, sd_ticket_make(l, &ret, dfd, key));

	return finish_call(t, l, st, ret);
}

static long open_remote(struct sd_thread *t, struct sd_qp *l, const u64 key[2], const char *name)
{
	long ret = 0;
	enum sd_status st = sd_uninterrupted(l, sd_ticket_remote(l, &ret, key, name));

	return finish_call(t, l, st, ret);
}

static void close_remote(struct sd_qp *l, s32 dfd)
{
	long ret;

	sd_until_served(l, sd_ticket_close(l, &ret, dfd));
}

/* The other domain didn't redeem the ticket: redeems it in the domain that made it. */
static void take_back(struct sd_qp *l, const u64 key[2])
{
	long ret = -1;
	enum sd_status st = sd_until_served(l, sd_ticket_redeem(l, &ret, key, 0));

	if (st == SD_OK && ret >= 0)
		close_remote(l, ret);
}

static long send_from(struct sd_thread *t, struct sd_qp *l, s32 to, const struct sd_end *in,
		      u64 count, int *again)
{
	u64 arg[6] = {(u32)to, (u32)in->e.dfd, in->off, count};
	long ret;

	l->may_early = false;
	ret = sd_domain_call(t, l, sd_stub_for(in->e.dom, __NR_sendfile), arg, again);
	if (ret == -EPIPE)
		sd_raise(t, SIGPIPE);
	return ret;
}

long sd_sendfile_remote(struct sd_thread *t, const struct sd_end *out, const struct sd_end *in,
			u64 count, int *again)
{
	struct sd_qp *from, *to;
	long err = 0, fd;
	u64 key[2];

	if (count < PAYS || sd_load_relaxed(&refuses[in->e.dom]) ||
	    !sd_stub_for(in->e.dom, __NR_sendfile))
		return -ENOSYS;
	if (!sd_fd_chan(t, out->e, &err) || !sd_fd_chan(t, in->e, &err))
		return err;
	from = sd_qp_of(t, in->e.dom, 0, &err);
	to = from ? sd_qp_of(t, out->e.dom, 0, &err) : NULL;
	if (!to)
		return err;
	t->chan[out->e.dom]->shared[out->e.dfd] = 1;
	if (make_key(t, to, out->e.dfd, key))
		return -ENOSYS; /* it isn't an fd, or has too many tickets: copying reports the
				   error */
	fd = open_remote(t, from, key, sd_domain[out->e.dom].stubs->name);
	if (fd < 0) {
		take_back(to, key);
		if (fd == -EOPNOTSUPP)
			sd_store_relaxed(&refuses[in->e.dom], 1);
		return -ENOSYS;
	}
	err = send_from(t, from, fd, in, count, again);
	close_remote(from, fd);
	return err;
}

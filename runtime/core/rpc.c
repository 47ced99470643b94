// SPDX-License-Identifier: MIT
/*
 * rpc.c: a call as generated stubs see it: its arguments in the queue pair's arena, then one entry.
 * The arena is a stack: posted calls of a thread nest. While it waits in sd_call_wait() the queue
 * pair takes no other call, so signal handlers that make calls run before or after it, see
 * sd_qp_interrupt().
 */
#include <sd/qp.h>

#define SD_ALIGN  64u	/* arguments on separate cache lines, since both sides write some */
#define SD_SECTOR 512u	/* alignment of data that a device reads and writes directly (O_DIRECT) */
#define SD_BLOCK  4096u /* no file system requires more */

enum sd_status sd_call_begin(struct sd_qp *qp, struct sd_call *c, u16 op)
{
	if (sd_unlikely(qp->narrow))
		sd_early_widen(qp);
	c->qp = qp;
	c->mark = qp->level;
	c->op = op;
	c->flags = 0;
	c->fd = 0;
	c->status = qp->status;
	c->arg[0] = c->arg[1] = c->arg[2] = 0;
	c->arg[3] = c->arg[4] = c->arg[5] = 0;
	c->most = ~0ull;
	return c->status;
}

u64 sd_room(struct sd_call *c, u64 len)
{
	struct sd_qp *l = c->qp;
	u32 off = l->level;

	if (sd_unlikely(len > l->limit - off)) {
		if (c->status == SD_OK)
			c->status = SD_TOO_BIG;
		return SD_OFF_NULL;
	}
	l->level = off + (((u32)len + SD_ALIGN - 1) & ~(SD_ALIGN - 1));
	if (l->level > l->limit)
		l->level = l->limit;
	return off;
}

u64 sd_room_for(struct sd_call *c, const void *prog, u64 len)
{
	struct sd_qp *l = c->qp;
	u32 at = (u32)(uintptr_t)prog | SD_BLOCK, unit = at & -at; /* alignment of prog */
	u32 to = unit >= SD_SECTOR ? (l->level + unit - 1) & ~(unit - 1)
				   : l->level + (l->level % SD_SECTOR ? 0 : SD_ALIGN);

	if (len >= SD_SECTOR && to <= l->limit && len <= l->limit - to)
		l->level = to;
	return sd_room(c, len);
}

u64 sd_put(struct sd_call *c, const void *prog, u64 len)
{
	u64 off;

	if (!prog)
		return SD_OFF_NULL;
	off = sd_room_for(c, prog, len);
	if (sd_unlikely(off == SD_OFF_NULL))
		return off;
	if (sd_unlikely(len && sd_copy_from_prog(c->qp->mem->arena + off, prog, len))) {
		c->qp->level = off;
		return SD_OFF_FAULT;
	}
	return off;
}

void *sd_at(struct sd_call *c, u64 off)
{
	return c->qp->mem->arena + off;
}

void sd_bad(struct sd_call *c)
{
	c->status = sd_qp_fail(c->qp, SD_PROTO);
}

long sd_get(struct sd_call *c, void *prog, u64 off, u64 len, long ret)
{
	/* The length may come from the domain's answer. */
	if (sd_unlikely(off < c->mark || off > c->qp->level || len > c->qp->level - off)) {
		sd_bad(c);
		return -EPROTO;
	}
	if (len && sd_unlikely(sd_copy_to_prog(prog, c->qp->mem->arena + off, len)))
		return -EFAULT;
	return ret;
}

#define MAX_ERRNO 4095

static bool is_lie(long ret, u64 most)
{
	return (u64)ret > most && (u64)ret < (u64)-MAX_ERRNO;
}

static enum sd_status call_submit(struct sd_call *c, u16 flags)
{
	struct sd_entry_ref ref;

	if (!c->fd)
		sd_credit_forget(c->qp);
	c->status = sd_submit(c->qp, c->op, flags | c->qp->flags, c->arg, &ref);
	c->n = ref.n;
	c->slot = ref.slot;
	return c->status;
}

static struct sd_entry_ref call_entry(const struct sd_call *c)
{
	return (struct sd_entry_ref){c->n, c->slot};
}

enum sd_status sd_call_post(struct sd_call *c)
{
	if (sd_unlikely(c->status != SD_OK))
		return c->status;
	if (call_submit(c, c->flags & SD_F_NOTIFY) == SD_OK)
		c->qp->tr->kick(c->qp);
	return c->status;
}

bool sd_call_done(struct sd_call *c)
{
	return c->status != SD_OK || sd_answered(c->qp, call_entry(c));
}

enum sd_status sd_call_cancel(struct sd_call *c)
{
	return sd_call_done(c) ? c->status : sd_cancel(c->qp, call_entry(c));
}

enum sd_status sd_call_finish(struct sd_call *c, long *ret)
{
	enum sd_status st;
	u16 flags;

	if (sd_unlikely(c->status != SD_OK))
		return c->status;
	do
		st = sd_wait(c->qp, call_entry(c), ret);
	while (sd_unlikely(st == SD_INTR) && (st = sd_cancel(c->qp, call_entry(c))) == SD_OK);
	if (st == SD_OK && sd_unlikely(is_lie(*ret, c->most))) {
		*ret = -EPROTO;
		st = sd_qp_fail(c->qp, SD_PROTO);
	}
	flags = c->qp->answer;
	if (sd_unlikely(c->qp->early.on) && st == SD_OK)
		sd_early_answered(c->qp, flags);
	/* The later answer counts, unless a rest of the early call was submitted after it. */
	if (c->fd && st == SD_OK && !(flags & SD_R_BROKEN && c->fd == c->qp->early.fd))
		sd_credit_set(c->qp, c->fd, SD_CREDIT_OF(flags));
	return c->status = st;
}

enum sd_status sd_call_wait(struct sd_call *c, long *ret)
{
	if (sd_unlikely(c->status != SD_OK))
		return c->status;
	if (sd_unlikely(c->qp->intr)) {
		c->qp->intr = 0;
		return c->status = SD_INTR;
	}
	call_submit(c, (c->flags & SD_F_NOTIFY) | SD_F_SYNC);
	return sd_call_finish(c, ret);
}

enum sd_status sd_call_end(struct sd_call *c)
{
	c->qp->level = c->mark;
	return c->status;
}

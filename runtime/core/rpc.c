// SPDX-License-Identifier: MIT
/*
 * rpc.c: a call as generated stubs see it: its arguments in the lane's arena, then one entry.
 * The arena is a stack: calls of a thread nest (a signal handler's inside another's wait).
 */
#include <sd/lane.h>

#define SD_ALIGN 64u /* arguments on lines of their own: the two sides write different ones */

enum sd_status sd_call_begin(struct sd_lane *lane, struct sd_call *c, u16 op)
{
	c->lane = lane;
	c->mark = lane->level;
	c->op = op;
	c->flags = 0;
	c->status = lane->status;
	c->arg[0] = c->arg[1] = c->arg[2] = 0;
	c->arg[3] = c->arg[4] = c->arg[5] = 0;
	return c->status;
}

u64 sd_room(struct sd_call *c, u64 len)
{
	struct sd_lane *l = c->lane;
	u32 off = l->level;

	if (sd_unlikely(len > SD_ARENA_SIZE - off)) {
		if (c->status == SD_OK)
			c->status = SD_TOO_BIG;
		return SD_OFF_NULL;
	}
	l->level = off + (((u32)len + SD_ALIGN - 1) & ~(SD_ALIGN - 1));
	if (l->level > SD_ARENA_SIZE)
		l->level = SD_ARENA_SIZE;
	return off;
}

u64 sd_put(struct sd_call *c, const void *prog, u64 len)
{
	u64 off;

	if (!prog)
		return SD_OFF_NULL;
	off = sd_room(c, len);
	if (sd_unlikely(off == SD_OFF_NULL))
		return off;
	if (sd_unlikely(len && sd_copy_from_prog(c->lane->mem->arena + off, prog, len))) {
		c->lane->level = off;
		return SD_OFF_FAULT;
	}
	return off;
}

void *sd_at(struct sd_call *c, u64 off)
{
	return c->lane->mem->arena + off;
}

void sd_bad(struct sd_call *c)
{
	c->status = sd_lane_fail(c->lane, SD_PROTO);
}

long sd_get(struct sd_call *c, void *prog, u64 off, u64 len, long ret)
{
	/* The length may come from the domain's answer. */
	if (sd_unlikely(off < c->mark || off > c->lane->level || len > c->lane->level - off)) {
		sd_bad(c);
		return -EPROTO;
	}
	if (len && sd_unlikely(sd_copy_to_prog(prog, c->lane->mem->arena + off, len)))
		return -EFAULT;
	return ret;
}

enum sd_status sd_call_post(struct sd_call *c)
{
	if (sd_unlikely(c->status != SD_OK))
		return c->status;
	c->status = sd_submit(c->lane, c->op, c->flags & ~SD_F_CQ, c->arg, &c->n);
	if (c->status == SD_OK)
		c->lane->tr->kick(c->lane);
	return c->status;
}

bool sd_call_done(struct sd_call *c)
{
	return c->status != SD_OK || sd_answered(c->lane, c->n);
}

enum sd_status sd_call_cancel(struct sd_call *c)
{
	u64 arg[6] = {c->n};
	enum sd_status st;
	long ret;
	u32 n;

	if (sd_call_done(c))
		return c->status;
	st = sd_submit(c->lane, SD_OP_CANCEL, 0, arg, &n);
	if (st != SD_OK)
		return st;
	do
		st = sd_wait(c->lane, n, &ret);
	while (st == SD_INTR);
	return st;
}

enum sd_status sd_call_finish(struct sd_call *c, long *ret)
{
	enum sd_status st;

	if (sd_unlikely(c->status != SD_OK))
		return c->status;
	for (;;) {
		st = sd_wait(c->lane, c->n, ret);
		if (sd_likely(st != SD_INTR))
			break;
		st = sd_call_cancel(c);
		/* Refused: no entry free for the cancel, so others are in flight. Wait on, uncancelled. */
		if (st != SD_OK && st != SD_REFUSED)
			break;
	}
	c->status = st;
	return st;
}

enum sd_status sd_call_wait(struct sd_call *c, long *ret)
{
	if (sd_unlikely(c->status != SD_OK))
		return c->status;
	if (sd_unlikely(c->lane->intr)) {
		c->lane->intr = 0;
		return c->status = SD_INTR;
	}
	c->status = sd_submit(c->lane, c->op, c->flags & ~SD_F_CQ, c->arg, &c->n);
	return sd_call_finish(c, ret);
}

enum sd_status sd_call_end(struct sd_call *c)
{
	c->lane->level = c->mark;
	return c->status;
}

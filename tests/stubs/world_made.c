// SPDX-License-Identifier: GPL-2.0
/* world_made.c: the fixtures that annotations declare: what one call makes, a descriptor or an
 * identifier of another kind, whose number differs between the sides. */
#include "world.h"

/* A descriptor needs calls that give it its number. */
static bool is_able(const struct st_fixture *f)
{
	if (!st_stub(f->make.nr) || (f->ends && !st_stub(f->end.nr)) || (!f->id && !world_fds()))
		return false;
	for (u32 i = 0; i < f->nthen; i++)
		if (!st_stub(f->then[i].nr))
			return false;
	return true;
}

bool made_is_able(int k)
{
	return k < (int)st_suite.nfixtures && is_able(&st_suite.fixture[k]);
}

static u64 value(struct side *s, const struct st_arg *a, int slot)
{
	return a->kind == ST_BUF  ? buffer_make(slot, a->name, s)
	       : a->kind == ST_ID ? (u64)s->id[a->num]
				  : (u64)a->num;
}

static long make_call(struct side *s, const struct st_made *m)
{
	u64 v[6];

	for (int i = 0; i < 6; i++) {
		buffer_reset(i);
		v[i] = value(s, &m->arg[i], i);
	}
	return side_call(s, m->nr, v[0], v[1], v[2], v[3], v[4], v[5]);
}

static void make(struct side *s, u16 ports[FX_COUNT])
{
	(void)ports;
	for (u32 k = 0; k < st_suite.nfixtures; k++) {
		const struct st_fixture *f = &st_suite.fixture[k];
		long r;

		if (!is_able(f))
			continue;
		r = need(s, f->name, make_call(s, &f->make));
		if (f->id)
			s->id[k] = r;
		else
			settle(s, FX_DECLARED + (int)k, r);
		for (u32 i = 0; i < f->nthen; i++)
			need(s, f->name, make_call(s, &f->then[i]));
	}
}

static void state(struct side *s, char *buf, size_t size)
{
	(void)s, (void)buf, (void)size;
}

static void end(struct side *s)
{
	for (u32 k = 0; k < st_suite.nfixtures; k++)
		if (st_suite.fixture[k].ends && is_able(&st_suite.fixture[k]))
			make_call(s, &st_suite.fixture[k].end);
}

static bool can(struct side *s)
{
	(void)s;
	return st_suite.nfixtures != 0;
}

static const u16 needs[] = {0xffff};

const struct maker maker_made = {
	.name = "declared",
	.first = FX_DECLARED,
	.last = FX_COUNT - 1,
	.needs = needs,
	.can = can,
	.make = make,
	.state = state,
	.after_close = end,
};

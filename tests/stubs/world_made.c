// SPDX-License-Identifier: GPL-2.0
/* world_made.c: the fixtures that annotations declare: what one call makes, a descriptor or an
 * identifier of another kind, whose number differs between the sides. */
#include "world.h"

static bool is_able(const struct st_fixture *f)
{
	return st_stub(f->nr) && (!f->id || st_stub(f->end_nr));
}

static u64 value(struct side *s, const struct st_arg *a, int slot)
{
	return a->kind == ST_BUF  ? buffer_make(slot, a->name, s)
	       : a->kind == ST_ID ? (u64)s->id[a->num]
				  : (u64)a->num;
}

static long make_call(struct side *s, u16 nr, const struct st_arg arg[6])
{
	u64 v[6];

	for (int i = 0; i < 6; i++)
		v[i] = value(s, &arg[i], i);
	return side_call(s, nr, v[0], v[1], v[2], v[3], v[4], v[5]);
}

static void make(struct side *s, u16 ports[FX_COUNT])
{
	(void)ports;
	for (u32 k = 0; k < st_suite.nfixtures; k++) {
		const struct st_fixture *f = &st_suite.fixture[k];
		long r;

		if (!is_able(f))
			continue;
		r = need(s, f->name, make_call(s, f->nr, f->arg));
		if (f->id)
			s->id[k] = r;
		else
			settle(s, FX_DECLARED + (int)k, r);
	}
}

static void state(struct side *s, char *buf, size_t size)
{
	(void)s, (void)buf, (void)size;
}

static void end(struct side *s)
{
	for (u32 k = 0; k < st_suite.nfixtures; k++)
		if (st_suite.fixture[k].id && is_able(&st_suite.fixture[k]))
			make_call(s, st_suite.fixture[k].end_nr, st_suite.fixture[k].end);
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

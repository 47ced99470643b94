// SPDX-License-Identifier: GPL-2.0
/* early_world.c: see early_world.h. */
#include "early_world.h"

struct world *w;

int setup(void **state)
{
	(void)state;
	w = calloc(1, sizeof(*w));
	w->base = hostdom_map(SD_REGION_SIZE);
	inline_init(&w->dom, &w->wake_page);
	sd_sregion_init(&w->reg, w->base, NULL, &hostdom_ops);
	sd_poll_add(&w->dom.poll, &w->reg);
	sd_qp_init(&w->qp, w->base, 0, &w->wake_page, &inline_transport);
	w->qp.may_early = true;
	inline_kick(&w->qp);
	hostdom_take = (struct hostdom_take){.log = malloc(LOG_ROOM), .room = LOG_ROOM};
	return 0;
}

int teardown(void **state)
{
	(void)state;
	free(hostdom_take.log);
	hostdom_take.log = NULL;
	munmap(w->base, SD_REGION_SIZE);
	free(w);
	return 0;
}

/* Byte number `at` of all bytes sent. */
static u8 pattern(u64 at)
{
	return (u8)(at * 7 + (at >> 8) * 13);
}

static void next_bytes(u64 len)
{
	u64 i;

	for (i = 0; i < len; i++)
		w->buf[i] = pattern(w->sent + i);
}

void begin_take(struct sd_call *c, u64 fd, u64 len)
{
	next_bytes(len);
	sd_call_begin(&w->qp, c, HD_TAKE);
	c->arg[0] = fd;
	c->arg[1] = sd_put(c, w->buf, len);
	if (c->status == SD_TOO_BIG && w->qp.early.on) { /* as sd_domain_call() */
		sd_call_end(c);
		sd_early_settle(&w->qp);
		begin_take(c, fd, len);
		return;
	}
	c->arg[2] = len;
	sd_call_credit(c, fd);
}

long give(u64 fd, u64 len)
{
	struct sd_call c;
	long ret = -1;

	begin_take(&c, fd, len);
	assert_int_equal(sd_call_early(&c, &ret, 1, 2, true), SD_OK);
	assert_int_equal(sd_call_end(&c), SD_OK);
	if (ret > 0)
		w->sent += (u64)ret;
	return ret;
}

long waited(u64 fd, u64 len)
{
	struct sd_call c;
	long ret = -1;

	begin_take(&c, fd, len);
	assert_int_equal(sd_call_wait(&c, &ret), SD_OK);
	assert_int_equal(sd_call_end(&c), SD_OK);
	if (ret > 0)
		w->sent += (u64)ret;
	return ret;
}

void echo_is(u64 v)
{
	struct sd_call c;
	long ret = -1;

	sd_call_begin(&w->qp, &c, HD_ECHO);
	c.arg[0] = v;
	assert_int_equal(sd_call_wait(&c, &ret), SD_OK);
	assert_int_equal(sd_call_end(&c), SD_OK);
	assert_int_equal(ret, v);
}

void earn(u8 level)
{
	hostdom_take.credit = level;
	assert_int_equal(waited(FD, 0), 0);
}

void gives_early(u64 fd, u64 len)
{
	u32 before = hostdom_take.calls + w->qp.early.on;

	assert_int_equal(give(fd, len), len);
	assert_true(w->qp.early.on);
	assert_int_equal(hostdom_take.calls, before);
}

void gives_waited(u64 fd, u64 len)
{
	assert_int_equal(give(fd, len), len);
	assert_false(w->qp.early.on);
	assert_int_equal(hostdom_take.len, w->sent);
}

void all_taken(void)
{
	u64 i;

	assert_int_equal(hostdom_take.len, w->sent);
	assert_true(w->sent <= LOG_ROOM);
	for (i = 0; i < w->sent; i++)
		if (hostdom_take.log[i] != pattern(i))
			fail_msg("byte %lu of %lu is not the one sent", (unsigned long)i,
				 (unsigned long)w->sent);
}

void at_rest(void)
{
	struct sd_call c;

	assert_int_equal(w->qp.status, SD_OK);
	assert_false(w->qp.early.on);
	assert_int_equal(w->qp.busy, 0);
	assert_int_equal(w->reg.qp[0].busy, 0);
	sd_call_begin(&w->qp, &c, HD_ECHO);
	assert_int_equal(w->qp.level, SD_OFF_MIN);
	assert_int_equal(sd_room(&c, SD_ARENA_SIZE - SD_OFF_MIN), SD_OFF_MIN);
	assert_int_equal(sd_call_end(&c), SD_OK);
}

void says(u32 n, s64 a, s64 b, s64 c, s64 d)
{
	hostdom_take.says[0] = a;
	hostdom_take.says[1] = b;
	hostdom_take.says[2] = c;
	hostdom_take.says[3] = d;
	hostdom_take.nsays = n;
	hostdom_take.said = 0;
}

void domain_runs(void)
{
	sd_poll_settle(&w->dom.poll);
	hostdom_round(&w->dom, ~0u);
}

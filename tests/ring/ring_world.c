// SPDX-License-Identifier: GPL-2.0
/* ring_world.c: see ring_world.h. */
#include "ring_world.h"

struct world *w;
int fault;

int sd_copy_from_prog(void *dst, const void *prog, u64 len)
{
	if (fault)
		return -EFAULT;
	memcpy(dst, prog, len);
	return 0;
}

int sd_copy_to_prog(void *prog, const void *src, u64 len)
{
	if (fault)
		return -EFAULT;
	memcpy(prog, src, len);
	return 0;
}

struct sd_qp *qp(u32 i)
{
	static struct sd_qp l[SD_QPS];

	sd_qp_init(&l[i], w->base, i, &w->wake_page, &inline_transport);
	inline_kick(&l[i]);
	return &l[i];
}

int setup(void **state)
{
	(void)state;
	w = calloc(1, sizeof(*w));
	w->base = hostdom_map(SD_REGION_SIZE);
	w->base2 = hostdom_map(SD_REGION_SIZE);
	inline_init(&w->dom, &w->wake_page);
	fault = 0;
	sd_sregion_init(&w->reg, w->base, NULL, &hostdom_ops);
	sd_sregion_init(&w->other, w->base2, NULL, &hostdom_ops);
	sd_poll_add(&w->dom.poll, &w->reg);
	sd_poll_add(&w->dom.poll, &w->other);
	sd_qp_init(&w->qp, w->base, 0, &w->wake_page, &inline_transport);
	sd_qp_init(&w->second, w->base2, 5, &w->wake_page, &inline_transport);
	inline_kick(&w->qp);
	inline_kick(&w->second);
	return 0;
}

int teardown(void **state)
{
	(void)state;
	munmap(w->base, SD_REGION_SIZE);
	munmap(w->base2, SD_REGION_SIZE);
	free(w);
	return 0;
}

enum sd_status call(struct sd_qp *l, u16 op, u64 a, u64 b, u64 c, long *ret)
{
	struct sd_call k;

	sd_call_begin(l, &k, op);
	k.arg[0] = a;
	k.arg[1] = b;
	k.arg[2] = c;
	sd_call_wait(&k, ret);
	return sd_call_end(&k);
}

void echo_is(struct sd_qp *l, u64 v)
{
	long ret = -1;

	assert_int_equal(call(l, HD_ECHO, v, 0, 0, &ret), SD_OK);
	assert_int_equal(ret, v);
}

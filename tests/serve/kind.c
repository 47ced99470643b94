// SPDX-License-Identifier: GPL-2.0
/* kind.c: see kind.h: what is the same for every kind. */
#include "kind.h"

long call4(struct sd_qp *l, u16 op, u64 a, u64 b, u64 c, u64 d)
{
	struct sd_call k;
	long ret = -1;

	sd_call_begin(l, &k, op);
	k.arg[0] = a;
	k.arg[1] = b;
	k.arg[2] = c;
	k.arg[3] = d;
	assert_int_equal(sd_call_wait(&k, &ret), SD_OK);
	sd_call_end(&k);
	return ret;
}

void attach(struct dclient *c, struct sd_qp *l, uint32_t parent)
{
	assert_int_equal(domain_attach(&dom, c, parent, 0), 0);
	dclient_qp(&dom, c, l, 0);
}

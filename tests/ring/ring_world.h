/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ring_world.h: two clients' regions and a domain in one thread, for the tests of rings. The domain
 * runs where a client would wait.
 */
#ifndef RING_WORLD_H
#define RING_WORLD_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include <sd/batch.h>
#include <sd/qp.h>
#include <sd/serve_path.h>
#include "inline_domain.h"

struct world {
	struct sd_wake_page wake_page;
	struct hostdom dom;
	struct sd_sregion reg, other;
	struct sd_qp qp, second;
	void *base, *base2;
};

extern struct world *w;
extern int fault; /* copies from and to the program fail */

int setup(void **state);
int teardown(void **state);
/* Queue pair i of the first client, its doorbell rung. */
struct sd_qp *qp(u32 i);
enum sd_status call(struct sd_qp *l, u16 op, u64 a, u64 b, u64 c, long *ret);
void echo_is(struct sd_qp *l, u64 v);

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif

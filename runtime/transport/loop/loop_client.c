// SPDX-License-Identifier: MIT
/* loop_client.c: the client's end of loop, see loop.h. */
#include <sd/qp.h>
#include "loop.h"

static void loop_kick(struct sd_qp *l)
{
	(void)l;
}

static u32 loop_wait(struct sd_qp *l, const u32 *word, u32 pending, u32 want)
{
	(void)want;
	if (sd_loop_serve(l->index))
		return SD_PROTO;
	return sd_load_acquire(word) != pending ? SD_OK : SD_DEAD;
}

static bool loop_alive(const struct sd_region_head *head, const struct sd_wake_page *wake_page)
{
	(void)wake_page;
	return !sd_load_relaxed(&head->ended);
}

const struct sd_client_side sd_loop_client = {
	.kick = loop_kick,
	.hint = loop_kick,
	.wait = loop_wait,
	.alive = loop_alive,
};

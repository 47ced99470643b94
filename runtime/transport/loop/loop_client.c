// SPDX-License-Identifier: MIT
/* loop_client.c: the client's end of loop, see loop.h. */
#include <sd/lane.h>
#include "loop.h"

static void loop_kick(struct sd_lane *l)
{
	(void)l;
}

static u32 loop_wait(struct sd_lane *l, const u32 *word, u32 pending, u32 want)
{
	(void)want;
	if (sd_loop_serve(l->index))
		return SD_PROTO;
	return sd_load_acquire(word) != pending ? SD_OK : SD_DEAD;
}

const struct sd_transport sd_transport_loop = {
	.name = "loop",
	.kick = loop_kick,
	.hint = loop_kick,
	.wait = loop_wait,
};

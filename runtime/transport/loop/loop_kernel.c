// SPDX-License-Identifier: GPL-2.0
/* loop_kernel.c: the kernel's end of loop: the calling thread is a kernel task and serves its own
 * calls. */
#include <linux/errno.h>
#include <sd/serve_path.h>
#include "../../kernel/serve.h"
#include "loop.h"

static struct sd_client *client;
static struct sd_worker *self;

/* The supervisor's part, where there is none: root, with all that root has. */
static void tell_rights(void *base)
{
	struct sd_lane_mem *lane = base + SD_HEAD_SIZE;
	const struct sd_ctl_rights all = {
		.permitted = ~0ull, .effective = ~0ull, .bounding = ~0ull};

	memcpy(lane->arena, &all, sizeof(all));
}

int sd_loop_attach(void *base)
{
	const struct sd_ctl_attach root = {.client = 1};
	int err = 0;

	if (!self) {
		sd_serve_setup();
		self = sd_pool_adopt();
		if (!self)
			return -ENOMEM;
	}
	if (client) {
		sd_client_end(client, SD_ENDED_CLOSED);
		sd_client_detach(client->id);
	}
	tell_rights(base);
	client = sd_client_make(&root, base, -1, &err);
	return err;
}

int sd_loop_serve(u32 lane)
{
	struct sd_slane *l = &client->reg.lane[lane % SD_LANES];
	u32 late;
	int ret;

	while (!client->ending && (ret = sd_srv_take(l, sd_poller.table, &self->req))) {
		if (ret < 0)
			sd_client_end(client, SD_ENDED_PROTO);
		else
			sd_serve_call(self);
	}
	if (!client->ending && sd_srv_cancel(l, &late))
		sd_srv_cancelled(l, late);
	return client->ending ? -EPROTO : 0;
}

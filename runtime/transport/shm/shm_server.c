// SPDX-License-Identifier: GPL-2.0
/* shm_server.c: the domain's end of shm: attaches and detaches regions as the supervisor
 * requests, and wakes clients that sleep on their word. Polling is in runtime/core. */
#include <linux/errno.h>
#include <asm/sd.h>
#include <sd/transport.h>
#include "../../kernel/serve.h"

static int shm_attach(const struct sd_event *ev)
{
	int err = 0;

	if (ev->region_size != SD_REGION_SIZE || !ev->region)
		return -EINVAL;
	if (!ev->attach.client)
		return -EINVAL;
	sd_client_make(&ev->attach, ev->region, ev->notify_fd, &err);
	return err;
}

static int shm_detach(const struct sd_event *ev)
{
	return sd_client_detach(ev->client);
}

static void shm_wake(u32 *word)
{
	sd_machine->wake(word);
}

const struct sd_server_side sd_shm_server = {
	.attach = shm_attach,
	.detach = shm_detach,
	.wake = shm_wake,
};

// SPDX-License-Identifier: GPL-2.0
/* shm_kernel.c: the domain's end of shm: regions come and go by the supervisor's word. The polling
 * is runtime/core's. */
#include <linux/errno.h>
#include "../../kernel/serve.h"

int sd_shm_attach(const struct sd_event *ev)
{
	int err = 0;

	if (ev->region_size != SD_REGION_SIZE || !ev->region)
		return -EINVAL;
	if (!ev->attach.client)
		return -EINVAL;
	sd_client_make(&ev->attach, ev->region, ev->bell_fd, &err);
	return err;
}

int sd_shm_detach(const struct sd_event *ev)
{
	return sd_client_detach(ev->client);
}

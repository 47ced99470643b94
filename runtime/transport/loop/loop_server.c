// SPDX-License-Identifier: GPL-2.0
/* loop_server.c: the kernel's end of loop: the calling thread is a kernel task and serves its
 * own calls. There is one client at a time, and no supervisor: the payload attaches. */
#include <linux/errno.h>
#include <sd/serve_path.h>
#include <sd/transport.h>
#include "../../kernel/serve.h"
#include "loop.h"

static struct sd_client *client;
static struct sd_worker *self;

/* Writes the credentials, as a supervisor would: root with all capabilities. */
static void loop_tell_cred(void *base)
{
	struct sd_qp_mem *qp = base + SD_HEAD_SIZE;
	const struct sd_ctl_cred all = {.permitted = ~0ull, .effective = ~0ull, .bounding = ~0ull};

	memcpy(qp->arena, &all, sizeof(all));
}

static int loop_attach(const struct sd_event *ev)
{
	int err = 0;

	loop_tell_cred(ev->region);
	client = sd_client_make(&ev->attach, ev->region, ev->notify_fd, &err);
	return err;
}

static int loop_detach(const struct sd_event *ev)
{
	client = NULL;
	return sd_client_detach(ev->client);
}

const struct sd_server_side sd_loop_server = {
	.attach = loop_attach,
	.detach = loop_detach,
};

int sd_loop_attach(void *base)
{
	const struct sd_event ev = {.type = SD_CTL_ATTACH,
				    .attach = {.client = 1},
				    .client = 1,
				    .region = base,
				    .region_size = SD_REGION_SIZE,
				    .notify_fd = -1};

	if (!self) {
		sd_serving = sd_transport_server("loop");
		sd_serve_setup();
		self = sd_pool_adopt();
		if (!self)
			return -ENOMEM;
	}
	if (client) {
		sd_client_end(client, SD_ENDED_CLOSED);
		sd_serving->detach(&ev);
	}
	return sd_serving->attach(&ev);
}

int sd_loop_serve(u32 qp)
{
	struct sd_sqp *l = &client->reg.qp[qp % SD_QPS];
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

long sd_loop_direct(long (*fn)(u64, u64, u64, u64, u64, u64), const u64 arg[6])
{
	long ret = fn(arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);

	sd_exit_work();
	return ret;
}

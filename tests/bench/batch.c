// SPDX-License-Identifier: GPL-2.0
/*
 * batch SOCKET DEPTH MS: null calls through the client library by a program that links it, DEPTH in
 * flight (1: one at a time, answered in place).
 */
#include "attach.h"
#include "bench.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sd/batch.h>
#include <sd/qp.h>

static struct sd_qp qp;
static unsigned int depth;

static void wrong(const char *what, int st)
{
	fprintf(stderr, "bench: %s: status %d\n", what, st);
	exit(1);
}

static void one(void *arg)
{
	static u64 n;
	struct sd_call c;
	long ret;

	(void)arg;
	sd_call_begin(&qp, &c, SD_OP_NULL);
	c.arg[0] = ++n & 0xffff;
	enum sd_status st = sd_call_wait(&c, &ret);

	sd_call_end(&c);
	if (st != SD_OK || ret != (long)(n & 0xffff))
		wrong("null call", st);
}

static void many(void *arg)
{
	struct sd_batch b;
	u64 a[6] = {0}, cookie, sum = 0;
	enum sd_status st = SD_OK;
	long ret;

	(void)arg;
	sd_batch_begin(&b, &qp);
	for (u64 i = 0; i < depth && st == SD_OK; i++) {
		a[0] = i;
		st = sd_batch_add(&b, SD_OP_NULL, a, i);
	}
	if (st == SD_OK)
		st = sd_batch_wait(&b);
	while (st == SD_OK && sd_batch_next(&b, &cookie, &ret, &st))
		sum += ret == (long)cookie;
	sd_batch_end(&b);
	if (st != SD_OK || sum != depth)
		wrong("batch", st);
}

int main(int argc, char **argv)
{
	struct outsider o;
	int err;

	if (argc < 4)
		return 2;
	depth = atoi(argv[2]);
	if (depth < 1 || depth > SD_RING)
		return 2;
	err = outsider_attach(&o, argv[1]);
	if (err) {
		errno = -err;
		die("attach");
	}
	sd_qp_init(&qp, o.head, 0, o.wake_page, sd_transport_client(NULL));
	measure(depth > 1 ? many : one, NULL, depth, atoi(argv[3]));
	outsider_detach(&o);
	return 0;
}

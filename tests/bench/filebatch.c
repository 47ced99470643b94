// SPDX-License-Identifier: GPL-2.0
/*
 * filebatch SOCKET DIR DEPTH MS: 4 KiB preads of a cached 4 MiB file of the domain by a program
 * that links the client library, DEPTH in flight. What was read is looked at where the domain put
 * it; meanwhile the domain reads on.
 */
#include "attach.h"
#include "bench.h"
#include <block/client.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sd/batch.h>
#include <sd/qp.h>

#define BLOCK  4096
#define CACHED (4 << 20)

static struct sd_qp qp;
static unsigned int depth;
static u64 seen;

static void wrong(const char *what, long st)
{
	fprintf(stderr, "bench: %s: %ld\n", what, st);
	exit(1);
}

static u64 somewhere(void)
{
	static u64 x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x % (CACHED / BLOCK) * BLOCK;
}

static void add(struct sd_batch *b, u64 fd, u64 room)
{
	u64 arg[6] = {fd, room, BLOCK, somewhere()};
	enum sd_status st = sd_batch_add(b, SD_BLOCK_PREAD64, arg, room);

	if (st != SD_OK)
		wrong("add", st);
}

/* The room of what was read first. */
static u64 next_read(struct sd_batch *b)
{
	enum sd_status st;
	u64 room;
	long ret;

	if (!sd_batch_next(b, &room, &ret, &st) || st != SD_OK || ret != BLOCK)
		wrong("pread", ret);
	return room;
}

/* The lines of the one after it come meanwhile. */
static void consume(struct sd_batch *b, u64 room, u64 after)
{
	const u64 *p = sd_at(&b->c, room);
	const u8 *q = sd_at(&b->c, after);

	for (int i = 0; i < BLOCK; i += 64)
		__builtin_prefetch(q + i);
	for (int i = 0; i < BLOCK / 8; i++)
		seen += p[i];
}

/* ROUND preads, of which half of the depth is awaited at a time. */
#define ROUND 1024

static void many(void *arg)
{
	unsigned int some = depth / 2 ?: 1, made = 0;
	u64 fd = *(u64 *)arg, room[SD_RING];
	struct sd_batch b;

	sd_batch_begin(&b, &qp);
	for (; made < depth; made++)
		add(&b, fd, sd_room(&b.c, BLOCK));
	for (unsigned int taken = 0; taken < ROUND; taken += some) {
		if (sd_batch_some(&b, some) != SD_OK)
			wrong("batch", b.c.status);
		for (unsigned int i = 0; i < some; i++)
			room[i] = next_read(&b);
		for (unsigned int i = 0; i < some; i++) {
			consume(&b, room[i], room[i + 1 < some ? i + 1 : i]);
			if (made++ < ROUND)
				add(&b, fd, room[i]);
		}
	}
	sd_batch_end(&b);
}

static u64 filled(const char *dir)
{
	static char buf[65536], path[256];
	u64 a[6] = {(u64)AT_FDCWD, (u64)path, O_RDWR | O_CREAT, 0644}, fd;
	long ret;

	snprintf(path, sizeof(path), "%s/bench.batch", dir);
	if (sd_block_stub_openat(&qp, &ret, a) != SD_OK || ret < 0)
		wrong(path, ret);
	fd = (u64)ret;
	memset(buf, 'k', sizeof(buf));
	for (u64 at = 0; at < CACHED; at += sizeof(buf)) {
		u64 w[6] = {fd, (u64)buf, sizeof(buf), at};

		if (sd_block_stub_pwrite64(&qp, &ret, w) != SD_OK || ret != sizeof(buf))
			wrong("pwrite", ret);
	}
	return fd;
}

int main(int argc, char **argv)
{
	struct outsider o;
	u64 fd;

	if (argc < 5)
		return 2;
	depth = atoi(argv[3]);
	if (depth < 1 || depth > SD_RING || depth & (depth - 1))
		return 2;
	errno = -outsider_attach(&o, argv[1]);
	if (errno)
		die("attach");
	sd_qp_init(&qp, o.head, 0, o.wake_page, sd_transport_client(NULL));
	fd = filled(argv[2]);
	measure(many, &fd, ROUND, atoi(argv[4]));
	outsider_detach(&o);
	return seen == 1; /* never: it was looked at */
}

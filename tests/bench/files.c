// SPDX-License-Identifier: GPL-2.0
/*
 * files WHAT DIR MS: one operation on files below DIR, over and over.
 *      pread, pwrite   4 KiB at random places of a 4 MiB file that is cached; what was read is
 *                      looked at
 *      direct          4 KiB O_DIRECT reads at random places of a 64 MiB file
 *      fdatasync       4 KiB overwritten, then fdatasync
 *      create          create, write 4 KiB, close
 *      meta            create, chmod, rename, stat, unlink: time of one of the five
 *      seqwrite        64 KiB of a 256 MiB sequential write that ends with fsync (MS is not looked
 *                      at)
 */
#define _GNU_SOURCE
#include "bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK  4096
#define CHUNK  65536
#define CACHED (4 << 20)
#define LARGE  (64 << 20)
#define ROUND  64 /* files made, and then removed */

static char *buf;
static uint64_t seen;

static off_t somewhere(off_t size)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (off_t)(x % (uint64_t)(size / BLOCK)) * BLOCK;
}

static void consume(void)
{
	const uint64_t *p = (const uint64_t *)buf;

	for (int i = 0; i < BLOCK / 8; i++)
		seen += p[i];
}

static void one_pread(void *arg)
{
	if (pread(*(int *)arg, buf, BLOCK, somewhere(CACHED)) != BLOCK)
		die("pread");
	consume();
}

static void one_pwrite(void *arg)
{
	if (pwrite(*(int *)arg, buf, BLOCK, somewhere(CACHED)) != BLOCK)
		die("pwrite");
}

static void one_direct(void *arg)
{
	if (pread(*(int *)arg, buf, BLOCK, somewhere(LARGE)) != BLOCK)
		die("O_DIRECT pread");
}

static void one_fdatasync(void *arg)
{
	one_pwrite(arg);
	if (fdatasync(*(int *)arg))
		die("fdatasync");
}

/* A file of size bytes, all of them on the disk. */
static int filled(off_t size, int flags)
{
	int fd = open("bench.data", O_RDWR | O_CREAT, 0644);

	if (fd < 0)
		die("bench.data");
	for (off_t at = 0; at < size; at += CHUNK)
		if (pwrite(fd, buf, CHUNK, at) != CHUNK)
			die("bench.data");
	if (fsync(fd))
		die("fsync");
	close(fd);
	fd = open("bench.data", O_RDWR | flags);
	if (fd < 0)
		die("bench.data");
	return fd;
}

static void over(void (*op)(void *), off_t size, int flags, int ms)
{
	int fd = filled(size, flags);

	measure(op, &fd, 1, ms);
	close(fd);
	unlink("bench.data");
}

static void create(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		die(name);
	if (write(fd, buf, BLOCK) != BLOCK || close(fd))
		die(name);
}

static void make_files(void)
{
	char name[32];

	for (int i = 0; i < ROUND; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		create(name);
	}
}

static void remove_files(void)
{
	char name[32];

	for (int i = 0; i < ROUND; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		if (unlink(name))
			die(name);
	}
}

static void change_files(void)
{
	char name[32], other[32];
	struct stat st;

	for (int i = 0; i < ROUND; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		snprintf(other, sizeof(other), "g%d", i);
		int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);

		if (fd < 0 || close(fd) || chmod(name, 0600) || rename(name, other) ||
		    stat(other, &st) || unlink(other))
			die(name);
	}
}

/* Rounds, of which only `timed` counts: the median round. */
static void rounds(void (*timed)(void), void (*after)(void), int per_op, int ms)
{
	static double v[4096];
	int64_t end = now_ns() + ms * 1000000LL;
	double sum = 0;
	long n = 0;

	timed(); /* warm */
	if (after)
		after();
	do {
		int64_t t0 = now_ns();

		timed();
		v[n] = (double)(now_ns() - t0) / per_op;
		sum += v[n++];
		if (after)
			after();
	} while (now_ns() < end && n < 4096);
	print_samples(v, n, sum / n, n * per_op);
}

static void seqwrite(void)
{
	enum { CHUNKS = (256 << 20) / CHUNK };
	int64_t t0 = now_ns();
	int fd = open("bench.data", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	double ns;

	if (fd < 0)
		die("bench.data");
	for (int i = 0; i < CHUNKS; i++)
		if (write(fd, buf, CHUNK) != CHUNK)
			die("write");
	if (fsync(fd) || close(fd))
		die("fsync");
	ns = (double)(now_ns() - t0) / CHUNKS;
	unlink("bench.data");
	print_samples(&ns, 1, ns, CHUNKS);
}

int main(int argc, char **argv)
{
	const char *what = argv[1];
	int ms;

	if (argc < 4 || chdir(argv[2]))
		die("usage: files WHAT DIR MS");
	ms = atoi(argv[3]);
	buf = aligned_alloc(BLOCK, CHUNK);
	if (!buf)
		die("memory");
	memset(buf, 'k', CHUNK);
	if (!strcmp(what, "pread"))
		over(one_pread, CACHED, 0, ms);
	else if (!strcmp(what, "pwrite"))
		over(one_pwrite, CACHED, 0, ms);
	else if (!strcmp(what, "direct"))
		over(one_direct, LARGE, O_DIRECT, ms);
	else if (!strcmp(what, "fdatasync"))
		over(one_fdatasync, CACHED, 0, ms);
	else if (!strcmp(what, "create"))
		rounds(make_files, remove_files, ROUND, ms);
	else if (!strcmp(what, "meta"))
		rounds(change_files, NULL, 5 * ROUND, ms);
	else if (!strcmp(what, "seqwrite"))
		seqwrite();
	else
		die(what);
	return seen == 1; /* never: it was looked at */
}

// SPDX-License-Identifier: GPL-2.0
/* killed_file.c: ways of being in a call on a file in $FAULT_DIR; see killed.h. Data that was
 * fsync()ed before must be there afterwards. */
#include "check.h"
#include "killed.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DURABLE 100000
static char path[4200];

static const char *in_dir(const char *name)
{
	snprintf(path, sizeof(path), "%s/killed.%s", getenv("FAULT_DIR"), name);
	return path;
}

static int in_pwrite(struct way *w)
{
	char out[5000], in[5000];

	for (uint64_t i = 0; !killed_native || !w->ep; i++) {
		fill_pattern(out, sizeof(out), i);
		if (pwrite(w->fd[0], out, sizeof(out), i % 100 * 4999) != sizeof(out) ||
		    pread(w->fd[0], in, sizeof(in), i % 100 * 4999) != sizeof(in))
			return errno;
		if (check_pattern(in, sizeof(in), i))
			return EBADMSG;
	}
	return 0;
}

static int in_fsync(struct way *w)
{
	while (!killed_native || !w->ep)
		if (pwrite(w->fd[0], "x", 1, 0) != 1 || fsync(w->fd[0]))
			return errno;
	return 0;
}

static int in_stat(struct way *w)
{
	char name[4200];
	struct stat st;

	snprintf(name, sizeof(name), "%s/killed.%s", getenv("FAULT_DIR"), w->name);
	while (!killed_native || !w->ep)
		if (stat(name, &st))
			return errno;
	return 0;
}

/* fd[1], another open file, has the lock. */
static int in_flock(struct way *w)
{
	return again(flock(w->fd[0], LOCK_EX));
}

static int in_setlkw(struct way *w)
{
	struct flock l = {.l_type = F_WRLCK};

	return again(fcntl(w->fd[0], F_OFD_SETLKW, &l));
}

static int in_fifo(struct way *w)
{
	char c;

	return again(read(w->fd[0], &c, 1));
}

static struct way ways[] = {
	{.name = "pwrite", .call = in_pwrite}, {.name = "fsync", .call = in_fsync},
	{.name = "stat", .call = in_stat},     {.name = "flock", .call = in_flock},
	{.name = "setlkw", .call = in_setlkw}, {.name = "fifo", .call = in_fifo},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static int durable(void)
{
	static char buf[DURABLE];
	int fd = open(in_dir("durable"), O_RDWR | O_CREAT, 0600);

	fill_pattern(buf, sizeof(buf), 1);
	CHECK(fd >= 0);
	CHECK(!write_all(fd, buf, sizeof(buf)));
	CHECK(!fsync(fd));
	CHECK(!close(fd));
	return 0;
}

static int prepare(struct way *w)
{
	struct flock l = {.l_type = F_WRLCK};

	w->ep = 0;
	if (w == ways)
		CHECK(!durable());
	if (w->call == in_fifo)
		CHECK(!mkfifo(in_dir(w->name), 0600));
	CHECK((w->fd[0] = open(in_dir(w->name), O_RDWR | O_CREAT, 0600)) >= 0);
	CHECK((w->fd[1] = open(in_dir(w->name), O_RDWR, 0600)) >= 0);
	if (w->call == in_flock)
		CHECK(!flock(w->fd[1], LOCK_EX));
	if (w->call == in_setlkw)
		CHECK(!fcntl(w->fd[1], F_OFD_SETLK, &l));
	return 0;
}

static void end_waits(void)
{
	for (size_t i = 0; i < WAYS; i++) {
		ways[i].ep = 1;
		if (ways[i].call == in_fifo && write(ways[i].fd[1], "x", 1) != 1)
			perror("killed: fifo");
		close(ways[i].fd[1]);
	}
}

static void after(void)
{
	int fd = ways[0].fd[0];
	char c, from[4200], to[4200];
	struct stat st;

	snprintf(from, sizeof(from), "%s", in_dir("pwrite"));
	snprintf(to, sizeof(to), "%s", in_dir("moved"));
	AFTER("read", read(fd, &c, 1));
	AFTER("write", write(fd, "x", 1));
	AFTER("lseek", lseek(fd, 0, SEEK_SET));
	AFTER("fstat", fstat(fd, &st));
	AFTER("ftruncate", ftruncate(fd, 0));
	AFTER("flock", flock(fd, LOCK_UN));
	AFTER("fsync", fsync(fd));
	AFTER("stat", stat(from, &st));
	AFTER("open", open(from, O_RDONLY));
	AFTER("mkdir", mkdir(to, 0700));
	AFTER("rename", rename(from, to));
	AFTER("unlink", unlink(from));
}

static int works_again(void)
{
	static char buf[DURABLE];
	int fd = open(in_dir("durable"), O_RDWR);

	CHECK(fd >= 0);
	CHECK(!read_all(fd, buf, sizeof(buf)));
	CHECK(!check_pattern(buf, sizeof(buf), 1));
	CHECK(!close(fd));
	for (int i = 0; i < 50; i++) {
		CHECK((fd = open(in_dir("again"), O_RDWR | O_CREAT | O_TRUNC, 0600)) >= 0);
		fill_pattern(buf, sizeof(buf), i);
		CHECK(!write_all(fd, buf, sizeof(buf)));
		CHECK(!lseek(fd, 0, SEEK_SET));
		CHECK(!read_all(fd, buf, sizeof(buf)));
		CHECK(!check_pattern(buf, sizeof(buf), i));
		CHECK(!flock(fd, LOCK_EX));
		CHECK(!close(fd));
	}
	return 0;
}

static ssize_t use(struct way *w)
{
	struct stat st;

	return fstat(w->fd[0], &st);
}

const struct killed killed_file = {"file", ways, WAYS, prepare, end_waits, after, works_again, use};

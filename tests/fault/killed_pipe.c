// SPDX-License-Identifier: GPL-2.0
/* killed_pipe.c: ways of being in a call on a pipe; see killed.h. */
#include "check.h"
#include "killed.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int in_read(struct way *w)
{
	char c;

	return again(read(w->fd[0], &c, 1));
}

/* Never read, so writes block. fd[0] is the end that is written to here. */
static int in_write(struct way *w)
{
	static char big[1 << 17];

	for (;;)
		if (write(w->fd[0], big, sizeof(big)) < 0)
			return errno;
}

static struct way ways[] = {
	{.name = "read", .call = in_read},	     {.name = "poll", .call = in_poll},
	{.name = "poll_one", .call = in_poll_one},   {.name = "echo", .call = in_echo},
	{.name = "write_blocked", .call = in_write},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static int prepare(struct way *w)
{
	int p[2], writes = w->call == in_write || w->call == in_echo;

	CHECK(!pipe(p));
	w->fd[0] = p[writes];
	w->fd[1] = p[!writes];
	return 0;
}

static void end_waits(void)
{
	for (size_t i = 0; i < WAYS; i++)
		close(ways[i].fd[1]);
}

static void after(void)
{
	int r = ways[0].fd[0], w = ways[WAYS - 1].fd[0], p[2];
	char c;

	AFTER("read", read(r, &c, 1));
	AFTER("write", write(w, "x", 1));
	AFTER("fcntl", fcntl(r, F_GETFL));
	AFTER("pipe", pipe(p));
}

static int works_again(void)
{
	static char out[50000], in[50000];
	int p[2];

	CHECK(!pipe(p));
	for (int i = 0; i < 200; i++) {
		fill_pattern(out, sizeof(out), i);
		CHECK(!write_all(p[1], out, sizeof(out)));
		CHECK(!read_all(p[0], in, sizeof(in)));
		CHECK(!check_pattern(in, sizeof(in), i));
	}
	close(p[0]), close(p[1]);
	return 0;
}

static ssize_t use(struct way *w)
{
	return fcntl(w->fd[0], F_GETFL);
}

const struct killed killed_pipe = {"pipe", ways, WAYS, prepare, end_waits, after, works_again, use};

// SPDX-License-Identifier: GPL-2.0
/* victim_pipe.c: a victim with pipes; see victim.h. */
#include "check.h"
#include "victim.h"
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static int p[2];

static void take(int slot, int observer)
{
	(void)slot, (void)observer;
	int64_t t0 = now_ns();

	if (pipe(p))
		exit(1);
	victim_took(t0);
}

static void *echo_in(void *arg)
{
	int own[2];
	char c = 'x';

	(void)arg;
	if (pipe(own))
		exit(1);
	for (;;)
		if (write_all(own[1], &c, 1) || read_all(own[0], &c, 1))
			exit(1);
}

static void echo(void)
{
	echo_in(NULL);
}

static void stream(void)
{
	static char big[1 << 17];

	if (!fork())
		for (;;)
			if (read(p[0], big, sizeof(big)) <= 0)
				_exit(1);
	for (;;)
		if (write(p[1], big, sizeof(big)) <= 0)
			exit(1);
}

static void blocked(void)
{
	char c;

	exit(read(p[0], &c, 1) != 1);
}

static void threads(void)
{
	pthread_t th;

	for (int i = 0; i < 3; i++)
		pthread_create(&th, NULL, echo_in, NULL);
	echo_in(NULL);
}

static void waits(void)
{
	struct pollfd f = {p[0], POLLIN, 0};

	exit(poll(&f, 1, -1));
}

static void forks(void)
{
	for (int depth = 0; depth < 6 && !fork(); depth++)
		p[1] = dup(p[1]);
	blocked();
}

const struct victim victim_pipe = {
	"pipe", take, {echo, stream, blocked, threads, waits, victim_leaves, forks}};

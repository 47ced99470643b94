// SPDX-License-Identifier: GPL-2.0
/* world.c: the fixtures of a case, made by world_*.c: each side has those that the domain's
 * calls can make. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#define ST_NAME(name) #name,
static const char *const names[FX_DECLARED] = {ST_FIXTURES(ST_NAME)};

/* In the order they are made; compared and closed in reverse order: a set before what it
 * watches. */
static const struct maker *const makers[] = {&maker_tcp,  &maker_udp,	&maker_unix, &maker_epoll,
					     &maker_pipe, &maker_files, &maker_made};
#define MAKERS (sizeof(makers) / sizeof(makers[0]))

bool world_patient;
static bool able[MAKERS];

static bool has_calls(const u16 *nr)
{
	for (; *nr != 0xffff; nr++)
		if (!st_stub(*nr))
			return false;
	return true;
}

bool world_fds(void)
{
	return st_stub(SYS_close) && (st_stub(SYS_dup2) || st_stub(SYS_dup3) || st_stub(SYS_fcntl));
}

void world_probe(struct side *s)
{
	if (!world_fds())
		printf("no descriptors as fixtures: they need close, and dup2, dup3 or fcntl\n");
	for (size_t i = 0; i < MAKERS; i++)
		able[i] = (world_fds() || makers[i] == &maker_made) &&
			  has_calls(makers[i]->needs) && (!makers[i]->can || makers[i]->can(s));
	printf("fixtures:");
	for (size_t i = 0; i < MAKERS; i++)
		if (able[i])
			printf(" %s", makers[i]->name);
	printf("\n");
}

bool world_has(int fixture)
{
	for (size_t i = 0; i < MAKERS; i++)
		if (able[i] && fixture >= makers[i]->first && fixture <= makers[i]->last)
			return fixture >= FX_DECLARED
				       ? made_is_able(fixture - FX_DECLARED)
				       : makers[i] != &maker_files || tree_opens(fixture);
	return false;
}

const char *world_name(int fixture)
{
	if (fixture < FX_DECLARED)
		return names[fixture];
	fixture -= FX_DECLARED;
	return fixture < (int)st_suite.nfixtures ? st_suite.fixture[fixture].name : "none";
}

long need(struct side *s, const char *what, long r)
{
	if (r < 0)
		st_die("%s: cannot make the fixtures: %s: %s", s->name, what, strerror((int)-r));
	return r;
}

/* By any call that the domain has for it. */
static long renumber(struct side *s, long fd, int to)
{
	if (st_stub(SYS_dup2))
		return side_call(s, SYS_dup2, (u64)fd, (u64)to, 0, 0, 0, 0);
	if (st_stub(SYS_dup3))
		return side_call(s, SYS_dup3, (u64)fd, (u64)to, 0, 0, 0, 0);
	return side_call(s, SYS_fcntl, (u64)fd, F_DUPFD, (u64)to, 0, 0, 0);
}

void settle(struct side *s, int i, long fd)
{
	if (need(s, world_name(i), renumber(s, fd, FX_FD(i))) != FX_FD(i))
		st_die("%s: fixture %s: fd %d is taken", s->name, world_name(i), FX_FD(i));
	need(s, "close", side_call(s, SYS_close, (u64)fd, 0, 0, 0, 0, 0));
	s->there[i] = true;
}

void settle_nonblock(struct side *s, int i, long fd)
{
	settle(s, i, fd);
	need(s, "fcntl", side_call(s, SYS_fcntl, FX_FD(i), F_SETFL, O_RDWR | O_NONBLOCK, 0, 0, 0));
}

void world_make(struct side *s, u16 ports[FX_COUNT])
{
	memset(s->there, 0, sizeof(s->there));
	for (size_t i = 0; i < MAKERS; i++)
		if (able[i])
			makers[i]->make(s, ports);
}

void world_abandon(struct side *s)
{
	for (int i = 0; i < FX_COUNT; i++)
		if (s->there[i])
			side_call(s, SYS_close, FX_FD(i), 0, 0, 0, 0, 0);
	for (size_t i = MAKERS; i--;)
		if (able[i] && makers[i]->after_close)
			makers[i]->after_close(s);
}

void world_end(struct side *s)
{
	for (size_t i = MAKERS; i--;)
		if (able[i] && makers[i]->before_close)
			makers[i]->before_close(s);
	world_abandon(s);
}

/* ---- state ---- */

u32 sum(u32 h, const u8 *p, size_t n)
{
	while (n--)
		h = (h ^ *p++) * 16777619u;
	return h;
}

void add(char *buf, size_t size, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, size - n, fmt, ap);
	va_end(ap);
}

static void flags(struct side *s, char *buf, size_t size)
{
	for (int i = FX_COUNT - 1; i >= 0; i--)
		if (s->there[i])
			add(buf, size, "%s: flags %lx fd %lx\n", world_name(i),
			    side_call(s, SYS_fcntl, FX_FD(i), F_GETFL, 0, 0, 0, 0),
			    side_call(s, SYS_fcntl, FX_FD(i), F_GETFD, 0, 0, 0, 0));
}

void world_state(struct side *s, char *buf, size_t size)
{
	if (st_stub(SYS_fcntl))
		flags(s, buf, size);
	for (size_t i = MAKERS; i--;)
		if (able[i])
			makers[i]->state(s, buf, size);
}

// SPDX-License-Identifier: GPL-2.0
/* greedy_raw.c: see greedy.h. Its client is attached again after it was ended. */
#define _GNU_SOURCE
#include "greedy.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sd/rpc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DATA	     4096 /* offset in the arena; shorter data is before it */
#define SIZE	     128
#define ADDRESS	     256
#define ADDRESS_SIZE sizeof(struct sockaddr_in)
#define KEY	     512
#define POLLED	     800
#define GROUPS	     65536

static struct outsider o;
static u32 n;		   /* calls it made */
static u32 posted[SD_QPS]; /* calls that it didn't wait for */
static u32 listens;	   /* 1 + its listener; 0: none */
static u32 port = 20000;   /* that it is bound to */

/* Their numbers are op[], in the order of CONNECTION in fault.py. */
enum { SOCKET, BIND, LISTEN, CONNECT, ACCEPT, SETSOCKOPT, SENDTO, CLOSE, POLL };

static s64 outside(u16 what, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	struct sd_entry entry = {.op = what, .arg = {a, b, c, d, e}};
	s64 ret = 0;

	outsider_post(&o, 0, n, &entry);
	return outsider_answer(&o, 0, n++, &ret, 20000) > 0 ? ret : -ENOMEM;
}

static u8 *arena(void)
{
	return outsider_qp(&o, 0)->arena;
}

static s64 there(void)
{
	if (o.head && !o.head->ended)
		return 0;
	n = 0;
	listens = 0;
	memset(posted, 0, sizeof(posted));
	return outsider_attach(&o, socket_path);
}

static int result(s64 ret)
{
	errno = (int)-ret;
	return ret < 0 ? -1 : 0;
}

static s64 fill(u64 fd)
{
	s64 ret;

	*(int *)(arena() + SIZE) = 1 << 20;
	outside(op[SETSOCKOPT], fd, SOL_SOCKET, SO_SNDBUF, SIZE, 4);
	while ((ret = outside(op[SENDTO], fd, DATA, sizeof(data), MSG_DONTWAIT, 0)) > 0)
		;
	return ret == -EAGAIN ? 0 : ret;
}

static void address(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				.sin_port = htons((u16)port)};

	memcpy(arena() + ADDRESS, &a, sizeof(a));
}

/* At the next port that is free. */
static s64 listener(void)
{
	s64 fd = outside(op[SOCKET], AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, 0, 0), ret;

	if (fd < 0)
		return fd;
	do {
		port++;
		address();
		ret = outside(op[BIND], (u64)fd, ADDRESS, ADDRESS_SIZE, 0, 0);
	} while (ret == -EADDRINUSE && port < 65535);
	if (!ret)
		ret = outside(op[LISTEN], (u64)fd, 4096, 0, 0, 0);
	if (!ret)
		listens = (u32)fd + 1;
	return ret;
}

/* Within the domain it is there when connect() returns, unless its listener has enough. */
static s64 connection(void)
{
	s64 ret = there(), fd;

	if (!ret && !listens)
		ret = listener();
	if (ret)
		return ret;
	fd = outside(op[SOCKET], AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, 0, 0);
	if (fd < 0)
		return fd;
	address();
	ret = outside(op[CONNECT], (u64)fd, ADDRESS, ADDRESS_SIZE, 0, 0);
	if (!ret || ret == -EINPROGRESS)
		return fd;
	outside(op[CLOSE], (u64)fd, 0, 0, 0, 0);
	return ret;
}

static s64 full_pair(u32 fd[2])
{
	s64 ret = connection();

	if (ret < 0)
		return ret;
	fd[0] = (u32)ret;
	ret = outside(op[ACCEPT], listens - 1, SD_OFF_NULL, SD_OFF_NULL, SOCK_NONBLOCK, 0);
	if (ret < 0)
		return ret;
	fd[1] = (u32)ret;
	ret = 0;
	for (int i = 0; !ret && i < 2; i++)
		ret = fill(fd[i]);
	return ret;
}

int one_ticketed(void)
{
	u32 fd[2];
	s64 ret = full_pair(fd);

	for (int i = 0; !ret && i < 2; i++) {
		ret = outside(SD_OP_TICKET, fd[i], KEY, 0, 0, 0);
		outside(op[CLOSE], fd[i], 0, 0, 0, 0);
	}
	return result(ret);
}

/* A call that waits for the same two files many times. */
int one_polled(void)
{
	static u32 qp;
	u32 fd[2], k = 1 + qp++ % (SD_QPS - 1);
	struct sd_entry entry = {.op = op[POLL], .arg = {DATA, POLLED, (u64)-1}};
	s64 ret = full_pair(fd);
	struct pollfd *p;

	if (ret || o.head->ended || posted[k])
		return result(ret ? ret : -EAGAIN);
	p = (void *)(outsider_qp(&o, k)->arena + DATA);
	for (int i = 0; i < POLLED; i++)
		p[i] = (struct pollfd){.fd = (int)fd[i & 1], .events = POLLPRI};
	outsider_post(&o, k, posted[k]++, &entry);
	return 0;
}

/* ---- connections that are never accepted ---- */
int one_embryo(void)
{
	s64 fd = connection(), ret;

	if (fd < 0)
		return result(fd);
	ret = outside(op[SENDTO], (u64)fd, DATA, 1, MSG_DONTWAIT, 0);
	if (ret > 0)
		ret = fill((u64)fd);
	if (ret == -EAGAIN)
		listens = 0; /* it has enough */
	outside(op[CLOSE], (u64)fd, 0, 0, 0, 0);
	return result(ret);
}

/* ---- files with their opener's credentials ---- */
int one_of_groups(void)
{
	static u32 file;
	s64 ret = there();
	u32 *group;

	if (ret)
		return result(ret);
	group = (void *)(arena() + DATA);
	for (u32 i = 0; i < GROUPS; i++)
		group[i] = 70000 + i;
	ret = outside(op[0], GROUPS, DATA, 0, 0, 0);
	if (ret)
		return result(ret);
	snprintf((char *)arena() + ADDRESS, KEY - ADDRESS, "%s/greedy-groups%u",
		 getenv("FAULT_DIR"), file++);
	return result(outside(op[1], ADDRESS, O_RDWR | O_CREAT, 0600, 0, 0));
}

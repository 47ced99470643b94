// SPDX-License-Identifier: GPL-2.0
/* greedy_raw.c: see greedy.h. Its client is attached again after it was ended. */
#define _GNU_SOURCE
#include "greedy.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sd/rpc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define DATA	4096 /* offset in the arena; shorter data is before it */
#define FDS	64
#define SIZE	128
#define ADDRESS 256
#define NAME	8 /* of an address, after the zero byte */
#define KEY	512
#define MESSAGE 640
#define VECTOR	704
#define RIGHTS	768
#define LEVELS	40
#define COPIES	100
#define POLLED	800
#define GROUPS	65536

static struct outsider o;
static u32 n;		   /* calls it made */
static u32 posted[SD_QPS]; /* calls that it didn't wait for */
static u32 listens;	   /* its listener, with at most BACKLOG pending connections; 0: none */

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

static s64 fill(u64 fd, u16 setsockopt_op, u16 sendto_op)
{
	s64 ret;

	*(int *)(arena() + SIZE) = 1 << 20;
	outside(setsockopt_op, fd, SOL_SOCKET, SO_SNDBUF, SIZE, 4);
	while ((ret = outside(sendto_op, fd, DATA, sizeof(data), MSG_DONTWAIT, 0)) > 0)
		;
	return ret == -EAGAIN ? 0 : ret;
}

static s64 pair(u32 fd[2])
{
	s64 ret = there();

	if (ret)
		return ret;
	ret = outside(op[0], AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, FDS, 0);
	memcpy(fd, arena() + FDS, 8);
	return ret;
}

static s64 full_pair(u32 fd[2])
{
	s64 ret = pair(fd);

	for (int i = 0; !ret && i < 2; i++)
		ret = fill(fd[i], op[1], op[2]);
	return ret;
}

int one_unix(void)
{
	u32 fd[2];

	return result(full_pair(fd));
}

int one_ticketed(void)
{
	u32 fd[2];
	s64 ret = full_pair(fd);

	for (int i = 0; !ret && i < 2; i++) {
		ret = outside(SD_OP_TICKET, fd[i], KEY, 0, 0, 0);
		outside(op[3], fd[i], 0, 0, 0, 0);
	}
	return result(ret);
}

/* A call that waits for the same two files many times. */
int one_polled(void)
{
	static u32 qp;
	u32 fd[2], k = 1 + qp++ % (SD_QPS - 1);
	struct sd_entry entry = {.op = op[3], .arg = {DATA, POLLED, (u64)-1}};
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
static void address(u32 which)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path + 1, NAME + 1, "g%07u", which);
	memcpy(arena() + ADDRESS, &a, sizeof(a.sun_family) + 1 + NAME);
}

static s64 listener(void)
{
	static u32 last;
	s64 fd = outside(op[0], AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, 0, 0), ret;

	if (fd < 0)
		return fd;
	address(++last);
	ret = outside(op[1], fd, ADDRESS, 3 + NAME, 0, 0);
	if (!ret)
		ret = outside(op[2], fd, 4096, 0, 0, 0);
	if (!ret)
		listens = last;
	return ret;
}

int one_embryo(void)
{
	s64 ret = there(), fd;

	if (!ret && !listens)
		ret = listener();
	if (ret)
		return result(ret);
	fd = outside(op[0], AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, 0, 0);
	if (fd < 0)
		return result(fd);
	address(listens);
	ret = outside(op[3], fd, ADDRESS, 3 + NAME, 0, 0);
	if (!ret)
		ret = fill(fd, op[4], op[5]);
	if (ret == -EAGAIN)
		listens = 0; /* it has enough */
	outside(op[6], fd, 0, 0, 0, 0);
	return result(ret);
}

/* ---- sockets in messages of sockets ---- */
struct rights {
	struct cmsghdr head;
	u32 fd[COPIES];
};

static s64 send_pair(u32 to, const u32 fd[2])
{
	/* struct msghdr with offsets for pointers: name, its length, vector, its length, control,
	 * its length, flags */
	const u64 m[7] = {SD_OFF_NULL, 0, VECTOR, 1, RIGHTS, sizeof(struct rights)},
		  v[2] = {DATA, 1};
	struct rights *r = (void *)(arena() + RIGHTS);

	memcpy(arena() + MESSAGE, m, sizeof(m));
	memcpy(arena() + VECTOR, v, sizeof(v));
	r->head = (struct cmsghdr){CMSG_LEN(sizeof(r->fd)), SOL_SOCKET, SCM_RIGHTS};
	for (int i = 0; i < COPIES; i++)
		r->fd[i] = fd[i & 1];
	return outside(op[4], to, MESSAGE, 0, 0, 0);
}

/* Each message contains the next one's socket many times: following all of them would never end. */
int one_nested(void)
{
	u32 in[2], out[2];
	s64 ret = full_pair(in);

	for (int i = 0; ret >= 0 && i < LEVELS; i++) {
		ret = pair(out);
		if (ret)
			break;
		ret = send_pair(out[0], in);
		for (int k = 0; k < 2; k++)
			outside(op[3], in[k], 0, 0, 0, 0);
		memcpy(in, out, sizeof(in));
	}
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

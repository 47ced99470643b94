// SPDX-License-Identifier: GPL-2.0
/*
 * escalate.c: a program that was attached as root drops its privileges, here and in the domain, and
 * tries all ways to regain them from the supervisor (rules: sd/control.h).
 *
 *      escalate SOCKET DIR OPEN CLOSE SETGROUPS SETRESGID SETRESUID SETUID     (numbers of calls)
 */
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sd/control_msg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attach.h"
#include "check.h"

#define USER	  65533
#define ANSWER_MS 20000

enum { OPEN, CLOSE, SETGROUPS, SETRESGID, SETRESUID, SETUID, OPS };

static u16 op[OPS];
static const char *socket_path;
static char secret[256];
static u32 done[2]; /* entries of o's queue pair, of a child's */

static s64 call(const struct outsider *o, u32 *n, int which, u64 a, u64 b, u64 c)
{
	struct sd_entry e = {.op = op[which], .arg = {a, b, c}};
	s64 ret = -EPROTO;

	outsider_post(o, 0, *n, &e);
	if (outsider_answer(o, 0, (*n)++, &ret, ANSWER_MS) != 1)
		return -ETIMEDOUT;
	return ret;
}

static s64 open_file(const struct outsider *o, u32 *n, const char *path, int flags)
{
	strcpy((char *)outsider_qp(o, 0)->arena + 64, path);
	return call(o, n, OPEN, 64, flags, 0600);
}

static s64 open_secret(const struct outsider *o, u32 *n, int flags)
{
	return open_file(o, n, secret, flags);
}

/* Asks over a lifeline in the name of a new connection: its socket; *result is the answer's. */
static int pass(int lifeline, u16 type, u64 key, int *result)
{
	union sd_ctl_room room;
	struct sd_ctl_msg m = {.type = type, .seq = 1, .u.ticket.key = {key, key}};
	struct iovec iov = {&m, sizeof(m)};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &room};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		return -1;
	sd_ctl_seal(&m, 1);
	mh.msg_controllen = sd_ctl_give(&room, &pair[1], 1);
	if (sendmsg(lifeline, &mh, MSG_NOSIGNAL) != sizeof(m) ||
	    recv(pair[0], &m, sizeof(m), 0) != sizeof(m))
		return -1;
	close(pair[1]);
	*result = m.result;
	return pair[0];
}

static int asks(int sock, u16 type)
{
	struct sd_ctl_msg m = {.type = type};
	int fd[3];

	return outsider_ask(sock, &m, fd);
}

static int rights_are_gone(const struct outsider *o, u32 *n)
{
	CHECK_EQ(open_secret(o, n, O_RDONLY), -EACCES);
	CHECK_EQ(call(o, n, SETUID, 0, 0, 0), -EPERM);
	return 0;
}

static int give_up(const struct outsider *o)
{
	CHECK_EQ(call(o, done, SETGROUPS, 0, 0, 0), 0);
	CHECK_EQ(call(o, done, SETRESGID, USER, USER, USER), 0);
	CHECK_EQ(call(o, done, SETRESUID, USER, USER, USER), 0);
	CHECK_EQ(setgroups(0, NULL), 0);
	CHECK_EQ(setresgid(USER, USER, USER), 0);
	CHECK_EQ(setresuid(USER, USER, USER), 0);
	return rights_are_gone(o, done);
}

/* A connection passed for a ticket or a share can't be used for anything else. */
static int passed(const struct outsider *o)
{
	static const u16 first[] = {SD_CTL_SHARE, SD_CTL_TICKET};
	static const u16 then[] = {SD_CTL_ATTACH, SD_CTL_HELLO, SD_CTL_STATUS,
				   SD_CTL_KILL,	  SD_CTL_DOWN,	SD_CTL_UP};

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < sizeof(then) / sizeof(then[0]); j++) {
			int result = 0, sock = pass(o->sock, first[i], 77 + j, &result);

			CHECK(sock >= 0);
			CHECK(asks(sock, then[j]) < 0);
			close(sock);
		}
	return 0;
}

static int no_power(int sock)
{
	CHECK_EQ(asks(sock, SD_CTL_KILL), -EPERM);
	CHECK_EQ(asks(sock, SD_CTL_DOWN), -EPERM);
	CHECK_EQ(asks(sock, SD_CTL_UP), -EPERM);
	return 0;
}

/* A child gets its parent's current credentials. */
static int child(const struct outsider *o)
{
	struct outsider c;

	CHECK_EQ(outsider_child(&c, o), 0);
	if (rights_are_gone(&c, &done[1]) || no_power(c.sock))
		return 1;
	outsider_detach(&c);
	return 0;
}

/* A client whose channel the domain ended can't attach children. */
static int ended(const struct outsider *o)
{
	struct sd_entry lie = {.op = 4096};
	struct outsider c;

	outsider_post(o, 0, done[0], &lie);
	CHECK(outsider_ended(o, ANSWER_MS));
	CHECK(outsider_child(&c, o) < 0);
	return no_power(o->sock);
}

static int run(void)
{
	struct outsider o;
	int spare, held;

	CHECK_EQ(outsider_attach(&o, socket_path), 0);
	CHECK((spare = outsider_connect(socket_path)) >= 0);
	CHECK((held = outsider_connect(socket_path)) >= 0);
	CHECK(open_secret(&o, done, O_CREAT | O_RDWR) >= 0);
	CHECK_EQ(open_file(&o, done, "/beside", O_CREAT | O_RDWR),
		 -EROFS); /* no disk is there: it would be in RAM */
	if (give_up(&o) || passed(&o) || rights_are_gone(&o, done) || no_power(o.sock) || child(&o))
		return 1;
	CHECK_EQ(asks(spare, SD_CTL_ATTACH), -EACCES); /* root connected, not we */
	CHECK_EQ(asks(spare, SD_CTL_ATTACH), -EACCES);
	if (no_power(held))
		return 1;
	CHECK_EQ(outsider_connect(socket_path), -EACCES);
	return ended(&o);
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {{"escalate", run}};

	if (argc != 3 + OPS || geteuid()) {
		fprintf(stderr,
			"usage, by root: %s SOCKET DIR OPEN CLOSE SETGROUPS SETRESGID SETRESUID SETUID\n",
			argv[0]);
		return 2;
	}
	socket_path = argv[1];
	snprintf(secret, sizeof(secret), "%s/secret", argv[2]);
	for (int i = 0; i < OPS; i++)
		op[i] = atoi(argv[3 + i]);
	return check_main(1, argv, cases, 1);
}

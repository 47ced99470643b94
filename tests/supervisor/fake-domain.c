// SPDX-License-Identifier: GPL-2.0
/*
 * fake-domain.c: a domain process without a kernel: speaks the control protocol and misbehaves
 * according to its name, so that tests can reach all error paths of the supervisor. It serves no
 * calls.
 * Behaviour by name of the domain (argv[0] = "kdom:NAME"):
 *   good...    answers everything
 *   mute...    READY, then answers nothing
 *   noboot...  exits before READY
 *   liar...    answers an ATTACH that wasn't requested
 *   short...   sends a short packet
 *   refuse...  answers ATTACH with -EAGAIN
 *   crash...   exits with 3 on the first ATTACH
 *   faulty...  dies of SIGILL on the first ATTACH
 *   chatter... prints 20 MiB on the first ATTACH, as fast as it may, then its last words, and exits
 *       with 6
 *   older...   built before there were ABI hashes
 *   newer...   of a later ABI, with longer messages
 *   caller...  answers everything, and on an ATTACH asks to be attached to domain "good"
 *   nosy...    the same with domain "other"
 *   deaf...    READY, then doesn't even read
 *   greedy...  on an ATTACH makes requests and doesn't read the answers
 *   giver...   answers an ATTACH with a dozen fds
 *   noticket.. refuses TICKET and SHARE
 *   ender...   ends each client at once; twice...: says so twice; unborn...: ends one that nobody
 *              attached
 * Prints what it got, one line each, to its console.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sd/wake_page.h>
#include <sd/control_msg.h>

static const char *name;

static int is(const char *what)
{
	return !strncmp(name, what, strlen(what));
}

static size_t size_of(const struct sd_ctl_msg *m)
{
	if (is("short") && m->type != SD_CTL_READY)
		return 100;
	return sizeof(*m) + (is("newer") ? 64 : 0);
}

static void send_msg(struct sd_ctl_msg *m)
{
	sd_ctl_seal(m, 0);
	m->abi = is("older") ? 0 : SD_ABI + is("newer");
	if (send(SD_CTL_FD, m, size_of(m), 0) < 0)
		exit(5);
}

static ssize_t receive(struct sd_ctl_msg *m, int fds[SD_CTL_FDS_MAX])
{
	union sd_ctl_room room;
	struct sd_ctl_came came;
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &room,
			     .msg_controllen = sizeof(room)};
	ssize_t n = recvmsg(SD_CTL_FD, &msg, 0);

	sd_ctl_take(&came, &room, n < 0 ? 0 : msg.msg_controllen);
	if (came.nfds > SD_CTL_FDS_MAX)
		exit(6);
	for (uint32_t i = 0; i < SD_CTL_FDS_MAX; i++)
		fds[i] = i < came.nfds ? came.fd[i] : -1;
	return n;
}

static void ask_peer(void)
{
	struct sd_ctl_msg m = {.type = SD_CTL_PEER};

	strcpy(m.u.peer.name, is("nosy") ? "other" : "good");
	if (is("caller") || is("nosy"))
		send_msg(&m);
}

/* Its console never blocks: what doesn't fit is dropped. Only the last words wait for room. */
static void chatter(void)
{
	static char line[4096];
	static const char last[] = "\nthat was all\n";

	memset(line, '.', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 5120; i++)
		if (write(STDERR_FILENO, line, sizeof(line)) < 0)
			usleep(10);
	while (write(STDERR_FILENO, last, sizeof(last) - 1) < 0)
		usleep(1000);
	exit(6);
}

static void attach(const struct sd_ctl_msg *m, int fds[2])
{
	struct stat st = {0};

	fstat(fds[0], &st);
	printf("ATTACH client=%u parent=%u pid=%u uid=%u size=%lld seals=%x calls=%s\n",
	       m->u.attach.client, m->u.attach.parent, m->u.attach.pid, m->u.attach.uid,
	       (long long)st.st_size, fcntl(fds[0], F_GET_SEALS), m->u.attach.calls);
	close(fds[0]);
	close(fds[1]);
	if (is("faulty"))
		__builtin_trap();
	if (is("crash"))
		exit(3);
	if (is("chatter"))
		chatter();
	ask_peer();
}

/* More than any message has. */
static void give(struct sd_ctl_msg *m)
{
	union {
		char buf[CMSG_SPACE(12 * sizeof(int))];
		struct cmsghdr head;
	} control = {.head = {CMSG_LEN(12 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	int fds[12] = {0};

	memcpy(CMSG_DATA(&control.head), fds, sizeof(fds));
	sd_ctl_seal(m, 12);
	if (sendmsg(SD_CTL_FD, &msg, 0) < 0)
		exit(5);
}

/* When an ATTACH is answered. */
static void afterwards(const struct sd_ctl_msg *m)
{
	struct sd_ctl_msg end = {.type = SD_CTL_ENDED, .u.detach = {m->u.attach.client, -EPROTO}};
	struct sd_ctl_msg peer = {.type = SD_CTL_PEER};

	end.u.detach.client += is("unborn") ? 1000 : 0;
	for (int i = is("ender") || is("unborn") ? 1 : is("twice") ? 2 : 0; i; i--)
		send_msg(&end);
	for (int i = is("greedy") ? 2000 : 0; i; i--)
		send_msg(&peer);
	if (is("greedy"))
		pause();
}

/* Messages that aren't requests, or answers to ours. */
static int told(const struct sd_ctl_msg *m, int fds[SD_CTL_FDS_MAX])
{
	if (m->type == SD_CTL_PEER_GONE)
		printf("PEER_GONE %s\n", m->u.peer.name);
	else if (m->type == SD_CTL_REPLY)
		printf("PEER %s result=%d fds=%d,%d,%d\n", m->u.peer.name, m->result, fds[0] >= 0,
		       fds[1] >= 0, fds[2] >= 0);
	else
		return 0;
	for (int i = 0; i < SD_CTL_FDS_MAX; i++)
		close(fds[i]);
	return 1;
}

static void answer(struct sd_ctl_msg *m)
{
	struct sd_ctl_msg r = {.type = SD_CTL_REPLY, .of = m->type, .seq = m->seq};

	if (is("mute"))
		return;
	if (is("liar"))
		r.seq += 1000;
	if (is("refuse") && m->type == SD_CTL_ATTACH)
		r.result = -EAGAIN;
	if (is("noticket") && (m->type == SD_CTL_TICKET || m->type == SD_CTL_SHARE))
		r.result = -ENOENT;
	if (is("giver") && m->type == SD_CTL_ATTACH) {
		give(&r);
		return;
	}
	if (m->type == SD_CTL_STATS)
		r.u.stats.calls = 4711;
	send_msg(&r);
	if (m->type == SD_CTL_SHUTDOWN)
		exit(0);
}

int main(int argc, char **argv)
{
	union {
		struct sd_ctl_msg m;
		char room[sizeof(struct sd_ctl_msg) + 64];
	} u = {.m = {.type = SD_CTL_READY, .u.ready.boot_ns = 1500000}};
	struct sd_ctl_msg m;
	struct sd_wake_page *wake_page;
	int fds[SD_CTL_FDS_MAX];

	name = strchr(argv[0], ':') ? strchr(argv[0], ':') + 1 : argv[0];
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < argc; i++)
		printf("ARG %s\n", argv[i]);
	if (argc > 3 && !strcmp(argv[3], "--core")) /* as an image does */
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	wake_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, SD_WAKE_PAGE_FD, 0);
	if (wake_page == MAP_FAILED || !wake_page->alive)
		return 4;
	printf("GENERATION %u\n", wake_page->generation);
	if (is("noboot"))
		return 9;
	send_msg(&u.m);
	if (is("deaf"))
		pause();
	while (receive(&m, fds) == sizeof(m)) {
		if (told(&m, fds))
			continue;
		if (m.type == SD_CTL_ATTACH)
			attach(&m, fds);
		else if (m.type == SD_CTL_TICKET)
			printf("TICKET %llx hold=%u\n", (unsigned long long)m.u.ticket.key[0],
			       m.u.ticket.hold);
		else
			printf("TYPE %u client=%u\n", m.type, m.u.detach.client);
		answer(&m);
		if (m.type == SD_CTL_ATTACH)
			afterwards(&m);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
#include "attach.h"
#include <errno.h>
#include <linux/futex.h>
#include <sd/control_msg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 30 /* no domain or supervisor of ours takes so long */

static int post(int sock, struct sd_ctl_msg *m, int give)
{
	union sd_ctl_room room;
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &room};

	m->seq = 1;
	sd_ctl_seal(m, give >= 0);
	mh.msg_controllen = sd_ctl_give(&room, &give, give >= 0);
	return sendmsg(sock, &mh, MSG_NOSIGNAL) == sizeof(*m) ? 0 : -errno;
}

/* *m becomes the answer; returns how many fds came with it, or -errno. */
static int answer(int sock, struct sd_ctl_msg *m, int fd[3])
{
	union sd_ctl_room room;
	struct sd_ctl_came came;
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr mh = {.msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &room,
			    .msg_controllen = sizeof(room)};
	struct timeval limit = {PATIENCE_S, 0};
	ssize_t n;

	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	do
		n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? -ETIMEDOUT : -EREMOTEIO;
	sd_ctl_take(&came, &room, mh.msg_controllen);
	if (sd_ctl_check(SD_CTL_TO_CLIENT, m, n, mh.msg_flags, came.nfds) == SD_CTL_GOOD &&
	    m->type == SD_CTL_REPLY && !m->result) {
		memcpy(fd, came.fd, came.nfds * sizeof(int));
		return came.nfds;
	}
	while (came.nfds)
		close(came.fd[--came.nfds]);
	return m->result ? m->result : -EPROTO;
}

int outsider_ask(int sock, struct sd_ctl_msg *m, int fd[3])
{
	int err = post(sock, m, -1);

	return err ? err : answer(sock, m, fd);
}

/* Asks over o's lifeline in the name of a new connection: its socket, and the fds that came, or
 * -errno. */
static int ask_as(const struct outsider *o, struct sd_ctl_msg *m, int fd[3], int *nfd)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	err = post(o->sock, m, pair[1]);
	close(pair[1]);
	*nfd = err ? err : answer(pair[0], m, fd);
	if (*nfd >= 0)
		return pair[0];
	close(pair[0]);
	return *nfd;
}

static int attached(struct outsider *o, const struct sd_ctl_msg *m, const int fd[3])
{
	o->region_fd = fd[0], o->notify_fd = fd[1], o->page_fd = fd[2];
	o->id = m->u.attach.client;
	o->head = mmap(NULL, SD_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		       o->region_fd, 0);
	o->wake_page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, o->page_fd, 0);
	return o->head == MAP_FAILED || o->wake_page == MAP_FAILED ? -errno : 0;
}

int outsider_connect(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), err;

	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	if (sock < 0 || !connect(sock, (struct sockaddr *)&a, sizeof(a)))
		return sock < 0 ? -errno : sock;
	err = -errno;
	close(sock);
	return err;
}

int outsider_begin(struct outsider *o, const char *path)
{
	struct sd_ctl_msg m = {.type = SD_CTL_ATTACH};

	memset(o, 0, sizeof(*o));
	o->sock = outsider_connect(path);
	return o->sock < 0 ? o->sock : post(o->sock, &m, -1);
}

int outsider_attached(struct outsider *o)
{
	struct sd_ctl_msg m;
	int fd[3], nfd = answer(o->sock, &m, fd);

	if (nfd == 3)
		return attached(o, &m, fd);
	close(o->sock);
	return nfd < 0 ? nfd : -EPROTO;
}

int outsider_attach(struct outsider *o, const char *path)
{
	int err = outsider_begin(o, path);

	return err ? err : outsider_attached(o);
}

int outsider_child(struct outsider *o, const struct outsider *parent)
{
	struct sd_ctl_msg m = {.type = SD_CTL_ATTACH, .u.attach.parent = parent->id};
	int fd[3], nfd;

	memset(o, 0, sizeof(*o));
	o->sock = ask_as(parent, &m, fd, &nfd);
	return o->sock < 0 ? o->sock : nfd == 3 ? attached(o, &m, fd) : -EPROTO;
}

int outsider_share(const struct outsider *o, const u64 key[2])
{
	struct sd_ctl_msg m = {.type = SD_CTL_SHARE, .u.ticket.key = {key[0], key[1]}};
	int fd[3], nfd, sock = ask_as(o, &m, fd, &nfd);

	if (sock < 0)
		return sock;
	close(sock);
	return nfd == 1 ? fd[0] : -EPROTO;
}

int outsider_hold(const struct outsider *o, const u64 key[2])
{
	struct sd_ctl_msg m = {.type = SD_CTL_TICKET, .u.ticket.key = {key[0], key[1]}};
	int fd[3], nfd;

	return ask_as(o, &m, fd, &nfd);
}

void outsider_detach(struct outsider *o)
{
	close(o->sock), close(o->region_fd), close(o->notify_fd), close(o->page_fd);
	munmap(o->head, SD_REGION_SIZE);
	munmap((void *)o->wake_page, 4096);
}

struct sd_qp_mem *outsider_qp(const struct outsider *o, unsigned int qp)
{
	return (struct sd_qp_mem *)((char *)o->head + SD_HEAD_SIZE) + qp;
}

void outsider_ring(const struct outsider *o, unsigned int qp)
{
	__atomic_or_fetch(&o->head->doorbell[qp / 32], 1u << qp % 32, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&o->wake_page->sleeping, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &o->wake_page->sleeping, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void outsider_post(const struct outsider *o, unsigned int qp, u32 n, const struct sd_entry *e)
{
	struct sd_entry *to = &outsider_qp(o, qp)->sq[n % SD_RING];
	u32 seq = 2 * n + 1; /* without SD_F_SYNC: the next slot each time */

	to->op = e->op, to->flags = e->flags, to->ret = e->ret;
	memcpy(to->arg, e->arg, sizeof(e->arg));
	__atomic_store_n(&to->seq, seq, __ATOMIC_SEQ_CST);
	outsider_ring(o, qp);
}

static void pause_ms(void)
{
	struct timespec t = {0, 1000000};

	nanosleep(&t, NULL);
}

int outsider_answer(const struct outsider *o, unsigned int qp, u32 n, s64 *ret, int ms)
{
	struct sd_entry *e = &outsider_qp(o, qp)->sq[n % SD_RING];
	u32 want = 2 * n + 2;

	for (int i = 0; i <= ms; i++) {
		for (int spin = 0; spin < 1000; spin++)
			if (__atomic_load_n(&e->seq, __ATOMIC_ACQUIRE) == want) {
				*ret = e->ret;
				return 1;
			}
		if (__atomic_load_n(&o->head->ended, __ATOMIC_ACQUIRE))
			return -1;
		outsider_ring(o, qp);
		pause_ms();
	}
	return 0;
}

int outsider_ended(const struct outsider *o, int ms)
{
	for (int i = 0; i <= ms; i++) {
		if (__atomic_load_n(&o->head->ended, __ATOMIC_ACQUIRE) == SD_ENDED_PROTO)
			return 1;
		outsider_ring(o, 0);
		pause_ms();
	}
	return 0;
}

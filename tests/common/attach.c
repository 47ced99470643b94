// SPDX-License-Identifier: GPL-2.0
#include "attach.h"
#include <errno.h>
#include <linux/futex.h>
#include <sd/contract.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int ask(struct outsider *o, struct sd_ctl_msg *m, int fd[3])
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(3 * sizeof(int))];
	} ctl;
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl};

	m->magic = SD_CTL_MAGIC;
	m->version = SD_CTL_VERSION;
	m->contract = SD_CONTRACT;
	m->seq = 1;
	mh.msg_controllen = sizeof(ctl);
	if (send(o->sock, m, sizeof(*m), MSG_NOSIGNAL) != sizeof(*m))
		return -errno;
	if (recvmsg(o->sock, &mh, MSG_CMSG_CLOEXEC) != sizeof(*m))
		return -EREMOTEIO;
	if (m->result)
		return m->result;
	if (m->nfds != 3 || mh.msg_controllen < CMSG_LEN(3 * sizeof(int)))
		return -EPROTO;
	memcpy(fd, CMSG_DATA(&ctl.h), 3 * sizeof(int));
	return 0;
}

int outsider_attach(struct outsider *o, const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct sd_ctl_msg m = {.type = SD_CTL_ATTACH};
	int fd[3] = {-1, -1, -1}, err;

	memset(o, 0, sizeof(*o));
	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	o->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (o->sock < 0 || connect(o->sock, (struct sockaddr *)&a, sizeof(a)))
		return -errno;
	err = ask(o, &m, fd);
	if (err)
		return err;
	o->region_fd = fd[0], o->bell_fd = fd[1], o->page_fd = fd[2];
	o->id = m.u.attach.client;
	o->head = mmap(NULL, SD_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, o->region_fd, 0);
	o->bell = mmap(NULL, 4096, PROT_READ, MAP_SHARED, o->page_fd, 0);
	return o->head == MAP_FAILED || o->bell == MAP_FAILED ? -errno : 0;
}

void outsider_detach(struct outsider *o)
{
	close(o->sock), close(o->region_fd), close(o->bell_fd), close(o->page_fd);
	munmap(o->head, SD_REGION_SIZE);
	munmap((void *)o->bell, 4096);
}

struct sd_lane_mem *outsider_lane(const struct outsider *o, unsigned int lane)
{
	return (struct sd_lane_mem *)((char *)o->head + SD_HEAD_SIZE) + lane;
}

void outsider_ring(const struct outsider *o, unsigned int lane)
{
	__atomic_or_fetch(&o->head->doorbell[lane / 32], 1u << lane % 32, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&o->bell->sleeping, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &o->bell->sleeping, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void outsider_post(const struct outsider *o, unsigned int lane, u32 n, const struct sd_entry *e)
{
	struct sd_entry *to = &outsider_lane(o, lane)->sq[n % SD_RING];
	u32 seq = 2 * n + 1; /* without SD_F_SYNC: a slot further each time */

	to->op = e->op, to->flags = e->flags, to->ret = e->ret;
	memcpy(to->arg, e->arg, sizeof(e->arg));
	__atomic_store_n(&to->seq, seq, __ATOMIC_SEQ_CST);
	outsider_ring(o, lane);
}

static void pause_ms(void)
{
	struct timespec t = {0, 1000000};

	nanosleep(&t, NULL);
}

int outsider_answer(const struct outsider *o, unsigned int lane, u32 n, s64 *ret, int ms)
{
	struct sd_entry *e = &outsider_lane(o, lane)->sq[n % SD_RING];
	u32 want = 2 * n + 2;

	for (int i = 0; i <= ms; i++) {
		for (int spin = 0; spin < 1000; spin++)
			if (__atomic_load_n(&e->seq, __ATOMIC_ACQUIRE) == want) {
				*ret = e->ret;
				return 1;
			}
		if (__atomic_load_n(&o->head->ended, __ATOMIC_ACQUIRE))
			return -1;
		outsider_ring(o, lane);
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

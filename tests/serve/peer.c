// SPDX-License-Identifier: GPL-2.0
/* peer.c: see peer.h. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "peer.h"

#define QPS	 16u /* that a domain uses, see kernel/remote.c */
#define ITS_FD	 7
#define ATTACHES 64

static struct {
	pthread_t thread;
	struct domain *d;
	uint32_t stubs;
	u32 stop, attached;
	struct peer_says says;
	u8 *base[ATTACHES];
	int notify[ATTACHES];
} peer;

static int memory(const char *name, u64 size, void **at)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	*at = MAP_FAILED;
	if (fd >= 0 && !ftruncate(fd, (off_t)size))
		*at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*at == MAP_FAILED)
		abort();
	return fd;
}

static void attach_it(struct sd_ctl_msg *m)
{
	struct sd_ctl_msg r = {.type = SD_CTL_REPLY, .of = SD_CTL_PEER, .seq = m->seq};
	u32 n = peer.attached;
	struct sd_wake_page *page;
	int fds[3];

	if (n == ATTACHES)
		abort();
	fds[0] = memory("peer", SD_REGION_SIZE, (void **)&peer.base[n]);
	fds[1] = peer.notify[n] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fds[2] = memory("wake-page", 4096, (void **)&page);
	page->alive = 1;
	for (u32 i = 0; i < QPS; i++)
		((struct sd_qp_mem *)(peer.base[n] + SD_HEAD_SIZE))[i].domain.polled = 1;
	memcpy(r.u.peer.name, m->u.peer.name, SD_NAME_MAX);
	r.u.peer.stubs = peer.stubs;
	r.u.peer.region_size = SD_REGION_SIZE;
	sd_store_release(&peer.attached, n + 1);
	domain_send(peer.d, &r, fds, 3);
	close(fds[0]);
	close(fds[2]);
	munmap(page, 4096);
}

static s64 asked(const struct sd_qp_mem *l, const struct sd_entry *e)
{
	const u64 *vec = (const u64 *)(l->arena + e->arg[1]);
	s64 sum = 0;

	for (u64 i = 0; i < e->arg[2]; i++)
		sum += (s64)vec[2 * i + 1];
	return sum;
}

static s64 result(const struct sd_qp_mem *l, const struct sd_entry *e)
{
	switch (e->op) {
	case SD_OP_REDEEM:
		return ITS_FD;
	case SD_OP_CLOSE:
		return 0;
	default: /* readv, writev */
		return peer.says.by + (peer.says.more ? asked(l, e) : 0);
	}
}

static void serve(u32 n)
{
	struct sd_qp_mem *l = (struct sd_qp_mem *)(peer.base[n] + SD_HEAD_SIZE);
	u64 one = 1;

	for (u32 i = 0; i < QPS; i++)
		for (u32 s = 0; s < SD_RING; s++) {
			struct sd_entry *e = &l[i].sq[s];
			u32 seq = sd_load_acquire(&e->seq);

			if (seq % 2 == 0)
				continue;
			e->ret = result(&l[i], e);
			e->flags = 0;
			sd_store_release(&e->seq, seq + 1);
			if (write(peer.notify[n], &one, sizeof(one)) < 0)
				abort();
		}
}

static void *run(void *arg)
{
	struct sd_ctl_msg m;

	(void)arg;
	while (!sd_load_acquire(&peer.stop)) {
		ssize_t n = recv(peer.d->ctl, &m, sizeof(m), MSG_PEEK | MSG_DONTWAIT);

		/* What else comes is for the thread that asked. */
		if (n == sizeof(m) && m.type == SD_CTL_PEER &&
		    recv(peer.d->ctl, &m, sizeof(m), MSG_DONTWAIT) == sizeof(m))
			attach_it(&m);
		if (!n) /* it died: its clients are to know */
			sd_store_relaxed(&peer.d->wake_page->alive, 0);
		for (u32 i = 0; i < peer.attached; i++)
			serve(i);
		sched_yield();
	}
	return NULL;
}

void peer_start(struct domain *d, uint32_t stubs)
{
	memset(&peer, 0, sizeof(peer));
	peer.d = d;
	peer.stubs = stubs;
	if (pthread_create(&peer.thread, NULL, run, NULL))
		abort();
}

void peer_stop(void)
{
	sd_store_release(&peer.stop, 1);
	pthread_join(peer.thread, NULL);
	for (u32 n = 0; n < peer.attached; n++) {
		munmap(peer.base[n], SD_REGION_SIZE);
		close(peer.notify[n]);
	}
}

void peer_lie(struct peer_says says)
{
	peer.says = says; /* nothing is called meanwhile */
}

u32 peer_attached(void)
{
	return sd_load_acquire(&peer.attached);
}

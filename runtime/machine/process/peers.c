// SPDX-License-Identifier: MIT
/*
 * peers.c: domains that this one calls (sd/control.h, PEER). The vCPU requests a peer and releases
 * it; in between the control thread owns it: it maps what the supervisor sends, waits for
 * notifications as well as for its socket, and unmaps. A peer's notification raises SD_IRQ_PEER.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"

#define PEERS 8
#define PAGE  4096

struct peer {
	bool used;
	atomic_bool done; /* the vCPU has released it; set before the eventfd is signalled */
	char name[SD_NAME_MAX];
	void *region, *wake_page;
	uint64_t size;
	int notify_fd;
};

static struct peer peers[PEERS];

void machine_peers_allow(void)
{
	static const int calls[] = {SYS_poll};

	machine_seccomp_allow(calls, 1);
}

static void peer_release(struct peer *p)
{
	munmap(p->region, p->size);
	munmap(p->wake_page, PAGE);
	close(p->notify_fd);
	atomic_store(&p->done, false);
	p->used = false;
}

static void peer_notified(struct peer *p)
{
	uint64_t n;

	if (read(p->notify_fd, &n, sizeof(n)) < 0 && errno != EAGAIN && errno != EINTR)
		machine_die("peer %s: its notification: %s", p->name, strerror(errno));
	if (atomic_load(&p->done))
		peer_release(p);
	else
		machine_doorbell(SD_IRQ_PEER);
}

void machine_peers_wait(int ctl)
{
	struct pollfd fds[PEERS + 1];
	struct peer *who[PEERS + 1];
	int n;

	for (;;) {
		fds[0] = (struct pollfd){.fd = ctl, .events = POLLIN};
		n = 1;
		for (struct peer *p = peers; p < peers + PEERS; p++) {
			if (!p->used)
				continue;
			fds[n] = (struct pollfd){.fd = p->notify_fd, .events = POLLIN};
			who[n++] = p;
		}
		if (n == 1)
			return; /* receiving blocks as well */
		if (poll(fds, n, -1) < 0)
			continue;
		for (int i = 1; i < n; i++)
			if (fds[i].revents)
				peer_notified(who[i]);
		if (fds[0].revents)
			return;
	}
}

/* fds: region, notification eventfd, wake-up page; taken over on success. */
static int map_peer(struct peer *p, const struct sd_ctl_peer *m, const int *fds)
{
	p->size = m->region_size;
	p->region = mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	if (p->region == MAP_FAILED)
		return -errno;
	p->wake_page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fds[2], 0);
	if (p->wake_page == MAP_FAILED) {
		int err = -errno;

		munmap(p->region, p->size);
		return err;
	}
	p->notify_fd = fds[1];
	memcpy(p->name, m->name, sizeof(p->name));
	p->used = true;
	close(fds[0]);
	close(fds[2]);
	return 0;
}

int machine_peer_attached(const struct sd_ctl_msg *msg, const int *fds, struct sd_event *ev)
{
	struct peer *p = peers;

	ev->type = SD_CTL_PEER;
	ev->peer = msg->u.peer;
	ev->result = msg->result;
	if (msg->result)
		return 0;
	while (p < peers + PEERS && p->used)
		p++;
	ev->result = p == peers + PEERS ? -EMFILE : map_peer(p, &msg->u.peer, fds);
	if (ev->result)
		return -1;
	ev->region = p->region;
	ev->region_size = p->size;
	ev->peer_page = p->wake_page;
	return 0;
}

void machine_peer_done(void *region)
{
	uint64_t one = 1;

	for (struct peer *p = peers; p < peers + PEERS; p++) {
		if (!p->used || p->region != region)
			continue;
		atomic_store(&p->done, true);
		if (write(p->notify_fd, &one, sizeof(one)) < 0)
			machine_die("peer %s: its notification: %s", p->name, strerror(errno));
		return;
	}
}

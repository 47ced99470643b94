// SPDX-License-Identifier: MIT
/*
 * ctl.c: the domain's end of the control socket (sd/control.h). The control thread reads messages,
 * maps regions, and queues events for the kernel side; the vCPU sends the answers. The two share
 * the queue (one producer, one consumer) and the table of attached clients (locked; held for a few
 * instructions, never over a system call of unknown length).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process.h"
#include "sd/control_msg.h"

#define QUEUE 256

struct attached {
	uint32_t client; /* 0: free */
	int notify_fd;
	void *region;
	uint64_t size;
};

static struct sd_event queue[QUEUE];
static _Atomic uint32_t queue_head, queue_tail; /* consumer's, producer's */
static struct attached clients[SD_CLIENTS_MAX];
static pthread_mutex_t clients_lock = PTHREAD_MUTEX_INITIALIZER;

static void send_msg(struct sd_ctl_msg *msg)
{
	struct iovec iov = {msg, sizeof(*msg)};
	struct msghdr head = {.msg_iov = &iov, .msg_iovlen = 1};

	sd_ctl_seal(msg, 0);
	while (sendmsg(SD_CTL_FD, &head, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static void ctl_reply(uint16_t of, uint32_t seq, int result)
{
	struct sd_ctl_msg msg = {.type = SD_CTL_REPLY, .of = of, .seq = seq, .result = result};

	send_msg(&msg);
}

static struct attached *find_client(uint32_t client)
{
	for (int i = 0; i < SD_CLIENTS_MAX; i++)
		if (clients[i].client == client)
			return &clients[i];
	return NULL;
}

static int client_remember(const struct attached *a)
{
	struct attached *slot;
	int err = 0;

	pthread_mutex_lock(&clients_lock);
	slot = find_client(0);
	if (find_client(a->client))
		err = -EEXIST;
	else if (!slot)
		err = -EMFILE;
	else
		*slot = *a;
	pthread_mutex_unlock(&clients_lock);
	return err;
}

static bool client_recall(uint32_t client, bool forget, struct attached *a)
{
	struct attached *slot;

	pthread_mutex_lock(&clients_lock);
	slot = client ? find_client(client) : NULL;
	if (slot) {
		*a = *slot;
		if (forget)
			memset(slot, 0, sizeof(*slot));
	}
	pthread_mutex_unlock(&clients_lock);
	return slot;
}

static void client_release(const struct attached *a)
{
	munmap(a->region, a->size);
	close(a->notify_fd);
}

static void event_post(const struct sd_event *ev)
{
	uint32_t tail = atomic_load(&queue_tail);

	/* The queue is full because the kernel side is busy; the supervisor can wait. */
	while (tail - atomic_load(&queue_head) == QUEUE)
		sched_yield();
	queue[tail % QUEUE] = *ev;
	atomic_store(&queue_tail, tail + 1);
	machine_doorbell(SD_IRQ_EVENT);
}

static int client_attach(const struct sd_ctl_msg *msg, const int *fds, struct sd_event *ev)
{
	struct attached a = {.client = msg->u.attach.client,
			     .notify_fd = fds[1],
			     .size = msg->u.attach.region_size};
	int err;

	if (!a.client || !a.size)
		return -EINVAL;
	a.region = mmap(NULL, a.size, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	if (a.region == MAP_FAILED)
		return -errno;
	err = client_remember(&a);
	if (err) {
		munmap(a.region, a.size);
		return err;
	}
	close(fds[0]);
	ev->attach = msg->u.attach;
	ev->client = a.client;
	ev->region = a.region;
	ev->region_size = a.size;
	ev->notify_fd = a.notify_fd;
	return 0;
}

static void close_fds(const int *fds, int n)
{
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

/* A message about a domain that this one calls. It has no answer. */
static void handle_peer(const struct sd_ctl_msg *msg, const int *fds, int nfds)
{
	struct sd_event ev = {.type = msg->type, .peer = msg->u.peer};

	if (msg->type == SD_CTL_REPLY && machine_peer_attached(msg, fds, &ev))
		close_fds(fds, nfds);
	event_post(&ev);
}

static void message_handle(const struct sd_ctl_msg *msg, const int *fds, int nfds)
{
	struct sd_event ev = {.type = msg->type, .seq = msg->seq};
	bool expected = sd_ctl_expected(SD_CTL_TO_DOMAIN, msg, nfds);
	struct attached a;
	int err = 0;

	if (!expected && msg->type == SD_CTL_REPLY)
		machine_die("control socket: an answer without a request");
	if (expected && (msg->type == SD_CTL_REPLY || msg->type == SD_CTL_PEER_GONE)) {
		handle_peer(msg, fds, nfds);
		return;
	}
	ev.ticket = msg->u.ticket;
	if (!expected) {
		err = -EPROTO;
	} else if (msg->type == SD_CTL_SHARE) {
		err = machine_share_map(fds[0], &ev);
	} else if (msg->type == SD_CTL_ATTACH) {
		err = client_attach(msg, fds, &ev);
	} else if (msg->type == SD_CTL_DETACH) {
		ev.client = msg->u.detach.client;
		if (!client_recall(ev.client, false, &a))
			err = -ENOENT;
	}
	if (err) {
		close_fds(fds, nfds);
		ctl_reply(msg->type, msg->seq, err);
		return;
	}
	event_post(&ev);
}

static void message_check(const struct sd_ctl_msg *msg, size_t len, int flags, uint32_t nfds)
{
	switch (sd_ctl_check(SD_CTL_TO_DOMAIN, msg, len, flags, nfds)) {
	case SD_CTL_GOOD:
	case SD_CTL_UNEXPECTED: /* message_handle() answers it */
		return;
	case SD_CTL_ALIEN:
		machine_die(
			"control socket: kdom was built for another ABI (its hash is %08x, this "
			"image's %08x); run " SD_REBUILD " and restart the domain",
			msg->abi, SD_ABI);
	default:
		machine_die("control socket: not a message of version %u: %zu bytes, %u fds",
			    SD_CTL_VERSION, len, nfds);
	}
}

/* 1: a message; 0: the supervisor is gone. Dies on an invalid message, since the supervisor is
 * trusted. */
static int message_receive(struct sd_ctl_msg *msg, struct sd_ctl_came *came)
{
	union sd_ctl_room room;
	struct iovec iov = {.iov_base = msg, .iov_len = sizeof(*msg)};
	struct msghdr hdr = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &room,
			     .msg_controllen = sizeof(room)};
	ssize_t n;

	do
		n = recvmsg(SD_CTL_FD, &hdr, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return 0;
	sd_ctl_take(came, &room, hdr.msg_controllen);
	message_check(msg, n, hdr.msg_flags, came->nfds);
	return 1;
}

static void *ctl_thread(void *unused)
{
	struct sd_ctl_msg msg;
	struct sd_ctl_came came;

	for (;;) {
		machine_peers_wait(SD_CTL_FD);
		if (!message_receive(&msg, &came))
			break;
		message_handle(&msg, came.fd, came.nfds);
	}
	/* A domain ends with its supervisor: nobody else would notice when clients die. */
	machine_halt(0);
}

void machine_ctl_start(void)
{
	int err = machine_thread_start(ctl_thread, NULL);

	if (err)
		machine_die("control thread: %s", strerror(-err));
}

int machine_event(struct sd_event *ev)
{
	uint32_t head = atomic_load(&queue_head);

	if (head == atomic_load(&queue_tail))
		return 0;
	*ev = queue[head % QUEUE];
	atomic_store(&queue_head, head + 1);
	return 1;
}

void machine_event_done(const struct sd_event *ev, int result, const struct sd_ctl_stats *stats)
{
	struct sd_ctl_msg msg = {
		.type = SD_CTL_REPLY, .of = ev->type, .seq = ev->seq, .result = result};
	struct attached a;

	if ((ev->type == SD_CTL_DETACH || (ev->type == SD_CTL_ATTACH && result)) &&
	    client_recall(ev->client, true, &a))
		client_release(&a);
	if (ev->type == SD_CTL_SHARE && result)
		machine_share_unmap(ev->region, ev->share_fd);
	if (ev->type == SD_CTL_STATS && stats)
		msg.u.stats = *stats;
	send_msg(&msg);
	if (ev->type == SD_CTL_SHUTDOWN)
		machine_halt(0);
}

void machine_ended(uint32_t client, int reason)
{
	struct sd_ctl_msg msg = {.type = SD_CTL_ENDED};

	msg.u.detach.client = client;
	msg.u.detach.reason = reason;
	send_msg(&msg);
}

void machine_share_done(void *mem, int fd, const uint64_t key[2])
{
	struct sd_ctl_msg msg = {.type = SD_CTL_SHARE_GONE};

	machine_share_unmap(mem, fd);
	memcpy(msg.u.ticket.key, key, sizeof(msg.u.ticket.key));
	send_msg(&msg);
}

void machine_peer(const char *name)
{
	struct sd_ctl_msg msg = {.type = SD_CTL_PEER};

	strncpy(msg.u.peer.name, name, sizeof(msg.u.peer.name) - 1);
	send_msg(&msg);
}

int machine_notify(int notify_fd)
{
	uint64_t one = 1;

	return write(notify_fd, &one, sizeof(one)) == sizeof(one) ? 0 : -errno;
}

void machine_ready(uint64_t boot_ns, int serving, uint32_t stubs)
{
	struct sd_ctl_msg msg = {.type = SD_CTL_READY};

	msg.u.ready.boot_ns = boot_ns;
	msg.u.ready.stubs = stubs;
	msg.u.ready.unlocked = machine_unlocked;
	if (serving)
		send_msg(&msg);
}

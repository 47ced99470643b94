// SPDX-License-Identifier: MIT
/*
 * tap.c: network backend: a TAP fd that the supervisor opened. The vCPU writes to it. A thread
 * blocks reading it into a ring of packets (one producer: the thread; one consumer: the vCPU) and
 * rings the device's doorbell. When the ring is full the thread stops reading, and the host's queue
 * behind the TAP device takes over.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "process.h"

#define RING	   64
#define PACKET_MAX 9216	 /* a jumbo frame; the device's MTU bounds what the host sends */
#define BIG_MAX	   66048 /* an unsegmented TCP packet and its headers */
#define VNET_HDR   10
#define FRAGS_MAX  20

struct tap {
	int fd;
	unsigned int bit;
	_Atomic uint32_t head, tail; /* consumer's, producer's; free running */
	_Atomic uint32_t full;	     /* the thread waits on it for room */
	int vnet;
	size_t size; /* of one slot of the ring */
	uint32_t len[RING];
	uint8_t *packets;
};

static uint8_t *tap_slot(struct tap *tap, uint32_t n)
{
	return tap->packets + n % RING * tap->size;
}

static int tap_vnet(void *host)
{
	return ((struct tap *)host)->vnet;
}

static int tap_tx(void *host, const void *const frag[], const uint32_t len[], int n)
{
	struct tap *tap = host;
	struct iovec iov[FRAGS_MAX];

	if (n > FRAGS_MAX)
		return -EMSGSIZE;
	for (int i = 0; i < n; i++)
		iov[i] = (struct iovec){.iov_base = (void *)frag[i], .iov_len = len[i]};
	return writev(tap->fd, iov, n) < 0 ? -errno : 0;
}

static const void *tap_rx_peek(void *host, uint32_t *len)
{
	struct tap *tap = host;
	uint32_t head = atomic_load_explicit(&tap->head, memory_order_relaxed);

	if (head == atomic_load_explicit(&tap->tail, memory_order_acquire))
		return NULL;
	*len = tap->len[head % RING];
	return tap_slot(tap, head);
}

static void tap_rx_done(void *host)
{
	struct tap *tap = host;

	atomic_fetch_add(&tap->head, 1);
	if (atomic_load(&tap->full)) {
		atomic_store(&tap->full, 0);
		machine_wake((uint32_t *)&tap->full);
	}
}

static void wait_for_room(struct tap *tap)
{
	while (tap->tail - atomic_load(&tap->head) == RING) {
		atomic_store(&tap->full, 1);
		if (tap->tail - atomic_load(&tap->head) == RING)
			syscall(SYS_futex, &tap->full, FUTEX_WAIT, 1, NULL, NULL, 0);
		atomic_store(&tap->full, 0);
	}
}

static void *tap_thread(void *arg)
{
	struct tap *tap = arg;

	for (;;) {
		uint32_t tail = atomic_load_explicit(&tap->tail, memory_order_relaxed);
		ssize_t n;

		wait_for_room(tap);
		n = read(tap->fd, tap_slot(tap, tail), tap->size);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break; /* the interface is gone: no more packets, as on any network */
		tap->len[tail % RING] = n;
		atomic_store_explicit(&tap->tail, tail + 1, memory_order_release);
		machine_doorbell(tap->bit);
	}
	fprintf(stderr, "net device: reading the TAP fd ended: %s\n", strerror(errno));
	for (uint32_t never = 0;;) /* ending a thread needs calls that seccomp.c forbids */
		machine_wait(&never, 0, SD_NO_DEADLINE);
	return NULL;
}

static void tap_start(void *host)
{
	int err = machine_thread_start(tap_thread, host);

	if (err)
		machine_die("--dev=net: receive thread: %s", strerror(-err));
}

static const struct sd_net_ops tap_ops = {
	.vnet = tap_vnet,
	.tx = tap_tx,
	.rx_peek = tap_rx_peek,
	.rx_done = tap_rx_done,
};

static const struct sd_device_ops tap_device_ops = {
	.start = tap_start,
	.net = &tap_ops,
};

/* If the supervisor made the TAP with IFF_VNET_HDR: requests unsegmented TCP packets without
 * checksums, which any owner may do. */
static int ask_offloads(int fd)
{
	struct ifreq ifr = {0};
	int size = VNET_HDR;

	if (ioctl(fd, TUNGETIFF, &ifr) || !(ifr.ifr_flags & IFF_VNET_HDR))
		return 0;
	if (ioctl(fd, TUNSETVNETHDRSZ, &size) ||
	    ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN))
		machine_die("--dev=net,fd=%d: the TAP device refuses offloads: %s; make it without "
			    "IFF_VNET_HDR",
			    fd, strerror(errno));
	return 1;
}

static void tap_open(struct sd_device *dev, int index)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	long fd = machine_dev_num(dev->args, "fd");
	int flags = fcntl(fd, F_GETFL);

	if (!tap)
		machine_die("--dev=net: out of memory");
	if (flags < 0)
		machine_die(
			"--dev=net,fd=%ld: %s; the supervisor must pass an open TAP fd of that number",
			fd, strerror(errno));
	fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	tap->fd = fd;
	tap->vnet = ask_offloads(fd);
	tap->size = tap->vnet ? BIG_MAX : PACKET_MAX;
	tap->packets = malloc(RING * tap->size);
	if (!tap->packets)
		machine_die("--dev=net: out of memory");
	tap->bit = SD_IRQ_DEVICE + index;
	dev->host = tap;
	dev->ops = &tap_device_ops;
}

const struct machine_device machine_device_net = {.type = "net", .open = tap_open};

// SPDX-License-Identifier: GPL-2.0
/*
 * frames.c: see frames.h. Arguments: the image's, "--", libFuzzer's. FUZZ_VNET: the device's
 * packets carry a header of offloads. FUZZ_CURRENT: a file that always holds the input under way,
 * for who finds that the process has ended.
 */
#define _GNU_SOURCE
#include "frames.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sd/machine.h>
#include <sd/payload.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define DEVICE	 9 /* --dev=net,fd=9 */
#define CURRENT	 8192
#define COUNTERS 65536 /* the first 4096 by what comes out of the domain */
#define ANSWERS	 4096
#define HANG_MS	 30000
#define ROOM	 (1 << 20)

void __wrap___sanitizer_cov_trace_pc(void);
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*fn)(const uint8_t *data, size_t len));

__attribute__((section("__libfuzzer_extra_counters"),
	       used)) static volatile uint8_t counters[COUNTERS];

static int wire; /* our end */
static bool vnet;
static uint8_t *current; /* length, bytes */
static uint8_t frame[FRAME_MAX + 100];

/* Where the kernel was built for that (coverage.py): its edges. They are the same in every process,
 * wherever that lies. */
void __wrap___sanitizer_cov_trace_pc(void)
{
	uintptr_t edge = (uintptr_t)__builtin_return_address(0) - (uintptr_t)sd_start;

	counters[ANSWERS + edge * 2654435761u % (COUNTERS - ANSWERS)]++;
}

/* Before main(): the image's arguments name the device's fd. Who can't be written to at once is
 * left out. */
__attribute__((constructor)) static void make_wire(void)
{
	struct timeval at_once = {0, 1};
	int pair[2], room = ROOM;

	vnet = getenv("FUZZ_VNET");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ||
	    dup2(pair[1], DEVICE) != DEVICE)
		abort();
	wire = pair[0];
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	setsockopt(DEVICE, SOL_SOCKET, SO_SNDTIMEO, &at_once, sizeof(at_once));
}

/* The machine asks the device what it is. */
int ioctl(int fd, unsigned long what, ...)
{
	va_list ap;
	void *arg;
	long r;

	va_start(ap, what);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (fd == DEVICE && what == TUNGETIFF)
		((struct ifreq *)arg)->ifr_flags = IFF_TAP | (vnet ? IFF_VNET_HDR : 0);
	if (fd == DEVICE)
		return 0;
	r = syscall(SYS_ioctl, fd, what, arg);
	return (int)r;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What came; true: the answer to question n. */
static bool take(uint16_t n)
{
	static uint8_t in[FRAME_MAX + 100];
	size_t skip = vnet ? VNET_HDR : 0;
	ssize_t len;

	while ((len = recv(wire, in, sizeof(in), MSG_DONTWAIT)) > 0) {
		if ((size_t)len < skip)
			continue;
		if (frame_is_answer(in + skip, (size_t)len - skip, n))
			return true;
		counters[frame_seen(in + skip, (size_t)len - skip) * 2654435761u % ANSWERS] = 1;
	}
	return false;
}

static void seen_to(void)
{
	static uint16_t n;
	int64_t end = now_ms() + HANG_MS;
	size_t len = frame_question(frame, vnet, ++n);

	if (send(wire, frame, len, 0) < 0)
		abort();
	while (!take(n)) {
		if (now_ms() > end) {
			fprintf(stderr, "frames: no answer any more\n");
			abort();
		}
		sockets_wait(1);
	}
}

static int one(const uint8_t *data, size_t size)
{
	size_t len;

	if (current) {
		memcpy(current, &size, sizeof(size));
		memcpy(current + sizeof(size), data,
		       size < CURRENT - sizeof(size) ? size : CURRENT - sizeof(size));
	}
	for (int i = 0; i < 16 && (len = frame_next(&data, &size, frame, vnet)); i++) {
		if (send(wire, frame, len, MSG_DONTWAIT) < 0 && errno != EAGAIN &&
		    errno != EMSGSIZE)
			abort();
		if (i % 4 == 3)
			seen_to(), sockets_use();
	}
	seen_to();
	sockets_use();
	return 0;
}

int sd_payload(void)
{
	const char *path = getenv("FUZZ_CURRENT");
	int argc = 1, fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC, 0644) : -1;
	char **argv = sd_payload_argv;

	if (fd >= 0 && !ftruncate(fd, CURRENT))
		current = mmap(NULL, CURRENT, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	while (argc < sd_payload_argc && strcmp(argv[argc], "--"))
		argc++;
	argv[argc] = argv[0];
	argv += argc;
	argc = sd_payload_argc - argc;
	sockets_begin();
	return LLVMFuzzerRunDriver(&argc, &argv, one);
}

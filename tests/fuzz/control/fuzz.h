/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fuzz.h: what the harnesses of the control protocol share: an input that is read as choices,
 * messages made of it, and the fds of this process, which must be as many afterwards as before.
 *
 * Each harness runs the real code of one end in this process, over socketpairs: supervisor.c,
 * domain.c, client.c. A harness may abort(); nothing else ends it. The other end of every socket is
 * the liar, and lies in messages, fds, order and time.
 */
#ifndef CONTROL_FUZZ_H
#define CONTROL_FUZZ_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sd/control_msg.h>

#define FUZZ_FDS 16

struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t choice(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

#define FUZZ_CHECK(cond)                                                                     \
	do {                                                                                 \
		if (!(cond)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                             \
		}                                                                            \
	} while (0)

static inline int fuzz_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	FUZZ_CHECK(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* A good message of this type, more or less: a byte of flags says what is wrong with it. */
static inline size_t fuzz_message(struct input *in, struct sd_ctl_msg *m, uint16_t type, int nfds)
{
	uint8_t flags = choice(in);
	size_t len = sizeof(*m);

	memset(m, 0, sizeof(*m));
	sd_ctl_seal(m, nfds);
	m->type = type, m->seq = 1;
	m->u.attach.client = choice(in) & 15;
	m->u.attach.parent = choice(in) & 15;
	if (flags & 1)
		m->nfds = choice(in);
	if (flags & 2)
		len = choice(in);
	if (flags & 4)
		m->abi ^= choice(in);
	if (flags & 8)
		m->result = (int8_t)choice(in), m->of = choice(in) & 31;
	for (int i = flags & 16 ? choice(in) & 31 : 0; i; i--)
		((uint8_t *)m)[choice(in) % sizeof(*m)] = choice(in);
	return len > sizeof(*m) ? sizeof(*m) : len;
}

/* Sends it with these fds, which stay the caller's. Not waiting: who doesn't read misses something.
 */
static inline void fuzz_send(int sock, const struct sd_ctl_msg *m, size_t len, const int *fds,
			     int nfds)
{
	union {
		char buf[CMSG_SPACE(sizeof(int) * FUZZ_FDS)];
		struct cmsghdr head;
	} control = {.head = {CMSG_LEN(sizeof(int) * nfds), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec iov = {(void *)m, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (nfds) {
		memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * nfds);
		msg.msg_control = &control, msg.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
	}
	if (sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return; /* full, or the other end is gone */
}

#endif

// SPDX-License-Identifier: GPL-2.0
/*
 * buffers.c: argument memory. Slot i holds what argument i points to: the buffer itself ends where
 * an unmapped page begins, what it points to is below it. Both sides use the same addresses, one
 * after the other.
 */
#include "buffers.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define SLOTS 6
/* The same in every program, for answers that another one has recorded (recorded.h). */
#define BUFFERS ((u8 *)0x300000000000ul)

static u8 *at_address(u8 *at, size_t size, int prot)
{
	u8 *p = mmap(at, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != at)
		st_die("no memory for buffers at %p", (void *)at);
	return p;
}

static struct slot slot[SLOTS];

void buffers_init(void)
{
	for (int i = 0; i < SLOTS; i++) {
		struct slot *s = &slot[i];

		s->base = at_address(BUFFERS + (size_t)i * (BUF_SLOT + 3 * 4096), BUF_SLOT + 4096,
				     PROT_READ | PROT_WRITE);
		s->readonly = at_address(s->base + BUF_SLOT + 2 * 4096, 4096, PROT_READ);
		s->end = s->low = s->base + BUF_SLOT;
		mprotect(s->end, 4096, PROT_NONE);
	}
}

/* What lies between two pieces of a case is zero, whatever cases came before it. */
void buffer_reset(int i)
{
	memset(slot[i].low, 0, (size_t)(slot[i].end - slot[i].low));
	slot[i].low = slot[i].end;
}

u64 buffer_guard(int i)
{
	return (u64)(uintptr_t)slot[i].end;
}

int buffer_slot(u64 addr)
{
	for (int i = 0; i < SLOTS; i++)
		if (addr - (u64)(uintptr_t)slot[i].base < BUF_SLOT)
			return i;
	return -1;
}

u64 buffer_readonly(int i)
{
	return (u64)(uintptr_t)slot[i].readonly;
}

u8 *buffer_used(int i, size_t *len)
{
	*len = (size_t)(slot[i].end - slot[i].low);
	return slot[i].low;
}

void *take(struct slot *s, size_t n)
{
	if (s->low != s->end)
		s->low = (u8 *)((uintptr_t)s->low & ~15ul);
	s->low -= n;
	for (size_t i = 0; i < n; i++)
		s->low[i] = (u8)(0x21 + i % 89);
	return s->low;
}

void *put(struct slot *s, const void *data, size_t n)
{
	return memcpy(take(s, n), data, n);
}

static void *address(struct slot *s, u16 port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = port};

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return put(s, &sa, sizeof(sa));
}

static const size_t small[3] = {10, 30, 60}, big[3] = {600000, 700000, 60};

static void fill_iov(struct slot *s, struct iovec *iov, const size_t segment[3])
{
	for (int i = 0; i < 3; i++) {
		iov[i].iov_base = take(s, segment[i]);
		iov[i].iov_len = segment[i];
	}
}

static void fill_msg(struct slot *s, struct msghdr *m, const char *how, const struct side *side)
{
	bool recv = !strncmp(how, "recv", 4);
	struct iovec *iov;

	memset(m, 0, sizeof(*m));
	iov = take(s, 3 * sizeof(*iov));
	fill_iov(s, iov, small);
	m->msg_iov = iov;
	m->msg_iovlen = 3;
	m->msg_flags = 0x5a5a;
	if (recv) {
		m->msg_name = take(s, 128);
		m->msg_namelen = 128;
		m->msg_control = take(s, 64);
		m->msg_controllen = 64;
	}
	if (strstr(how, "_udp")) {
		m->msg_name = address(s, side->port[FX_udp_b]);
		m->msg_namelen = 16;
	} else if (strstr(how, "_cmsg")) {
		struct cmsghdr *c = m->msg_control = memset(take(s, 24), 0, 24);
		int fd = FX_FD(FX_tcp_new);

		m->msg_controllen = 24;
		*c = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(4), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(c), &fd, 4);
	} else if (strstr(how, "_badiov")) {
		iov[recv ? 0 : 1].iov_base = s->end;
	} else if (strstr(how, "_badname")) {
		m->msg_name = s->end;
		m->msg_namelen = 16;
	} else if (strstr(how, "_negname")) {
		m->msg_namelen = (socklen_t)-1;
	} else if (strstr(how, "_manyiov")) {
		m->msg_iovlen = 1025;
	} else if (strstr(how, "_short")) {
		m->msg_iovlen = 1;
		m->msg_namelen = 5;
		m->msg_controllen = 0;
	}
}

/* "bytes88 2600 'hash @24 'sha256": 88 bytes; hexadecimal digits, text, and from byte 24 on text;
 * the others are 0. */
static void make_bytes(struct slot *s, const char *name)
{
	char *word;
	size_t size = strtoul(name, &word, 10), at = 0;
	u8 *p = memset(take(s, size), 0, size);

	while (*word) {
		size_t n = strcspn(word += strspn(word, " "), " ");
		bool text = *word == '\'', to = *word == '@';
		size_t len = text ? n - 1 : to ? 0 : n / 2;

		if (at + len > size || (!text && !to && n % 2))
			st_die("buffer \"bytes%s\": \"%s\" doesn't fit", name, word);
		if (text)
			memcpy(p + at, word + 1, len);
		else if (to)
			at = strtoul(word + 1, NULL, 10);
		for (size_t i = 0; !text && i < len; i++) {
			const char two[3] = {word[2 * i], word[2 * i + 1]};

			p[at + i] = (u8)strtoul(two, NULL, 16);
		}
		at += len;
		word += n;
	}
}

static bool make_number(struct slot *s, const char *name)
{
	int v;

	if (!strncmp(name, "bytes", 5)) {
		make_bytes(s, name + 5);
		return true;
	}
	if (*name >= '0' && *name <= '9') {
		take(s, strtoul(name, NULL, 10));
		return true;
	}
	if (!strncmp(name, "zero", 4)) {
		size_t n = strtoul(name + 4, NULL, 10);

		memset(take(s, n), 0, n);
		return true;
	}
	if (strncmp(name, "len", 3) && strncmp(name, "int", 3))
		return false;
	v = !strcmp(name + 3, "neg") ? -1 : atoi(name + 3);
	put(s, &v, sizeof(v));
	return true;
}

static bool make_poll(struct slot *s, const char *name)
{
	if (!strcmp(name, "pollfds")) {
		struct pollfd p[3] = {{FX_FD(FX_tcp_b), POLLIN, 0},
				      {FX_FD(FX_udp_a), POLLIN | POLLOUT, 0},
				      {900, POLLIN, 0}};

		put(s, p, sizeof(p));
	} else if (!strcmp(name, "fdset")) {
		u8 set[32] = {0};

		for (int i = FX_tcp_listen; i <= FX_udp_b; i++)
			set[FX_FD(i) / 8] |= (u8)(1 << FX_FD(i) % 8);
		put(s, set, sizeof(set));
	} else if (!strcmp(name, "timespec0")) {
		memset(take(s, 16), 0, 16);
	} else if (!strcmp(name, "epev")) {
		struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT,
					 .data.u64 = 0x8877665544332211ull};

		put(s, &ev, sizeof(ev));
	} else if (!strcmp(name, "sigpack")) {
		u64 *pack = take(s, 16);

		pack[0] = (u64)(uintptr_t)memset(take(s, 8), 0, 8);
		pack[1] = 8;
	} else {
		return false;
	}
	return true;
}

static bool make_sock(struct slot *s, const char *name, const struct side *side)
{
	if (!strcmp(name, "addr_any")) {
		address(s, 0);
	} else if (!strcmp(name, "addr_udp_b")) {
		address(s, side->port[FX_udp_b]);
	} else if (!strcmp(name, "addr_tcp")) {
		address(s, side->port[FX_tcp_listen]);
	} else if (!strcmp(name, "iov") || !strcmp(name, "iovbig")) {
		fill_iov(s, take(s, 3 * sizeof(struct iovec)), name[3] ? big : small);
	} else if (!strncmp(name, "msg_", 4)) {
		fill_msg(s, take(s, sizeof(struct msghdr)), name + 4, side);
	} else if (!strncmp(name, "mmsg_", 5)) {
		struct mmsghdr *m = take(s, 3 * sizeof(*m));

		for (int i = 0; i < 3; i++) {
			m[i].msg_len = 0x77777777;
			fill_msg(s, &m[i].msg_hdr, name + 5, side);
		}
	} else if (!strcmp(name, "ifreq_lo")) {
		struct ifreq r = {.ifr_name = "lo"};

		put(s, &r, sizeof(r));
	} else if (!strcmp(name, "ifconf0")) {
		memset(take(s, 16), 0, 16);
	} else {
		return false;
	}
	return true;
}

u64 buffer_make(int i, const char *name, const struct side *side)
{
	struct slot *s = &slot[i];
	u8 *end = s->end;
	size_t n;

	s->low = end;
	if (!strcmp(name, "fdpair"))
		name = "8";
	if (make_file(s, name) || make_number(s, name))
		return (u64)(uintptr_t)s->low;
	if (make_poll(s, name) || make_sock(s, name, side)) {
		/* the first one taken is the argument: find its size again */
		n = !strncmp(name, "iov", 3)	 ? 48
		    : !strncmp(name, "msg_", 4)	 ? sizeof(struct msghdr)
		    : !strncmp(name, "mmsg_", 5) ? 3 * sizeof(struct mmsghdr)
		    : !strcmp(name, "sigpack")	 ? 16
						 : (size_t)(end - s->low);
		return (u64)(uintptr_t)(end - n);
	}
	st_die("tests/stubs/buffers.c has no buffer \"%s\"", name);
}

int buffer_take_fds(int i, long ret, int fds[2])
{
	if (ret)
		return 0;
	memcpy(fds, slot[i].end - 8, 8);
	memset(slot[i].end - 8, 0x11, 8);
	return 2;
}

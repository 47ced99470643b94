/* SPDX-License-Identifier: MIT */
/*
 * control_msg.h: builds, takes apart and checks the messages of sd/control.h. Supervisor, domain,
 * client and tests use it, so it needs no libc and no errno, calls nothing and trusts nothing.
 * sendmsg() and recvmsg() are the caller's.
 *
 *	union sd_ctl_room room;		sending: msg_control = &room
 *	sd_ctl_seal(&m, nfds);
 *	msg_controllen = sd_ctl_give(&room, fds, nfds);
 *
 *	union sd_ctl_room room;		receiving: msg_control = &room,
 *	struct sd_ctl_came came;	msg_controllen = sizeof(room)
 *	n = recvmsg(...);
 *	sd_ctl_take(&came, &room, msg_controllen);
 *	verdict = sd_ctl_check(SD_CTL_TO_DOMAIN, &m, n, msg_flags, came.nfds);
 *
 * The file descriptors in came belong to the caller, who closes them whether the message was good
 * or bad. came.fd has a place for every descriptor that fits into a room, so it can't overflow, and
 * no descriptor that the kernel installed stays open unnoticed. For what doesn't fit into the room
 * the kernel installs none and sets MSG_CTRUNC, which makes the message bad.
 *
 * Threads: any; there is no state.
 */
#ifndef SD_CONTROL_MSG_H
#define SD_CONTROL_MSG_H

#include <sd/abi.h>
#include <sd/control.h>
#include <stdint.h>

#define SD_CTL_ROOM	64u /* one SCM_CREDENTIALS, and SCM_RIGHTS of SD_CTL_FDS_MAX descriptors */
#define SD_CTL_CAME_MAX ((SD_CTL_ROOM - sizeof(struct sd_ctl_cmsg)) / 4)

struct sd_ctl_cmsg { /* struct cmsghdr */
	uint64_t len;
	int32_t level, type;
};

enum { SD_CTL_SOL_SOCKET = 1, SD_CTL_SCM_RIGHTS = 1, SD_CTL_SCM_CREDENTIALS = 2 };

union sd_ctl_room {
	uint64_t align;
	uint8_t bytes[SD_CTL_ROOM];
};

struct sd_ctl_came {
	uint32_t nfds, ncreds;
	struct {
		uint32_t pid, uid, gid;
	} cred; /* the sender's, if ncreds: real ids, or others of its own that it chose */
	int32_t fd[SD_CTL_CAME_MAX];
};

/* Which way a message travels. */
enum sd_ctl_way {
	SD_CTL_FROM_CLIENT, /* to the supervisor */
	SD_CTL_TO_CLIENT,
	SD_CTL_FROM_DOMAIN, /* to the supervisor */
	SD_CTL_TO_DOMAIN,
};

/* What cures SD_CTL_ALIEN, for messages. */
#define SD_REBUILD "`make all image` (of an installation: `kslice build`)"

enum sd_ctl_verdict {
	SD_CTL_GOOD,
	SD_CTL_ALIEN,	   /* the sender has another ABI hash: only the head may be read */
	SD_CTL_UNEXPECTED, /* this type, or this number of descriptors, isn't sent this way */
	SD_CTL_BAD,	   /* not a message */
};

/* The askers of sd/control.def. */
enum sd_ctl_asker {
	SD_CTL_BY_CLIENT,
	SD_CTL_BY_LIFELINE,
	SD_CTL_BY_SUPERVISOR,
	SD_CTL_BY_DOMAIN,
	SD_CTL_BY_NOBODY,
};

/* Fills in the head: the last step before a message is sent. */
static inline void sd_ctl_seal(struct sd_ctl_msg *m, uint32_t nfds)
{
	m->magic = SD_CTL_MAGIC;
	m->version = SD_CTL_VERSION;
	m->abi = SD_ABI;
	m->nfds = (uint16_t)nfds;
}

/* Puts nfds <= SD_CTL_FDS_MAX descriptors into the room. Returns the value for msg_controllen. */
static inline uint64_t sd_ctl_give(union sd_ctl_room *room, const int32_t *fds, uint32_t nfds)
{
	struct sd_ctl_cmsg h = {sizeof(h) + 4 * nfds, SD_CTL_SOL_SOCKET, SD_CTL_SCM_RIGHTS};

	if (!nfds || nfds > SD_CTL_FDS_MAX)
		return 0;
	__builtin_memset(room, 0, sizeof(*room));
	__builtin_memcpy(room->bytes, &h, sizeof(h));
	for (uint32_t i = 0; i < nfds; i++)
		__builtin_memcpy(room->bytes + sizeof(h) + 4 * i, &fds[i], 4);
	return (h.len + 7) & ~7ull;
}

static inline void sd_ctl_take_one(struct sd_ctl_came *came, const struct sd_ctl_cmsg *h,
				   const uint8_t *data)
{
	uint64_t len = h->len - sizeof(*h);

	if (h->level != SD_CTL_SOL_SOCKET)
		return;
	if (h->type == SD_CTL_SCM_CREDENTIALS && len == sizeof(came->cred)) {
		__builtin_memcpy(&came->cred, data, sizeof(came->cred));
		came->ncreds++;
	}
	for (; h->type == SD_CTL_SCM_RIGHTS && len >= 4 && came->nfds < SD_CTL_CAME_MAX;
	     len -= 4, data += 4)
		__builtin_memcpy(&came->fd[came->nfds++], data, 4);
}

/* len: msg_controllen as recvmsg() left it. */
static inline void sd_ctl_take(struct sd_ctl_came *came, const union sd_ctl_room *room,
			       uint64_t len)
{
	struct sd_ctl_cmsg h;

	came->nfds = came->ncreds = 0;
	came->cred.pid = 0;
	came->cred.uid = came->cred.gid = ~0u;
	if (len > sizeof(*room))
		len = sizeof(*room);
	for (uint64_t at = 0; at + sizeof(h) <= len; at += (h.len + 7) & ~7ull) {
		__builtin_memcpy(&h, room->bytes + at, sizeof(h));
		if (h.len < sizeof(h) || h.len > len - at)
			return;
		sd_ctl_take_one(came, &h, room->bytes + at + sizeof(h));
	}
}

#define SD_CTL_MESSAGE(asker, type, right, payload, nfds, fds, reply, reply_nfds, reply_fds, \
		       meaning)                                                              \
	_Static_assert((nfds) <= SD_CTL_FDS_MAX && (reply_nfds) <= SD_CTL_FDS_MAX, #type);
#include <sd/control.def>
#undef SD_CTL_MESSAGE

/* How many descriptors come with this asker's request, or with a successful answer to it; -1: there
 * is no such request, or no answer. */
static inline int sd_ctl_fds(enum sd_ctl_asker asker, uint32_t type, int answer)
{
	switch ((uint32_t)asker << 16 | type) {
#define SD_CTL_MESSAGE(asker, type, right, payload, nfds, fds, reply, reply_nfds, reply_fds, \
		       meaning)                                                              \
	case SD_CTL_BY_##asker << 16 | SD_CTL_##type:                                        \
		return answer ? reply_nfds : nfds;
#include <sd/control.def>
#undef SD_CTL_MESSAGE
	}
	return -1;
}

/* Is this a request or an answer that travels this way? */
static inline int sd_ctl_expected(enum sd_ctl_way way, const struct sd_ctl_msg *m, uint32_t nfds)
{
	static const struct {
		uint8_t asks, asked; /* who sends requests this way, and whose are answered */
	} ends[] = {
		[SD_CTL_FROM_CLIENT] = {SD_CTL_BY_CLIENT, SD_CTL_BY_NOBODY},
		[SD_CTL_TO_CLIENT] = {SD_CTL_BY_NOBODY, SD_CTL_BY_CLIENT},
		[SD_CTL_FROM_DOMAIN] = {SD_CTL_BY_DOMAIN, SD_CTL_BY_SUPERVISOR},
		[SD_CTL_TO_DOMAIN] = {SD_CTL_BY_SUPERVISOR, SD_CTL_BY_DOMAIN},
	};
	uint32_t asks = ends[way].asks;

	if (m->type == SD_CTL_REPLY) {
		int want = sd_ctl_fds(ends[way].asked, m->of, 1);

		return want >= 0 && m->result <= 0 && nfds == (m->result ? 0 : (uint32_t)want);
	}
	if (asks == SD_CTL_BY_CLIENT && nfds)
		asks = SD_CTL_BY_LIFELINE;
	return sd_ctl_fds(asks, m->type, 0) == (int)nfds;
}

/* len: bytes received; flags: msg_flags as recvmsg() left it; nfds: came.nfds. */
static inline enum sd_ctl_verdict sd_ctl_check(enum sd_ctl_way way, const struct sd_ctl_msg *m,
					       uint64_t len, uint32_t flags, uint32_t nfds)
{
	const uint32_t cut_control = 8, cut = 0x20; /* MSG_CTRUNC, MSG_TRUNC */

	if (len < __builtin_offsetof(struct sd_ctl_msg, u) || (flags & cut_control) ||
	    nfds > SD_CTL_FDS_MAX)
		return SD_CTL_BAD;
	if (m->magic != SD_CTL_MAGIC || m->version != SD_CTL_VERSION || m->nfds != nfds)
		return SD_CTL_BAD;
	if (m->abi != SD_ABI)
		return SD_CTL_ALIEN;
	if (len != sizeof(*m) || (flags & cut))
		return SD_CTL_BAD;
	return sd_ctl_expected(way, m, nfds) ? SD_CTL_GOOD : SD_CTL_UNEXPECTED;
}

#endif

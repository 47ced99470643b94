/* SPDX-License-Identifier: MIT */
/*
 * ctlfds.h: what comes beside the bytes of a control message (sd/control.h): fds, and the sender's credentials. All ends take it
 * apart here: supervisor, domain, tests, and the programs' client, which has no libc. So nothing is called, and nothing trusted.
 *
 *	union sd_ctl_room room;			msg_control, msg_controllen = sizeof(room)
 *	struct sd_ctl_came came;
 *	n = recvmsg(...);
 *	sd_ctl_take(&came, &room, msg_controllen);
 *	if (sd_ctl_judge(&m, n, msg_flags, came.nfds, SD_CONTRACT) != SD_CTL_GOOD) close each of came.fd
 *
 * came.fd has a place for every fd that fits into a room, whatever else lies there: nothing overruns, and nothing that the kernel made
 * an fd of stays open unseen. More than fits into the room never becomes an fd; the kernel says MSG_CTRUNC and the message is bad.
 * All that is in came is the caller's to close, of a good message as of a bad one.
 */
#ifndef SD_CTLFDS_H
#define SD_CTLFDS_H

#include <sd/control.h>
#include <stdint.h>

#define SD_CTL_ROOM	64u /* one SCM_CREDENTIALS, and SCM_RIGHTS of SD_CTL_FDS_MAX fds */
#define SD_CTL_CAME_MAX ((SD_CTL_ROOM - sizeof(struct sd_ctl_cmsg)) / 4)

struct sd_ctl_cmsg { /* struct cmsghdr */
	uint64_t len;
	int32_t level, type;
};

union sd_ctl_room {
	uint64_t align;
	uint8_t bytes[SD_CTL_ROOM];
};

struct sd_ctl_came {
	uint32_t nfds, ncreds;
	struct {
		uint32_t pid, uid, gid;
	} cred; /* the sender's, if ncreds: real ids, unless it named others of its own */
	int32_t fd[SD_CTL_CAME_MAX];
};

enum sd_ctl_verdict { SD_CTL_GOOD, SD_CTL_ALIEN, SD_CTL_BAD };

static inline void sd_ctl_take_one(struct sd_ctl_came *came, const struct sd_ctl_cmsg *h,
				   const uint8_t *data)
{
	uint64_t len = h->len - sizeof(*h);

	if (h->level != 1) /* SOL_SOCKET */
		return;
	if (h->type == 2 && len == sizeof(came->cred)) { /* SCM_CREDENTIALS */
		__builtin_memcpy(&came->cred, data, sizeof(came->cred));
		came->ncreds++;
	}
	for (; h->type == 1 && len >= 4 && came->nfds < SD_CTL_CAME_MAX;
	     len -= 4, data += 4) /* SCM_RIGHTS */
		__builtin_memcpy(&came->fd[came->nfds++], data, 4);
}

/* len: what the kernel made of msg_controllen. */
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

/* ALIEN: of another contract, only the head says something. len: bytes received; flags: what
 * recvmsg() left in msg_flags. */
static inline enum sd_ctl_verdict sd_ctl_judge(const struct sd_ctl_msg *m, uint64_t len,
					       uint32_t flags, uint32_t nfds, uint32_t contract)
{
	const uint32_t cut_control = 8, cut = 0x20; /* MSG_CTRUNC, MSG_TRUNC */

	if (len < __builtin_offsetof(struct sd_ctl_msg, u) || (flags & cut_control) ||
	    nfds > SD_CTL_FDS_MAX)
		return SD_CTL_BAD;
	if (m->magic != SD_CTL_MAGIC || m->version != SD_CTL_VERSION || m->nfds != nfds)
		return SD_CTL_BAD;
	if (m->contract != contract)
		return SD_CTL_ALIEN;
	return len == sizeof(*m) && !(flags & cut) ? SD_CTL_GOOD : SD_CTL_BAD;
}

#endif

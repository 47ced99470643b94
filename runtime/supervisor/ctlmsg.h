/* SPDX-License-Identifier: GPL-2.0 */
/* ctlmsg.h: one control message is one packet, with its fds. The peer is never trusted. */
#ifndef KDOM_CTLMSG_H
#define KDOM_CTLMSG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <sd/control_msg.h>

#ifndef SO_PASSRIGHTS
/* Linux 6.16: whether a socket accepts fds at all; a connection inherits it from its listener. */
#define SO_PASSRIGHTS 83
#endif

void ctl_init(struct sd_ctl_msg *m, uint16_t type, uint32_t seq);
/* 0; -EAGAIN: queue full; other -errno: peer gone. fds stay the caller's. */
int ctl_send(int sock, struct sd_ctl_msg *m, const int *fds, int nfds);
/* 0; -EAGAIN; -EPIPE at EOF; -EPROTO if it is malformed or of a type that isn't sent in this
 * direction. fds has SD_CTL_FDS_MAX elements: the fds that were received, then -1. */
int ctl_recv(enum sd_ctl_way way, int sock, struct sd_ctl_msg *m, int *fds);

/* What ctl_recv_conn() received from a connection. */
struct ctl_in {
	int err; /* as returned by ctl_recv() */
	struct sd_ctl_msg m;
	int fd; /* a SEQPACKET socket that was passed, or -1 */
	struct ucred
		real; /* the sender: pid and real ids as the kernel says; a message without them is
			      malformed */
};

void ctl_recv_conn(int sock, struct ctl_in *in); /* may block: it closes unexpected fds */
bool ctl_plain(int sock);			 /* is there a message, without fds? */
/* Its sender has another ABI hash (sd/control.h): only the head may be read, and it has no fds. */
bool ctl_alien(const struct sd_ctl_msg *m);
void fds_close(int *fds, int n);

#endif

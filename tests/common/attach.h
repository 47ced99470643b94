/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attach.h: a client from outside: attaches to a domain through its supervisor as the contract
 * headers specify (sd/control.h, sd/ring.h), without any code of the real client.
 *
 * The socket is the lifeline: closing it detaches. One thread.
 */
#ifndef TEST_ATTACH_H
#define TEST_ATTACH_H

#include <sd/wake_page.h>
#include <sd/control.h>
#include <sd/ring.h>

struct outsider {
	int sock, region_fd, notify_fd, page_fd;
	struct sd_region_head *head; /* the whole region, mapped */
	const struct sd_wake_page *wake_page;
	u32 id;
};

int outsider_attach(struct outsider *o, const char *path); /* 0 or -errno */
/* The same in two steps: sends the request; receives the answer. */
int outsider_begin(struct outsider *o, const char *path);
int outsider_attached(struct outsider *o);
/* A child of it, over its lifeline. */
int outsider_child(struct outsider *o, const struct outsider *parent);
void outsider_detach(struct outsider *o);
struct sd_qp_mem *outsider_qp(const struct outsider *o, unsigned int qp);
void outsider_ring(const struct outsider *o, unsigned int qp); /* doorbell, and wake the domain */
/* Entry n of a queue pair, published by the protocol. */
void outsider_post(const struct outsider *o, unsigned int qp, u32 n, const struct sd_entry *e);
/* Waits until entry n is answered: 1, 0 after ms, -1: the channel has ended. */
int outsider_answer(const struct outsider *o, unsigned int qp, u32 n, s64 *ret, int ms);
/* Waits until the channel has ended: 1, or 0 after ms. */
int outsider_ended(const struct outsider *o, int ms);

/* The control socket: a connection; a question on it, *m becoming the answer: how many fds came. Or
 * -errno: the answer's own, too. */
int outsider_connect(const char *path);
int outsider_ask(int sock, struct sd_ctl_msg *m, int fd[3]);
/* Over o's lifeline: the memory of a file (sd/share.h), a connection that holds a ticket
 * (sd/ticket.h). An fd, or -errno. */
int outsider_share(const struct outsider *o, const u64 key[2]);
int outsider_hold(const struct outsider *o, const u64 key[2]);

#endif

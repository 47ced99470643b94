/* SPDX-License-Identifier: GPL-2.0 */
/*
 * domain.h: a real domain image under a test, which plays its supervisor: starts it (with the
 * device of $KSLICE_DEV, see tests/common/devices.py; with $KSLICE_PEERS it may call other
 * domains), attaches and detaches clients by the messages of sd/control.h, reads its statistics.
 * One domain per process; all functions abort the test on errors they don't return.
 */
#ifndef TEST_DOMAIN_H
#define TEST_DOMAIN_H

#include <stdbool.h>
#include <sys/types.h>
#include <sd/wake_page.h>
#include <sd/control.h>
#include <sd/qp.h>

struct domain {
	pid_t pid;
	int ctl;
	struct sd_wake_page *wake_page;
	uint32_t seq, next_client;
	uint32_t abi;			/* the image's ABI hash */
	int ended_client, ended_reason; /* of the last ENDED */
};

struct dclient { /* a client's region, as its process would see it */
	uint32_t id;
	void *base;
	int notify_fd;
};

void domain_start(struct domain *d, const char *image, int mem_mb);
void domain_stop(struct domain *d);
/* 0 or -errno as the domain answered. */
int domain_attach(struct domain *d, struct dclient *c, uint32_t parent, uint32_t uid);
/* The same for a client that is a domain, and may make these calls. */
int domain_attach_peer(struct domain *d, struct dclient *c, uint32_t parent, uint32_t uid,
		       const char *calls);
/* Have a ticket (sd/ticket.h) outlive its giver, or drop it. */
int domain_ticket(struct domain *d, const u64 key[2], bool hold);
int domain_detach(struct domain *d, struct dclient *c);
/* A message of the supervisor's, the head filled in. */
void domain_send(struct domain *d, struct sd_ctl_msg *m, const int *fds, int nfds);
void domain_stats(struct domain *d, struct sd_ctl_stats *s);
/* Wait for an ENDED of this client; its reason. */
int domain_wait_ended(struct domain *d, uint32_t client);
void dclient_qp(struct domain *d, struct dclient *c, struct sd_qp *l, uint32_t index);

/* For a test program with one domain: cmocka's setup and teardown of `dom`, 64 MB, of $KSLICE_IMAGE
 * or the net image in build/. */
extern struct domain dom;
int dom_start(void **state);
int dom_stop(void **state);

#endif

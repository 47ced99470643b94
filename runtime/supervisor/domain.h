/* SPDX-License-Identifier: GPL-2.0 */
/*
 * domain.h: the domain's process as the daemon sees it: its start, its control socket, its wake-up
 * page, its end. Its messages and its end are reported upwards through struct domain_reports, which
 * the daemon sets before the first domain_start().
 */
#ifndef KDOM_DOMAIN_H
#define KDOM_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup.h"
#include "console.h"
#include "loop.h"
#include <sd/wake_page.h>
#include <sd/control.h>

struct domain_out;

struct domain_reports {
	/* A message without fds. -errno: the domain is killed. */
	int (*message)(struct daemon *d, const struct sd_ctl_msg *m);
	/* The process has ended with this status of waitpid(), and everything of it is released.
	 * asked: we requested it. */
	void (*ended)(struct daemon *d, int status, bool asked);
};

struct domain {
	const struct domain_reports *reports;
	pid_t pid;			/* 0: not running */
	struct source ctl, end;		/* its socket; an fd that is readable after its end */
	int wake_page_fd, wake_page_ro; /* writable, and opened read-only for clients */
	struct sd_wake_page *wake_page;
	uint32_t generation;
	uint32_t next_client, next_seq;
	bool traced;
	uint32_t trace; /* wake_page->trace of this tracer, or of the last one */
	bool ready, stopping;
	uint32_t stubs; /* hash of its stubs */
	uint64_t boot_ns, started_ms;
	uint8_t *belts; /* shared with the process until it calls exec */
	struct cgroup cgroup;
	struct console console;
	int last_status;
	struct domain_out *out, **out_tail; /* messages that it hasn't received yet */
	/* of these: messages with fds; answers to its requests */
	unsigned unread, unread_replies;
	/* It is killed if it receives no message until then; 0: none is pending. */
	uint64_t read_by;
};

/* up: as in cgroup_make(). 0 or -errno. */
int domain_start(struct daemon *d);
/* The domain said READY: it gets messages now, and clients get its wake-up page. 0 or -errno. */
int domain_serves(struct daemon *d, const struct sd_ctl_msg *ready);
/* Queues m, and kills a domain that doesn't receive. Takes fds over. 0 or -errno. */
int domain_send(struct daemon *d, struct sd_ctl_msg *m, const int *fds, int nfds);
/* It will be asked to end: from now on it has a deadline and gets no new clients. */
void domain_stopping(struct daemon *d);
void domain_kill(struct daemon *d);
/* Tells its clients that somebody traces them, or nobody any more (sd/trace.h). */
void domain_trace(struct domain *dom, bool on);

#endif

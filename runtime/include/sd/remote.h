/* SPDX-License-Identifier: GPL-2.0 */
/*
 * remote.h: calls of this domain into another one. Kernel side; in images whose spec has `remote`
 * cuts.
 *
 *   function of a remote cut (generated body) --> sd_remote_call()
 *	--> the other domain's client stub --> its rings
 *
 * A link is one attachment to another domain. It is made on first use through our supervisor
 * (sd/control.h, PEER), and made anew when that domain or its supervisor has ended. Each user
 * counts a reference; what was opened through a link (fds) is valid for that link only. For the
 * other domain we are a client without credentials, which may make the calls that our spec names.
 *
 * How a task waits for an answer is the transport's business. A signal or a cancel of our own
 * client is passed on.
 *
 * A link has few queue pairs, and what a call waits for may never come (a receiver that doesn't
 * read). So only some queue pairs are for calls that wait, shared fairly by the clients whose calls
 * they are. A call that gets none of these asks not to be kept waiting (SD_F_NOWAIT): it is refused
 * where it would have to wait, leaves its queue pair, and is made again a little later, for as long
 * as it takes.
 *
 * Threads: tasks of the vCPU. Everything here may sleep, except sd_remote_event(): see serve.h.
 */
#ifndef SD_REMOTE_H
#define SD_REMOTE_H

#include <linux/list.h>
#include <sd/qp.h>

struct sd_link;

/* While a task makes calls over a link: lies on its stack. */
struct sd_use {
	struct list_head node;
	struct task_struct *task;
	struct sd_link *link;
	struct sd_qp *qp;
	struct sd_client *client; /* whose share of the waiting calls it has, or NULL */
	bool deaf;		  /* signals don't interrupt any more, or never do */
	bool waits;		  /* its calls may */
	bool refused;		  /* the last one was: nothing was done */
};

/* The link to a domain, with a reference, attached if it wasn't; or an ERR_PTR: -EREMOTEIO, if that
 * domain can't be reached. */
struct sd_link *sd_link_get(const char *domain);
void sd_link_put(struct sd_link *link);

/* Takes a queue pair of it for the current task, until sd_remote_leave(). 0, -EREMOTEIO, or, unless
 * deaf, -ERESTARTSYS. */
int sd_remote_enter(struct sd_link *link, struct sd_use *use, bool deaf);
void sd_remote_leave(struct sd_use *use);
/*
 * After sd_remote_leave(): is the call to be made again, from sd_remote_enter() on? Then it was
 * refused, and this has slept a little, longer each time; tries begins as 0. A signal ends that,
 * unless deaf: false, and *ret is -ERESTARTSYS.
 */
bool sd_remote_again(const struct sd_use *use, long *ret, u32 *tries);
/* What a stub's status means here; -errno for what isn't SD_OK. */
long sd_remote_result(struct sd_use *use, enum sd_status st, long ret);

/*
 * The body of a remote cut: the call `stub` of a domain whose stubs have this contract, over the
 * link the task has entered, or else the present one. Pointers among the arguments are the kernel's
 * own, or those of a user pointer it has checked.
 */
long sd_remote_call(const char *domain, u32 contract, sd_stub_fn stub, const u64 arg[6]);

#endif

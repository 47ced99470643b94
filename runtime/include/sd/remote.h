/* SPDX-License-Identifier: GPL-2.0 */
/*
 * remote.h: calls of this domain into another one. Kernel side; in images whose spec has `remote`
 * cuts.
 *
 *   function of a remote cut (generated body) --> sd_remote_call()
 *	--> the other domain's client stub --> its rings
 *
 * A link is one attachment to another domain. It is made on first use through our supervisor
 * (sd/control.h, PEER), and again after that domain or its supervisor has ended. Each user holds a
 * reference; fds that were opened through a link are valid for that link only. For the other
 * domain we are a client without credentials, which may make the calls that our spec names.
 *
 * How a task waits for an answer is up to the transport. A signal, or a cancel by our own client,
 * is passed on.
 *
 * A link has few queue pairs, and a call may wait forever (for a receiver that doesn't read). So
 * only some queue pairs are for calls that wait, shared fairly by the clients that the calls come
 * from. A call that gets none of these is made with SD_F_NOWAIT: where it would have to wait it is
 * refused, gives back its queue pair, and is retried a little later, without a limit.
 *
 * Threads: tasks of the vCPU. Everything here may sleep, except sd_remote_event(): see serve.h.
 */
#ifndef SD_REMOTE_H
#define SD_REMOTE_H

#include <linux/list.h>
#include <sd/qp.h>

struct sd_link;

/* Exists while a task makes calls over a link, on the task's stack. */
struct sd_use {
	struct list_head node;
	struct task_struct *task;
	struct sd_link *link;
	struct sd_qp *qp;
	struct sd_client *client; /* whose share of the waiting calls it has, or NULL */
	bool deaf;		  /* signals don't interrupt, or not any more */
	bool waits;		  /* its calls may wait */
	bool refused;		  /* the last call was refused: nothing was done */
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
 * After sd_remote_leave(): must the call be retried, from sd_remote_enter() on? True if it was
 * refused; then this has slept a little, longer each time (tries begins as 0). Unless deaf, a
 * signal ends that: false, and *ret is -ERESTARTSYS.
 */
bool sd_remote_again(const struct sd_use *use, long *ret, u32 *tries);
/* The call's result for a stub's status: ret, or -errno if the status isn't SD_OK. */
long sd_remote_result(struct sd_use *use, enum sd_status st, long ret);

/*
 * The body of a remote cut: the call `stub` of a domain whose stubs have this ABI hash, over the
 * link the task has entered, or else the present one. Pointers among the arguments are the kernel's
 * own, or those of a user pointer it has checked.
 */
long sd_remote_call(const char *domain, u32 abi, sd_stub_fn stub, const u64 arg[6]);

#endif

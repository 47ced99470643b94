/* SPDX-License-Identifier: GPL-2.0 */
/*
 * serve.h (internal): the serving side: clients, the pool of serving tasks, and how a task serves a
 * call. A file calls only files below it in this table:
 *
 *   serve_ctl.c     control events: ATTACH, DETACH, STATS, SHUTDOWN; starts serving
 *   serve_pool.c    leader / followers
 *   serve_call.c    one call: identity, dispatch, exit work, answer; the last calls of a client
 *   serve_name.c      paths of open files
 *   serve_memory.c  which client fails, or is ended, when memory runs out
 *   serve_client.c  a client: what a process owns in Linux (files, fs, credentials), and its end
 *   serve_ticket.c    open files on their way from one client to another
 *   serve_share.c     files that programs have mapped; serve_share_mem.c: their memory
 *   serve_cred.c    its capabilities
 *   serve_env.c     private memory of calls, and the table of calls
 *   serve_fair.c    how much each client may have of what clients share
 *   serve_state.c   lists of clients and serving tasks, and which task serves which client
 *
 * Leader / followers. One serving task, the leader, looks at the rings and runs calls itself. When
 * a call makes it sleep, the scheduler says so (sd_task_sleeping) and a follower becomes leader.
 * When the call is done its task answers, and leads if no other does, else follows. So a call may
 * block as in Linux and costs nothing extra when it doesn't.
 *
 *	leader   resting   the rings
 *	-------  -------   -------------------------------------------------------------------
 *	a task   no        are looked at by that task, or will be when it is scheduled
 *	NULL     yes       are looked at by the idle loop (sd_idle_poll) before the vCPU sleeps
 *	                   and after it woke
 *	NULL     no        aren't looked at: the leader made way for other tasks. The
 *	                   first serving task that ends its call leads, or the idle loop appoints
 *	                   one, or the clock's tick does when neither happens
 *
 * Locks: none. One vCPU, no kernel preemption: nothing here changes under a task that doesn't
 * sleep. What interrupts touch (sd_serve_kick) is a flag and a wake-up. But anything that sleeps
 * (an allocation, a last fput(), a transfer, a wait) invalidates what was known before:
 *
 * 	- Allocate, open, and do everything else that sleeps first. Then look, and act on it without
 *    sleeping in between.
 * 	- What must survive a sleep is held: a client by its calls (its end waits until there are
 * 	  none; client_use()), a client that has ended by its refs, a share by its users, a link by
 * 	  its refs, a file by its count.
 * 	- An object that ends is made unreachable before anything that it owns is released
 *    (client->files is NULL before they are put). When it is freed it is on no list and nobody
 *    holds it.
 *	- A walk over a list sleeps only where nothing can be deleted from that list while it does,
 *	  and says why.
 *
 * Identity. While a task serves client c its files, fs and credentials are c's. It keeps them until
 * it serves another client, since the next call is usually of the same one. They are c's own
 * references: before c is gone, every task that has assumed them gets its own back (sd_strip). A
 * client's files_struct always counts at least 2 users: __fget_light() then takes a reference on
 * every file it uses, as it must, because two calls of one client can be in progress in two tasks.
 * Its address also is the owner of its POSIX and OFD locks (fl_owner), the same in every call, as
 * for a Linux process.
 */
#ifndef KSLICE_SERVE_H
#define KSLICE_SERVE_H

#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <asm/sd.h>
#include <sd/machine.h>
#include <sd/serve.h>
#include <sd/server.h>
#include <sd/transport.h>

#define SD_PEER_OPS 256 /* calls beyond these can't be made by other domains */

enum sd_pool { SD_POOL_TASKS, SD_POOL_TICKETS, SD_POOL_CLIENTS, SD_POOL_REMOTE, SD_POOLS };

struct sd_user { /* see serve_fair.c */
	struct list_head node;
	kuid_t uid;
	u32 refs;
	u32 held[SD_POOLS];
	u64 scratch; /* bytes of private memory of its clients' calls */
};

struct sd_client {
	struct list_head node; /* all clients */
	struct sd_user *user;
	u32 held[SD_POOLS]; /* TASKS: its calls that wait; TICKETS: that it gave and can take back;
			       REMOTE: calls of other domains that may wait */
	u32 refs;	    /* references that outlive its end */
	u32 id;
	int notify_fd;
	u32 calls; /* in service, and other users that keep it from ending */
	/* bytes of private memory of its calls in service, and what they charged with
	 * sd_call_takes() */
	u64 scratch;
	bool ending; /* no new calls; files close or are closed */
	/* the call in this task ends its process (or ended it): no other call is answered */
	const struct sd_worker *exits;
	bool ended;	/* its files are closed, nothing refers to it any more */
	bool detaching; /* the supervisor has asked; once */
	bool executing; /* its other calls and its shares are being ended: no child attaches */
	struct list_head workers;   /* those in a call of this client that can be cancelled */
	wait_queue_head_t wait;	    /* for calls and ended */
	struct files_struct *files; /* NULL: not copied yet, or being closed */
	struct fs_struct *fs;
	const struct cred *cred;
	bool no_new_privs;
	struct list_head tickets; /* that it gave */
	struct list_head shares;  /* files that it may have mapped */
	u64 holds;		  /* bytes at the last count: serve_memory.c */
	bool peer;		  /* it is a domain, and may make these calls */
	DECLARE_BITMAP(peer_calls, SD_PEER_OPS);
	struct sd_sregion reg;
};

/*
 * A call that would sleep interruptibly may do so if its client may hold one more task and the call
 * doesn't have SD_F_NOWAIT. Otherwise it is interrupted, and answered with SD_R_REFUSED if it did
 * nothing. So calls that needn't wait are always served, and one client's waiting calls don't keep
 * others from being served.
 */
enum sd_wait { SD_WAITED = 1, SD_WAIT_DENIED = 2 };

struct sd_worker {
	struct task_struct *task;
	struct list_head node;	   /* all workers */
	struct list_head free;	   /* followers; empty: leading or in a call */
	struct list_head incall;   /* client->workers */
	struct sd_client *assumed; /* NULL: its own identity */
	u8 wait;		   /* enum sd_wait, bits, of its call */
	u64 took;		   /* bytes, its call: sd_call_takes() */
	/* loop: its client is this process itself, on a stack that isn't a task's */
	bool unconfined;
	struct files_struct *files; /* its own */
	struct fs_struct *fs;
	const struct cred *cred;
	struct sd_req req;
};

struct sd_serve_stats {
	u64 calls, blocked;
	u32 clients, workers;
};

/* serve_state.c */
struct sd_state {
	struct list_head clients; /* first: tests/fault/fault.py finds it there */
	struct list_head workers;
	u32 followers;		/* tasks that could lead */
	bool alone;		/* there is no pool, see sd_pool_adopt() */
	struct sd_sqp *last_qp; /* of the last call, or NULL */
};

extern struct sd_state sd_state;
extern struct sd_serve_stats sd_serve_stats;
extern struct sd_poller sd_poller;
extern u32 sd_shares_begun; /* counts */
extern bool sd_ctl_pending; /* there may be a control event */

struct sd_client *sd_client_find(u32 id);
/* Calls fn for every client that has files: not for those that are being created or whose files are
 * being closed. fn must not sleep. */
void sd_each_client(void (*fn)(struct sd_client *c, void *arg), void *arg);
void sd_assume_cred(struct sd_worker *w, struct sd_client *c);
void sd_strip(struct sd_client *c);
void sd_qp_forget(struct sd_client *c);	   /* don't take the last call for one of its */
struct sd_worker *sd_worker_current(void); /* of the current task; NULL: not a serving task */
/* The current task, if it is in a call. */
struct sd_worker *sd_worker_calling(void);
/* The client whose call the current task is in; NULL: it is in none. */
struct sd_client *sd_client_served(void);

/* A call may sleep: another task will look at the rings. */
static inline bool sd_may_block(void)
{
	return sd_state.followers > 0 || sd_state.alone;
}

/* serve_client.c */
struct sd_client *sd_client_make(const struct sd_ctl_attach *a, void *region, int notify_fd,
				 int *err);
/* Ends its calls, closes its files, unmaps its memory. Sleeps. May be called any number of times
 * while the client is on the list. */
void sd_client_end(struct sd_client *c, u32 why);
void sd_clients_end(void); /* all of them, orderly; sleeps. No client can attach from then on */
void sd_client_forget(struct sd_client *c); /* after its end, when no request names it any more */
/* It broke the protocol: tell the supervisor, end it. Sleeps. */
void sd_client_lied(struct sd_client *c);
/* Interrupts its calls in service, except the one that `but` runs. */
void sd_client_cancel(struct sd_client *c, const struct sd_worker *but);

/* serve_fair.c */
struct sd_user *sd_user_get(kuid_t uid); /* NULL: no memory */
void sd_user_put(struct sd_user *u);
/* May one more of a pool, of which `left` are free, be given to c (NULL: to the user alone)? */
bool sd_may_hold(const struct sd_user *u, const struct sd_client *c, enum sd_pool p, u32 left);

static inline void sd_hold(struct sd_client *c, enum sd_pool p)
{
	c->held[p]++;
	c->user->held[p]++;
}

static inline void sd_unhold(struct sd_client *c, enum sd_pool p)
{
	c->held[p]--;
	c->user->held[p]--;
}

/* serve_pool.c */
/* The current task becomes the first of the pool. handle_control() handles one control event, if
 * there is one; it may sleep. */
void __noreturn sd_pool_run(void (*handle_control)(void));
/* The current task serves calls without a pool (loop): no follower takes over when it sleeps. NULL:
 * no memory. */
struct sd_worker *sd_pool_adopt(void);
/* Tells the leader that there is work besides the rings. Any context. */
void sd_serve_kick(void);

/* serve_call.c */
void sd_serve_call(struct sd_worker *w);
/* Runs its last early calls, ends and frees the client. 0, or -ESRCH. Sleeps. */
int sd_client_detach(u32 id);

/* serve_memory.c */
void sd_memory_setup(void);
bool sd_memory_for_client(kuid_t uid); /* may this user attach one more? */
void sd_memory_watch(void);  /* little memory is free: act if that doesn't change. Any context */
void sd_memory_wanted(void); /* starting a task needs more memory */
/* The limit of open files is reached: true if the client that has most of them was ended and it
 * isn't c. Sleeps. */
bool sd_memory_from_greedy(struct sd_client *c);
/* A call of this client failed for lack of memory: true if it should be retried because others
 * have, or had, too much. Sleeps. */
bool sd_memory_again(struct sd_client *c);

/* serve_ticket.c. The results are those of the calls. */
long sd_ticket_give(struct sd_serve *s, struct sd_client *c);
long sd_ticket_show(struct sd_serve *s, struct sd_client *c);
int sd_ticket_hold(const struct sd_ctl_ticket *m); /* or drops it. Sleeps */
/* the client ends; files close at the next sd_exit_work() */
void sd_tickets_end(struct sd_client *c);
void sd_tickets_drop(void); /* all tickets; files close as above */
/* Calls fn for the file of each ticket that it issued; returns the bytes of the tickets themselves.
 */
u64 sd_tickets_each(const struct sd_client *c, void (*fn)(struct file *file, void *arg), void *arg);

/* serve_share.c: sd/share.h. Absent from a domain without disks. */
long sd_share_give(struct sd_serve *s, struct sd_client *c) __weak;
long sd_share_flush(const u64 key[2]) __weak;
int sd_share_attach(const struct sd_event *ev) __weak;
int sd_shares_inherit(struct sd_client *c, const struct sd_client *parent) __weak;
void sd_shares_end(struct sd_client *c) __weak; /* sleeps */
void sd_share_adopt(struct file *file) __weak;	/* for an fd that wasn't made by open() */
void sd_shares_adopt(struct sd_client *c)
	__weak; /* for an open() that slept while the share began, its file in no table yet */

/* serve_cred.c */
void sd_cred_begin(struct cred *new, const struct sd_ctl_cred *r);
long sd_cred_told(const struct sd_serve *s, struct sd_client *c);
void sd_client_executed(struct sd_client *c); /* its process has called exec */

/* serve_name.c: SD_OP_PATH */
long sd_path_of(struct sd_serve *s);

/* remote_file.c: absent from a domain that calls no other. */
long sd_remote_open(struct sd_serve *s) __weak;
/* remote.c */
void sd_remote_event(const struct sd_event *ev) __weak;

/* serve_env.c */
/* [addr, addr + size) is private memory of the call that the current task is in. */
bool sd_mem_mine(unsigned long addr, unsigned long size);
/*
 * Charges len bytes of kernel memory to the current task's call, if it is in one, until the call
 * ends, as if they were private memory of the call. False: over the limit.
 */
bool sd_call_takes(u64 len);
void sd_call_gives_back(struct sd_worker *w);
void *sd_scratch_get(void *client, u64 len); /* see struct sd_server_ops */
void sd_scratch_put(void *p);
void sd_serve_table(void);

/* serve_ctl.c */
extern const struct sd_server_side *sd_serving; /* the transport by which clients come */
void sd_serve_setup(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * channel.h: the part of the hook that talks to domains.
 *
 * A struct sd_files goes with the host's file table: threads share one, a forked or vforked child
 * gets a copy with channels of its own. It maps host fds, which are placeholders, to domain fds.
 * Several host fds may stand for one domain fd (dup): the domain sees one fd, closed with the last
 * of them. FD_CLOEXEC and the number itself are the placeholder's.
 *
 * A struct sd_chan is one attachment to one domain. It is never changed back from dead; a later
 * call that makes an fd attaches anew, with the next serial, and fds with an older serial answer
 * EREMOTEIO for ever. Dead channels stay mapped, since other threads may still wait in them.
 *
 * Locks: sd_files.lock guards map, refs, lanes and attaching; lookups read one u64 without it.
 * Nothing waits for a domain with it held, except attaching. The lock is taken with signals kept,
 * never in a handler.
 */
#ifndef SD_USER_DOMAIN_H
#define SD_USER_DOMAIN_H

#include "hook/hook.h"
#include <sd/lane.h>
#include <sd/client.h>

#define SD_FDS	(1u << 20) /* host fds that can be mapped */
#define SD_DFDS (1u << 16) /* domain fds of a channel */
#define SD_EPS	256u	   /* host epoll fds that also have domain members */

typedef int16_t s16;

enum sd_fd_kind { SD_FD_HOST, SD_FD_DOMAIN, SD_FD_EPOLL, SD_FD_HIDDEN };

struct sd_fd { /* packed into one u64 of the map */
	u8 kind;
	u8 dom;
	u16 serial;
	s32 dfd; /* domain fd, or index of the sd_ep */
};

/*
 * The program's data of a domain member. The domain is given the fd and a generation instead, so
 * that it can't hand the program a pointer of its choice.
 */
struct sd_member {
	u64 data;
	u64 key; /* what the domain was given; 0: no member */
};

/* What a host epoll fd has in domains. */
struct sd_ep {
	u32 refs;
	u32 host;			      /* it has had host members */
	u32 gen;			      /* of this use of the record */
	struct sd_member *member[SD_DOMAINS]; /* by domain fd */
	u32 waiting;			      /* threads that wait for its host part alone */
	s32 dfd[SD_DOMAINS];		      /* the domain's epoll instance, -1: none */
	u16 serial[SD_DOMAINS];
};

enum sd_chan_state { SD_CHAN_LIVE, SD_CHAN_DEAD, SD_CHAN_PROTO };
enum { SD_FD_LIFE, SD_FD_REGION, SD_FD_EVENT, SD_FD_BELL, SD_CHAN_FDS };

struct sd_chan {
	u32 state; /* enum sd_chan_state */
	u16 serial;
	u16 dom;
	u32 client, generation;
	void *region;
	const struct sd_bell *bell;
	s32 fd[SD_CHAN_FDS];
	u32 lane_used[SD_LANES / 32];
	u32 lane_old[SD_LANES / 32]; /* used by the image before this one: find its position */
	u32 fresh;		     /* nothing was said on it so far */
	u32 keep;		     /* a child of this program couldn't attach by itself */
	u32 live;		     /* domain fds open through it */
	u32 top;		     /* refs at and above it are 0 */
	u8 shared[SD_DFDS];	     /* another process may use it: nothing is promised for it */
	u16 ref[SD_DFDS];	     /* host fds (and epoll records) per domain fd */
	struct sd_lane lane[SD_LANES];
};

struct sd_files {
	u32 lock;
	u32 mapped;	    /* entries of any kind */
	u32 top;	    /* entries at and above it are empty */
	u32 ending;	    /* the process ends: see end.c */
	u32 cwd;	    /* 1 + the domain that has the current directory; 0: the host */
	u16 cwd_serial;	    /* of the channel it has it by */
	s32 placeholder[2]; /* of domains without and with files below a path; -1: not made yet */
	struct sd_chan *chan[SD_DOMAINS];
	u16 serial[SD_DOMAINS];
	struct sd_ep ep[SD_EPS];
	u64 map[SD_FDS];
};

/* A domain this program may use. */
struct sd_domain {
	const struct sd_domain_stubs *stubs;
	char path[108]; /* its supervisor's socket */
	const struct sd_stub *by_nr[SD_KINDS];
};
extern struct sd_domain sd_domain[SD_DOMAINS];
extern u32 sd_ndomains;

/* clone.c: somebody else may run in this memory, or use these fds, without a system call of ours in
 * between. */
extern u32 sd_not_alone;

/* call.c */
void sd_domains_init(const char *env);
enum sd_way sd_call_routed(struct sd_thread *t);
/* One call of a domain: result or -errno; *again: to be issued again after the kept signals. */
long sd_domain_call(struct sd_thread *t, struct sd_lane *l, const struct sd_stub *s,
		    const u64 arg[6], int *again);
long sd_status_errno(struct sd_thread *t, struct sd_lane *l, enum sd_status st);
long sd_chan_errno(
	const struct sd_chan *c); /* what calls on a channel fail with that has ended, or on none */
enum sd_way sd_result(struct sd_thread *t, long ret, int again);
long sd_verdict(struct sd_thread *t, long ret, int *again);
void sd_lane_enter(struct sd_thread *t, struct sd_lane *l);
void sd_lane_leave(struct sd_thread *t);
const struct sd_stub *sd_stub_for(u32 dom, u64 nr);
/* Promised calls (sd/rpc.h) are answered before anything happens that could tell somebody else of
 * them. */
void sd_settle_all(struct sd_thread *t);
static inline void sd_settle(struct sd_thread *t)
{
	if (sd_unlikely(t->look & SD_LOOK_PROMISE))
		sd_settle_all(t);
}
/* Around a call on this lane: others' promised calls come first, its own is left to the lane. dfd:
 * what the call may be promised for; -1: nothing. */
void sd_promises_begin(struct sd_thread *t, struct sd_lane *l, u32 dom, s32 dfd);
void sd_promises_end(struct sd_thread *t, const struct sd_lane *l);
void sd_domain_close(struct sd_thread *t, u32 dom, s32 dfd,
		     int later); /* later: it may be promised */
void sd_unsupported(u64 nr);	 /* says so, once a call */
/* The result of a call that makes an fd: the program's number for it, or -errno. */
long sd_install_new(struct sd_thread *t, struct sd_lane *l, u32 dom, const struct sd_stub *s,
		    const u64 arg[6], long ret);

/* fdmap.c */
struct sd_files *sd_files_of(struct sd_thread *t); /* makes it; NULL: no memory */
struct sd_fd sd_fd_unpack(u64 v);		   /* an entry of the map */
struct sd_fd sd_fd_get(const struct sd_thread *t, s64 fd);
int sd_fd_in_domain(const struct sd_thread *t, s64 fd);	    /* SD_FD_DOMAIN */
void sd_fd_put(struct sd_files *f, s32 fd, struct sd_fd e); /* locked */
long sd_fd_install(struct sd_thread *t, struct sd_lane *l, u32 dom, long dfd, int cloexec);
/* The same under the number of an open host fd, which goes; dead: it only answers EREMOTEIO. */
long sd_fd_install_at(struct sd_thread *t, struct sd_lane *l, u32 dom, long dfd, s32 at,
		      int cloexec);
void sd_fd_install_dead(struct sd_thread *t, u32 dom, s32 at, int cloexec);
/* What the host does with numbers and what stands for what change together: whoever looks
   meanwhile, fork and exec too, sees both or neither. */
long sd_fd_close(struct sd_thread *t, s32 fd, int later); /* later: as above */
void sd_fd_close_late(struct sd_thread *t);		  /* its call is over, and it has late[] */
long sd_fd_dup(struct sd_thread *t, u64 nr, s32 from, u64 a,
	       u64 b); /* a call that makes a new name */
long sd_fd_dup_to(struct sd_thread *t, s32 from, s32 to, u32 flags); /* dup3 */
int sd_fd_hide(struct sd_thread *t, s32 *fd);	     /* locked: moved up, hidden, close-on-exec */
void sd_fd_unhide_close(struct sd_files *f, s32 fd); /* locked */
int sd_fd_move_hidden(struct sd_thread *t, s32 fd);  /* the program wants this number */
struct sd_chan *sd_fd_chan(struct sd_thread *t, struct sd_fd e, long *err);
void sd_files_drop_table(struct sd_files *f);
extern u32 sd_files_lent; /* clone.c: to a process, not just to threads */

/* end.c */
void sd_files_lock(struct sd_files *f); /* f->lock, for what mustn't begin once the process ends */
int sd_files_exit(
	struct sd_thread *t); /* it is about to; 0: no domain knows, and the program may go on */
enum sd_way sd_call_exit_group(struct sd_thread *t);

/* lanes.c */
/* This thread's lane to a domain; attaches where create says so. NULL: *err. */
struct sd_lane *sd_lane_of(struct sd_thread *t, u32 dom, int create, long *err);
/* The same for a domain it is attached to, with the files' lock held, lanes_in_use set, and without
 * waiting for one. */
struct sd_lane *sd_lane_at_once(struct sd_thread *t, u32 dom);
void sd_lanes_free(struct sd_thread *t);    /* the thread ends */
void sd_lanes_pass(struct sd_thread *t);    /* those in which calls don't wait: to whom they help */
void sd_refused_pause(struct sd_thread *t); /* see wait.c */
void sd_lanes_reset(void);		    /* in a forked child: nobody waits for one */
void sd_hook_left(struct sd_thread *t);	    /* its call ended, and sd_lanes_wanted isn't 0 */
void sd_lane_freed(void);		    /* a call ended, and sd_lanes_wanted isn't 0 */
extern u32 sd_lanes_wanted; /* and closes left to threads in calls: a thread that leaves the hook
			       has something to see to */
/* One that no thread has, nor borrows: posted calls may stay in it. NULL: none is free. */
struct sd_lane *sd_lane_own(struct sd_thread *t, struct sd_chan *c);
void sd_lane_give(struct sd_chan *c, struct sd_lane *l);

/* attach.c */
bool sd_lane_gone(const struct sd_lane *l);
long sd_chan_renew(struct sd_thread *t, u32 dom);
struct sd_chan *sd_chan_new(u32 dom, u16 serial);
/* parent: an open channel whose files the new one starts with, or NULL */
long sd_chan_attach(struct sd_chan *c, const struct sd_chan *parent);
long sd_chan_map(struct sd_chan *c);
/* A socket that is the ticket (sd/control.h, TICKET), or -errno. */
long sd_share_fd(struct sd_thread *t, u32 dom, const u64 key[2]);
long sd_ticket_hold(struct sd_thread *t, u32 dom, const u64 key[2]);

/* fork.c: around clone without CLONE_FILES */
struct sd_fork {
	struct sd_chan *chan[SD_DOMAINS];
	s32 here[SD_DOMAINS][SD_CHAN_FDS]; /* their fds, as the parent sees them */
	struct sd_files *copy;		   /* a CLONE_VM child's own table */
};
long sd_files_before_fork(struct sd_thread *t, struct sd_fork *k, int shares_memory);
void sd_files_in_child(struct sd_thread *t, struct sd_fork *k, struct sd_files *parents);
void sd_files_after_fork(struct sd_thread *t, struct sd_fork *k, int child_gone);

/* process/exec_state.c: over exec */
long sd_state_save(struct sd_thread *t); /* an fd, -1: nothing to keep, or -errno */
void sd_state_undo(struct sd_thread *t, long fd);
void sd_state_load(struct sd_thread *t, s64 fd);

/* calls/fd.c, calls/scm_rights.c, poll.c, select.c, epoll.c, sendfile.c */
enum sd_way sd_call_close(struct sd_thread *t);
enum sd_way sd_call_close_range(struct sd_thread *t);
enum sd_way sd_call_dup(struct sd_thread *t);
enum sd_way sd_call_dup2(struct sd_thread *t);
enum sd_way sd_call_fcntl(struct sd_thread *t);
enum sd_way sd_call_ioctl(struct sd_thread *t);
enum sd_way sd_call_sendmsg(struct sd_thread *t);
enum sd_way sd_call_recvmsg(struct sd_thread *t);
enum sd_way sd_call_io_uring(struct sd_thread *t);
enum sd_way sd_call_splice(struct sd_thread *t);
enum sd_way sd_call_poll(struct sd_thread *t);
enum sd_way sd_call_select(struct sd_thread *t);
struct sd_member *sd_ep_member(struct sd_ep *ep, u32 d, s32 dfd);
enum sd_way sd_call_epoll_ctl(struct sd_thread *t);
enum sd_way sd_call_epoll_wait(struct sd_thread *t);
enum sd_way sd_call_sendfile(struct sd_thread *t);

/* mmap.c */
enum sd_way sd_call_mmap(struct sd_thread *t);
enum sd_way sd_call_munmap(struct sd_thread *t);
enum sd_way sd_call_mremap(struct sd_thread *t);
enum sd_way sd_call_msync(struct sd_thread *t);
long sd_file_call(struct sd_thread *t, struct sd_lane *l, u32 dom, u64 nr, const u64 arg[6]);
s32 *sd_mmap_slot(s32 fd); /* where a hidden fd of a map stands, NULL: it's none */
void sd_mmap_reset(void);
/* A call that was made, with its result: shared maps follow what it wrote. */
void sd_mmap_written(struct sd_thread *t, struct sd_lane *l, u32 dom, u64 nr, const u64 arg[6],
		     long ret);

/* aio.c, calls/aio_context.c */
struct aio_ctx;
enum sd_way sd_call_io_setup(struct sd_thread *t);
enum sd_way sd_call_io_submit(struct sd_thread *t);
enum sd_way sd_call_io_getevents(struct sd_thread *t);
enum sd_way sd_call_io_destroy(struct sd_thread *t);
void sd_aio_settle(struct sd_thread *t, u32 dom, s32 dfd);
void sd_aio_reset(void);
void sd_aio_ring_again(const struct aio_ctx *but);

/* wait.c: one poll over domains and the host */
struct sd_pollfd {
	s32 fd;
	s16 events, revents;
};
/* fds hold the program's numbers; timeout in ns, < 0: none; returns count or -errno. */
long sd_poll_mixed(struct sd_thread *t, struct sd_pollfd *fds, u32 n, s64 timeout, int *again);
void sd_wait_mask(struct sd_thread *t, u64 mask); /* in force until the exit */
long sd_wait_mask_arg(
	struct sd_thread
		*t); /* the same by a sixth argument { mask, size }, if there is one: 0 or -errno */
s64 sd_now(void);
void sd_waiters_reset(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * channel.h: the room that talks to domains: the list of them, attachments, queue pairs, one call
 * through a queue pair, and the map from the program's fds to a domain's.
 *
 * A struct sd_files belongs to the host's file table: threads share one, a forked or vforked child
 * gets a copy with channels of its own. It maps host fds, which are placeholders, to domain fds.
 * Several host fds may refer to one domain fd (dup): the domain sees one fd, closed with the last
 * of them. FD_CLOEXEC and the number itself are the placeholder's.
 *
 * A struct sd_chan is one attachment to one domain. A dead one stays dead; a later call that makes
 * an fd attaches again, with the next serial, and fds with an older serial give EREMOTEIO from then
 * on. Dead channels stay mapped, since other threads may still wait in them.
 *
 * Locks: sd_files.lock guards map, refs, queue pairs and attaching; lookups read one u64 without
 * it. Only attaching waits for a domain with it held. It is taken with signals kept, never in a
 * handler.
 */
#ifndef SD_CLIENT_CHANNEL_H
#define SD_CLIENT_CHANNEL_H

#include "hook/hook.h"
#include <sd/qp.h>
#include <sd/client.h>
#include <sd/control.h>

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
 * The program's event data of a domain member. The domain gets the fd and a generation instead, so
 * that it can't pass the program a pointer of its choice.
 */
struct sd_member {
	u64 data;
	u64 key; /* what the domain was given; 0: no member */
};

/* What a host epoll fd has in domains. */
struct sd_ep {
	u32 refs;
	u32 host;			      /* it has had host members */
	u32 gen;			      /* generation: counts the uses of the record */
	struct sd_member *member[SD_DOMAINS]; /* by domain fd */
	u32 waiting;			      /* threads that wait for its host part alone */
	s32 dfd[SD_DOMAINS];		      /* the domain's epoll instance, -1: none */
	u16 serial[SD_DOMAINS];
};

enum sd_chan_state { SD_CHAN_LIVE, SD_CHAN_DEAD, SD_CHAN_PROTO };
enum { SD_FD_LIFE, SD_FD_REGION, SD_FD_EVENT, SD_FD_WAKE_PAGE, SD_CHAN_FDS };

struct sd_chan {
	u32 state; /* enum sd_chan_state */
	u16 serial;
	u16 dom;
	u32 client, generation;
	char transport[SD_TRANSPORT_MAX]; /* its name, as the supervisor says; "": the first */
	struct sd_region_head *region;
	const struct sd_wake_page *wake_page;
	const struct sd_client_side
		*tr; /* the transport that its memory and queue pairs are of; NULL:
					    nothing is mapped */
	s32 fd[SD_CHAN_FDS];
	u32 qp_used[SD_QPS / 32];
	u32 qp_old[SD_QPS / 32]; /* used by the image before this one: find its position */
	u32 fresh;		 /* no call was made on it so far */
	u32 keep;		 /* a child of this program couldn't attach by itself */
	u32 live;		 /* domain fds open through it */
	u32 top;		 /* refs at and above it are 0 */
	u8 shared[SD_DFDS];	 /* another process may use it: no call on it is completed early */
	u16 ref[SD_DFDS];	 /* host fds (and epoll records) per domain fd */
	struct sd_qp qp[SD_QPS];
};

/* Somebody who is sent records of this process's calls, see trace.h. fd is hidden; -1: nobody, or
 * not any more. */
struct sd_tracer {
	u32 serial; /* of the tracer that fd is, or was, connected to; 0: of none */
	s32 fd;
	u32 late; /* it has been waited for: no longer, until it reads again */
	u32 lost; /* records dropped meanwhile */
};
#define SD_TRACERS (SD_DOMAINS + 1) /* each domain's, and run --trace's */

/* A child of clone without CLONE_FILES: what it starts with, see fork.c. */
struct sd_fork {
	struct sd_chan *chan[SD_DOMAINS];
	s32 here[SD_DOMAINS][SD_CHAN_FDS]; /* their fds, as the parent sees them */
	struct sd_files *copy;		   /* a CLONE_VM child's own table */
};

struct sd_files {
	u32 lock;
	u32 mapped;	    /* entries of any kind */
	u32 top;	    /* entries at and above it are empty */
	u32 ending;	    /* the process ends: see process/end.c */
	u32 cwd;	    /* 1 + the domain that has the current directory; 0: the host */
	u16 cwd_serial;	    /* serial of that domain's channel */
	s32 placeholder[2]; /* of domains without and with files below a path; -1: not made yet */
	struct sd_chan *chan[SD_DOMAINS];
	u16 serial[SD_DOMAINS];
	struct sd_tracer tracer[SD_TRACERS];
	struct sd_ep ep[SD_EPS];
	struct sd_fork fork; /* in the table of a child that shares memory, until it runs */
	u64 map[SD_FDS];
};

/* ---- domains.c: the domains, and what their tables say ---- */
struct sd_domain {
	const struct sd_domain_stubs *stubs;
	char path[108]; /* its supervisor's socket */
	const struct sd_stub *by_nr[SD_NSYSCALLS];
};
extern struct sd_domain sd_domain[SD_DOMAINS];
extern u32 sd_ndomains;
void sd_domains_init(const char *env);
const struct sd_stub *sd_stub_for(u32 dom, u64 nr);
int sd_has_prefix(u32 dom); /* its files are below a path */
/* The domain's stub for a mirrored call of the host's; NULL: the call isn't mirrored there. */
const struct sd_stub *sd_mirror_stub(u32 dom, u64 nr, const u64 arg[6]);
/* Has some domain a stub for the call with one of these routes (a mask of 1 << SD_ROUTE_...)? */
bool sd_any_stub(u64 nr, u32 routes);
void sd_unsupported(u64 nr); /* reports it, once per call number */
/* An fd call that the fd's domain has no stub for. 0: the placeholder may answer it; else
 * -errno. */
long sd_no_stub(u64 nr, u32 dom);
/* Is it a call about an open file for which some domain's placeholder would give a wrong answer? */
bool sd_needs_no_stub(u64 nr);

/* ---- call.c: one call of a domain ---- */
/* Its result or -errno; *again: it must be restarted after the kept signals. */
long sd_domain_call(struct sd_thread *t, struct sd_qp *l, const struct sd_stub *s, const u64 arg[6],
		    int *again);
long sd_status_errno(struct sd_thread *t, struct sd_qp *l, enum sd_status st);
/* What calls fail with on a channel that has ended, or on none. */
long sd_chan_errno(const struct sd_chan *c);
enum sd_way sd_result(struct sd_thread *t, long ret, int again);
long sd_verdict(struct sd_thread *t, long ret, int *again);
void sd_qp_enter(struct sd_thread *t, struct sd_qp *l);
void sd_qp_leave(struct sd_thread *t);

/*
 * A call that no signal ends. `call`, an expression of enum sd_status, is repeated when a signal
 * came first. A refusal (SD_REFUSED) is a result of sd_uninterrupted(), and retried by
 * sd_until_served(), for calls that must be made.
 */
#define sd_uninterrupted(l, call)         \
	({                                \
		enum sd_status st_;       \
                                          \
		do {                      \
			(l)->intr = 0;    \
			st_ = (call);     \
		} while (st_ == SD_INTR); \
		st_;                      \
	})
#define sd_until_served(l, call)                             \
	({                                                   \
		enum sd_status served_;                      \
                                                             \
		do                                           \
			served_ = sd_uninterrupted(l, call); \
		while (served_ == SD_REFUSED);               \
		served_;                                     \
	})

/* Calls of the hook's own, made with sd_until_served(). */
/* A call of the domain by number, with the domain's own arguments. -EOPNOTSUPP: it has no such
 * call. */
long sd_domain_do(struct sd_thread *t, u32 dom, u64 nr, const u64 arg[6]);
/* The path of a domain's fd, or of its current directory (AT_FDCWD), unchecked: length or
 * -errno. buf: PATH_MAX */
long sd_domain_ask_path(struct sd_thread *t, u32 dom, s32 dfd, char *buf);
void sd_domain_executed(struct sd_thread *t, u32 dom); /* the program was replaced by another */
/* With sd_uninterrupted(): result or -errno; -ENODEV: the domain has no such call. */
long sd_file_call(struct sd_thread *t, struct sd_qp *l, u32 dom, u64 nr, const u64 arg[6]);

/* Early calls (sd/rpc.h) are waited for before anything by which others could notice that they
 * aren't complete. */
void sd_settle_all(struct sd_thread *t);
static inline void sd_settle(struct sd_thread *t)
{
	if (sd_unlikely(t->look & SD_LOOK_EARLY))
		sd_settle_all(t);
}
/* Around a call on this queue pair: early calls of other queue pairs are waited for first, its
 * own is left to the queue pair. dfd: the fd on which the call may be completed early; -1: none. */
void sd_early_begin(struct sd_thread *t, struct sd_qp *l, u32 dom, s32 dfd);
void sd_early_end(struct sd_thread *t, const struct sd_qp *l);
/* later: the call may be completed early. */
void sd_domain_close(struct sd_thread *t, u32 dom, s32 dfd, int later);
/* The result of a call that makes an fd: the program's number for it, or -errno. */
long sd_install_new(struct sd_thread *t, struct sd_qp *l, u32 dom, const struct sd_stub *s,
		    const u64 arg[6], long ret);

/* ---- fdmap.c ---- */
struct sd_files *sd_files_of(struct sd_thread *t); /* makes it; NULL: no memory */
void sd_files_lock(
	struct sd_files *f); /* f->lock, for operations that must not begin once the process ends */
void sd_files_drop_table(struct sd_files *f);
struct sd_fd sd_fd_unpack(u64 v); /* an entry of the map */
struct sd_fd sd_fd_get(const struct sd_thread *t, s64 fd);
int sd_fd_in_domain(const struct sd_thread *t, s64 fd);	    /* SD_FD_DOMAIN */
void sd_fd_put(struct sd_files *f, s32 fd, struct sd_fd e); /* locked */
long sd_fd_install(struct sd_thread *t, struct sd_qp *l, u32 dom, long dfd, int cloexec);
/* The same at the number of an open host fd; dead: it only answers EREMOTEIO. */
long sd_fd_install_at(struct sd_thread *t, struct sd_qp *l, u32 dom, long dfd, s32 at, int cloexec);
void sd_fd_install_dead(struct sd_thread *t, u32 dom, s32 at, int cloexec);
/* The host's numbers and their map entries change together: other threads, fork and exec see
 * both changes or neither. */
long sd_fd_close(struct sd_thread *t, s32 fd, int later); /* later: as above */
void sd_fd_close_late(struct sd_thread *t); /* its call is over, and it has entries in late[] */
void sd_fd_drop(struct sd_thread *t,
		struct sd_fd e); /* removes a number of e, which the host has closed */
/* A call that makes a new number. */
long sd_fd_dup(struct sd_thread *t, u64 nr, s32 from, u64 a, u64 b);
long sd_fd_dup_to(struct sd_thread *t, s32 from, s32 to, u32 flags); /* dup3 */
int sd_fd_hide(struct sd_thread *t, s32 *fd);	     /* locked: moved up, hidden, close-on-exec */
void sd_fd_unhide_close(struct sd_files *f, s32 fd); /* locked */
int sd_fd_move_hidden(struct sd_thread *t, s32 fd);  /* the program wants this number */
/* The channel an fd belongs to, alive; NULL: *err. */
struct sd_chan *sd_fd_chan(struct sd_thread *t, struct sd_fd e, long *err);
/* Replaces the arguments that are fds (bits of `which`) by the domain's fds; negative ones stay.
 * 0, or -EINVAL: one is of another kernel. */
long sd_fd_args(struct sd_thread *t, u32 which, u32 dom, u64 arg[6]);
long sd_empty_dir(void); /* an fd of a deleted directory, or -errno */

/* ---- qps.c ---- */
/* This thread's queue pair to a domain; attaches if create is set. NULL: *err. */
struct sd_qp *sd_qp_of(struct sd_thread *t, u32 dom, int create, long *err);
/* The same for a domain that is attached already, with the files' lock held and qps_in_use set.
 * Doesn't wait for one. */
struct sd_qp *sd_qp_at_once(struct sd_thread *t, u32 dom);
void sd_qps_free(struct sd_thread *t); /* the thread ends */
void sd_qps_pass(
	struct sd_thread *t); /* queue pairs in which calls don't wait, to those they help */
void sd_qps_reset(void);      /* in a forked child: no thread waits for one */
/* A call ended, and sd_leave_work isn't 0: threads wait for queue pairs, or have left a close to
 * this thread. */
void sd_hook_left(struct sd_thread *t);
void sd_qp_freed(void);
/* A queue pair that no thread has or borrows: posted calls may stay in it. NULL: none is free. */
struct sd_qp *sd_qp_own(struct sd_thread *t, struct sd_chan *c);
void sd_qp_give(struct sd_chan *c, struct sd_qp *l);

/* ---- attach.c, introduce.c ---- */
long sd_chan_renew(struct sd_thread *t, u32 dom);
struct sd_chan *sd_chan_new(u32 dom, u16 serial);
/* parent: an open channel whose files the new one starts with, or NULL */
long sd_chan_attach(struct sd_chan *c, const struct sd_chan *parent);
long sd_chan_map(struct sd_chan *c);
long sd_share_fd(struct sd_thread *t, u32 dom, const u64 key[2]);
/* A socket that is the ticket (sd/control.h, TICKET), or -errno. */
long sd_ticket_hold(struct sd_thread *t, u32 dom, const u64 key[2]);
/* The first calls on a new channel, with the files' lock held. */
void sd_introduce(struct sd_qp *l, u32 dom);
/* The program's capabilities and the like, as SD_OP_CRED has them. */
bool sd_cred_known(void); /* the host may be asked for them */
void sd_cred_ask(u64 arg[6]);
enum sd_status sd_cred_tell(struct sd_qp *l, const u64 arg[6]);

/*
 * Is the domain gone? Each of these tests more than the one before it, and costs more: the
 * supervisor reports the end of the domain's process; or the domain has ended this channel; or the
 * supervisor itself has ended without notice (a system call).
 */
static inline bool sd_chan_alive(const struct sd_chan *c)
{
	return sd_load_relaxed(&c->wake_page->alive) != 0;
}
static inline bool sd_chan_ended(const struct sd_chan *c)
{
	return !sd_chan_alive(c) || sd_load_relaxed(&c->region->ended) != 0;
}
bool sd_qp_gone(const struct sd_qp *l);

/* ---- fork.c: around clone without CLONE_FILES ---- */
/* Leaves the table locked if the child gets a copy of this memory. */
long sd_files_before_fork(struct sd_thread *t, struct sd_fork *k, int shares_memory);
void sd_files_in_child(struct sd_thread *t, struct sd_fork *k); /* in the child */
void sd_files_after_fork(struct sd_thread *t, struct sd_fork *k, int child_gone);

/* ---- wait.c; wait.h has the rest ---- */
void sd_refused_pause(struct sd_thread *t); /* before a refused call is retried */

#endif

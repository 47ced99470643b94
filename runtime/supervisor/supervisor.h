/* SPDX-License-Identifier: GPL-2.0 */
/*
 * supervisor.h: kdom inside. One program, two lives:
 *
 *   kdom up net ── fork ──> daemon (daemon.c): one epoll loop, owns everything below
 *      │ asks (ask.c)          ├─ domain.c, spawn.c   the domain process, its socket, its bell page
 *      │                       ├─ belts.c, cgroup.c   what confines it
 *      └─ over net.sock ────── ├─ crowds.c, threads.c  connections, fair by uid; what others gave us is closed by threads
 *                              ├─ clients.c           what they ask; an attached one is a lifeline
 *                              ├─ console.c, log.c    what it prints, what we say
 *                              ├─ rules.c             what a connection may ask, and how much
 *                              ├─ peers.c             connections of ours to other daemons
 *                              └─ requests.c          what the domain hasn't answered yet
 *
 * Ownership: struct daemon owns its conns, requests and the domain; a struct conn dies in
 * conn_close() and nowhere else, which clears it from every request that names it. fds are owned by
 * the struct they lie in. What an fd is that a client gave us is its choice: the loop closes none of
 * them. Functions return 0 or -errno; what a user must know is printed with say() (before the daemon
 * exists) or logged with note() (inside it).
 */
#ifndef KDOM_SUPERVISOR_H
#define KDOM_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <sd/bell.h>
#include <sd/control.h>
#include <sd/machine.h>

/* ---- options.c: what the command line and the manifest say ---- */

enum restart { RESTART_NO, RESTART_ON_FAILURE, RESTART_ALWAYS };

struct device {
	char type[16];
	char backend[16];
	char ifname[16];     /* tap: name of the interface */
	char host[32];	     /* tap: address of the host's end, A.B.C.D/P */
	char path[PATH_MAX]; /* file, ram: what holds the file system */
	uint64_t size;	     /* ram: bytes, 0: the file's */
	char args[512];	     /* ",key=value..." for the image */
	int fd;		     /* what the backend opened, or -1 */
};

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS \
	83 /* Linux 6.16: whether a socket takes fds at all; its connections begin as it is */
#endif

#define OVERRIDES_MAX 32

#define PEERS_MAX 4

struct config {
	char name[SD_NAME_MAX];
	char image[PATH_MAX];
	char manifest[PATH_MAX];
	struct device dev[SD_DEVICES_MAX];
	int ndev;
	struct {
		char name[SD_NAME_MAX];
		char calls[SD_CALLS_MAX]; /* as in struct sd_ctl_attach */
	} peer[PEERS_MAX];		  /* domains that this one calls */
	int npeers;
	const char *override[OVERRIDES_MAX]; /* --device: "N:key=value" */
	int noverride;
	uint64_t ram;
	int cpu; /* -1: anywhere */
	enum restart restart;
	bool no_tap;
	int image_fd;
	int hide_error; /* errno of image_hide() */
};

#define RAM_DEFAULT (64ull << 20)

/* What options say (options.h). */
struct kdom_values {
	struct config cfg;
	bool belts; /* ps -v */
};

/* Fills in what the options left open: image, devices, RAM. 0, or -errno after printing. */
int config_complete(struct config *cfg);
int parse_size(const char *text, uint64_t *bytes);
int manifest_load(struct config *cfg); /* manifest.c */
int devices_open(struct config *cfg);  /* devices.c: fds for every device; prints */
int file_open(struct device *dev);     /* disks.c; these two print */
int ram_open(struct device *dev);

/* ---- paths.c ---- */

int paths_dir(char *buf, size_t n); /* $KDOM_DIR, made if missing; prints */
int paths_in_dir(char *buf, size_t n, const char *name, const char *suffix);
int paths_beside(char *buf, size_t n,
		 const char *rel); /* relative to the directory over kdom's own */
/* $KDOM_DIR if set, else $XDG_STATE_HOME/kdom, else ~/.local/state/kdom, and name in it; prints */
int paths_data(char *buf, size_t n, const char *name);
bool name_valid(const char *name);

/* ---- log.c ---- */

/* From now on fds 0, 1 and 2 are the daemon's: nothing, and this file, in a bounded way. 0 or
 * -errno. */
int log_open(const char *path);
/* What a domain printed; made fit to be shown, in place. */
void log_text(char *text, size_t n);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* "kdom: ..." on stderr */
void note(const char *fmt, ...)
	__attribute__((format(printf, 1, 2))); /* a line in the log, with the time */
uint64_t now_ms(void);

/* ---- ctlmsg.c: one message, one packet ---- */

void ctl_init(struct sd_ctl_msg *m, uint16_t type, uint32_t seq);
/* 0; -EAGAIN: queue full; other -errno: peer gone. fds stay the caller's. */
int ctl_send(int sock, struct sd_ctl_msg *m, const int *fds, int nfds);
/* 0; -EAGAIN; -EPIPE at EOF; -EPROTO for anything malformed. fds[SD_CTL_FDS_MAX]: received ones, -1
 * behind them. */
int ctl_recv(int sock, struct sd_ctl_msg *m, int *fds);
/* What comes over a connection, by ctl_recv_conn(). */
struct ctl_in {
	int err; /* as of ctl_recv() */
	struct sd_ctl_msg m;
	int fd;		   /* a SEQPACKET socket that came with it, or -1 */
	struct ucred real; /* who sent it: pid and real ids as the kernel says; a message without is
			      malformed */
};

void ctl_recv_conn(int sock, struct ctl_in *in); /* may block: it closes what nobody wants */
bool ctl_plain(int sock);			 /* there is a message, and no fd with it */
/* Its sender was built by another contract (sd/control.h): only the head says something. */
bool ctl_alien(const struct sd_ctl_msg *m);
void fds_close(int *fds, int n);

/* ---- ask.c: a command asking a daemon ---- */

int ask_connect(const char *name); /* socket, or -errno (-ENOENT, -ECONNREFUSED: no daemon) */
int ask(int sock, uint16_t type, struct sd_ctl_msg *reply,
	int timeout_ms); /* 0 or -errno of the transport */

/* ---- commands ---- */

/* As struct cli_command's run (cli.h), values are struct kdom_values. */
int cmd_up(void *values, int nargs, char **args);
int cmd_down(void *values, int nargs, char **args);
int cmd_kill(void *values, int nargs, char **args);
int cmd_ps(void *values, int nargs, char **args);
int cmd_run(void *values, int nargs, char **args);
/* Brings cfg->name up. 0: started; 1: was up already; -errno after printing. */
int bring_up(struct config *cfg);
int take_down(const char *name);

/* ---- the daemon ---- */

struct daemon;

struct source {
	int fd;
	void (*ready)(struct daemon *d, struct source *src, uint32_t events);
};

/* What may block and is done by a thread, which touches nothing else meanwhile. Then it is the
 * loop's again. */
struct job {
	struct job *next;
	void (*work)(struct job *j);		       /* by the thread */
	void (*done)(struct daemon *d, struct job *j); /* by the loop, afterwards */
};

struct jobs {
	struct job *first, *last;
};

/* All connections of one uid: crowds.c */
struct crowd {
	struct source src; /* the epoll set they are in */
	struct crowd *next;
	uid_t uid;
	unsigned conns;	     /* those that are being closed, too */
	unsigned busy;	     /* jobs that threads have */
	struct jobs waiting; /* for its part of threads */
};

/* See the table in sd/control.h. SPENT: it was passed to us for one thing, and that is done or
 * refused. */
enum conn_state {
	CONN_FRESH,
	CONN_ATTACHING,
	CONN_ATTACHED,
	CONN_TICKETING,
	CONN_TICKET,
	CONN_SPENT
};

struct conn {
	struct conn *next, **link;
	int fd;
	struct crowd *crowd;
	struct job job;
	struct ctl_in in;  /* the message that is being looked at */
	struct ucred cred; /* effective ids when it connected (SO_PEERCRED); of a passed one, who
			      passed it */
	struct ucred real; /* real ids of who sent its last message */
	enum conn_state state;
	bool passed;	 /* it came over a client's lifeline */
	bool domain;	 /* its client is one (attach.calls) */
	bool ended;	 /* the domain said that it ended the channel */
	uint32_t client; /* id in `generation` */
	uint32_t generation;
	uint64_t key[2];  /* of a ticket: dropped with the connection */
	unsigned pending; /* requests that name this conn */
};

/* Something the domain owes an answer to, or that waits for its start or end. */
struct request {
	struct request *next;
	uint32_t seq;  /* towards the domain; 0: waits for READY (HELLO, UP) or for the end (DOWN,
			  KILL) */
	uint16_t type; /* what the asker asked */
	struct conn *conn; /* NULL: nobody waits any more */
	uint32_t conn_seq;
	uint32_t client;
	uid_t uid;	   /* who asked, also when he is gone */
	bool counted;	   /* among what the domain owes, see rules.c */
	bool ended;	   /* DETACH: as in struct conn */
	uint64_t deadline; /* now_ms(), 0: none */
	int region, bell;  /* ATTACH */
	uint64_t key[2];   /* TICKET */
};

/* This daemon as a client of another domain, for its own. Dies in peer_close(). */
struct peer {
	struct source src;
	struct peer *next;
	char name[SD_NAME_MAX];
	bool attached; /* else: its answer is awaited */
};

/* Memory that the domain and its clients share, known by the domain's key. */
struct share {
	struct share *next;
	uint64_t key[2];
	int fd;
};

struct outmsg {
	struct outmsg *next;
	struct sd_ctl_msg msg;
	int fds[SD_CTL_FDS_MAX];
};

enum cage_kind { CAGE_MEMORY, CAGE_CPU, CAGE_PIDS, CAGES };

/* The domain's cgroup, as far as one controller goes: cgroup.c */
struct cage {
	char own[PATH_MAX]; /* where it lies: the supervisor's */
	bool v2;
	int fd;	 /* its directory, or -1 */
	int err; /* 0, or -errno: why there is none */
};

struct domain {
	pid_t pid; /* 0: not running */
	struct source ctl, pidfd;
	int bell_fd, bell_ro; /* writable, and opened read-only for clients */
	struct sd_bell *bell;
	uint32_t generation;
	uint32_t next_client, next_seq;
	bool ready, stopping;
	uint32_t stubs; /* contract of its calls */
	uint64_t boot_ns, started_ms;
	uint8_t *belts; /* shared with the process until it calls exec */
	struct cage cage[CAGES];
	char cage_name[SD_NAME_MAX + 16];
	unsigned cage_clients; /* so many are in its bound of memory */
	int last_status;
	struct source console; /* what it prints: console.c */
	size_t console_room;   /* bytes that may be read before it is looked away for a while */
	uint64_t console_at;   /* until then; 0: not */
	bool console_paused;   /* said once */
	struct outmsg *out, **out_tail;	 /* what it hasn't taken yet */
	unsigned unread, unread_replies; /* of it: what holds fds; what answers what it asked */
	uint64_t read_by; /* it is killed if none of them is taken until then; 0: there are none */
};

struct daemon {
	struct config cfg;
	struct domain dom;
	struct conn *conns;
	struct crowd *crowds;
	struct request *requests;
	struct peer *peers;
	struct share *shares;
	struct source listener, signals;
	int epoll;
	int lock_fd;
	int spare_fd; /* given up for a moment when fds run out, to turn callers away; -1: is being
			 closed */
	int started_pipe; /* kdom up waits on it; -1 once told */
	int start_error; /* what it is told when this daemon, its very first start failed, has ended
			  */
	bool killed;	 /* SIGKILL was asked for: no restart */
	bool down;	 /* asked to end: leave the loop once the domain has */
	uint64_t kill_at; /* stopping domain gets SIGKILL then */
	uint64_t restart_at;
	unsigned backoff_ms;
	char sock_path[PATH_MAX];
};

int daemon_main(struct config *cfg, int started_pipe) __attribute__((noreturn));
int daemon_watch(struct daemon *d, struct source *src, uint32_t events);
/* Closes it, too. close() alone isn't enough: a domain that was forked and hasn't called exec yet
 * has the same file, and events go on. */
void daemon_unwatch(struct daemon *d, struct source *src);
void daemon_started(struct daemon *d, int status); /* tells kdom up, once */
void daemon_failed(struct daemon *d,
		   int status); /* the domain didn't start: if it never did, the daemon ends */

int domain_start(struct daemon *d);
void domain_stop(struct daemon *d); /* SHUTDOWN, SIGKILL when it takes too long */
void domain_kill(struct daemon *d);
/*
 * fds below FD_LOW are the daemon's alone: 0, 1 and 2 (log.c), and room for what a domain's process
 * begins with (spawn.c). Of all others, which may be clients', that process has none: it would be
 * the one that closes them.
 */
#define FD_LOW 64

/* Takes fds over. */
int domain_send(struct daemon *d, struct sd_ctl_msg *m, const int *fds, int nfds);
/* pid or -errno; what the domain wears is in belts by the time of its READY. */
pid_t spawn(const struct config *cfg, const struct domain *dom, int ctl, int bell, int log);

/* belts.c: per belt 0: worn, or the errno of why it isn't */
enum belt {
	BELT_UID,  /* a uid of its own */
	BELT_USER, /* namespaces */
	BELT_PID,
	BELT_NET,
	BELT_IPC,
	BELT_UTS,
	BELT_CGROUP,
	BELT_ROOT,   /* mount namespace, an empty root in it */
	BELT_LIMITS, /* rlimits */
	BELT_HIDDEN, /* its memory is for root only */
	BELT_SECCOMP,
	BELT_LANDLOCK,
	BELT_MEMORY, /* bounds of a cgroup of its own */
	BELT_CPU,
	BELT_PIDS,
	BELTS
};
_Static_assert(BELTS <= SD_BELTS, "they fit a status message");

extern const char *const belt_names[BELTS];
uint8_t *belts_make(void); /* BELTS of them; NULL: out of memory */
int image_hide(
	struct config
		*cfg); /* makes image_fd something that may be run and not read. 0 or -errno */
/* As fork(), in user and pid namespaces that are new if possible. It has our fds until it is alone
 * with its own; we wait for its exec. -errno */
pid_t belts_fork(uint8_t *belts);
rlim_t belts_file_limit(const struct config *cfg);  /* while the devices' fds are what cfg says */
int belts_limits(rlim_t file_size, uint8_t *belts); /* in the child; -1: errno */
/* In the child: the rest. It has no capability then. -1: errno says why not even that. */
int belts_wear(uint8_t *belts, pid_t supervisor);
void belts_look(uint8_t *belts, pid_t pid); /* at READY: what only the image can do */
void belts_say(const char *name, const uint8_t *belts);

/* cgroup.c. Makes it, before the domain starts; what can't be had is an err of its struct cage. */
void cgroup_make(struct daemon *d);
void cgroup_enter(const struct domain *dom, uint8_t *belts); /* in the child, first of all */
void cgroup_clients(struct daemon *d); /* one more: is there room for its region? */
void cgroup_remove(struct daemon *d);  /* the domain has ended */
/* Where we are in the hierarchy that has this controller, by the texts of /proc/self/cgroup and
 * mountinfo. 0 or -errno */
int cgroup_find(const char *cgroups, const char *mounts, const char *controller, char *dir,
		bool *v2);

int console_make(struct daemon *d); /* the domain's end, or -errno */
void console_timer(struct daemon *d);
void console_end(
	struct daemon *d); /* the domain has ended: what it left is logged, and that was it */

/* A memfd whose size and seals are ours: none who has it can cut the memory from under the others.
 * Or -errno. */
int rights_into(
	int region,
	const struct conn
		*c); /* rights.c: what its program may do at most, for the domain. 0 or -errno */
int memory_make(const char *name, uint64_t size);
void clients_accept(struct daemon *d, struct source *src, uint32_t events);
void conn_close(struct daemon *d, struct conn *c);
void conn_came(struct daemon *d, struct conn *c); /* c->in: a message, or its end */
void conn_reply(struct daemon *d, struct conn *c, struct sd_ctl_msg *m, int result, uint16_t of,
		uint32_t seq, const int *fds, int nfds);
struct conn *conn_by_client(struct daemon *d, uint32_t client);
/* Is it the lifeline of a client of the domain that runs now? */
bool conn_lives(const struct daemon *d, const struct conn *c);
/* The outcome of what it asked: attached, a ticket, or (failed) CONN_FRESH: as before, or of no use
 * any more. */
void conn_becomes(struct conn *c, enum conn_state state);

/* jobs.c */
void jobs_put(struct jobs *q, struct job *j);
struct job *jobs_take(struct jobs *q); /* NULL: there is none */

/* threads.c */
int threads_start(struct daemon *d); /* 0 or -errno */
void thread_do(struct daemon *d, struct job *j, bool stranger);

/* crowds.c */
struct crowd *crowd_of(const struct daemon *d, uid_t uid); /* NULL: nobody of that uid is there */
struct conn *conn_make(struct daemon *d, int fd,
		       const struct ucred *cred); /* NULL: out of memory */
int conn_start(struct daemon *d, struct conn *c); /* from now on it is watched. 0 or -errno */
void conn_ready(struct daemon *d, struct conn *c);
void conn_next(struct daemon *d,
	       struct conn *c); /* closes c->in.fd, and waits for another message */
void conn_end(struct daemon *d, struct conn *c); /* the last of it */
void listener_watch(struct daemon *d, bool on);

/* rules.c. What a message is answered with before anything is done: 0: do it; -EPROTO: close the
 * connection. */
int rule_verdict(const struct daemon *d, const struct conn *c, const struct sd_ctl_msg *m);
bool rule_stranger(uid_t uid); /* neither root's nor ours */
bool rule_same_person(const struct conn *c);
bool rule_room(const struct daemon *d, uid_t uid, bool ticket); /* for one more connection */
int rule_owed(const struct daemon *d,
	      const struct conn *c); /* -EAGAIN: the domain owes too much already */

/* shares.c: memory of mapped files, see sd/share.h. 0, or -errno for the asker. */
int share_asked(struct daemon *d, struct conn *c, const struct sd_ctl_msg *asked);
void share_answered(struct daemon *d, struct request *r, int result);
void share_gone(struct daemon *d, const uint64_t key[2]);
void shares_close(struct daemon *d); /* the domain has ended */

/* peers.c: the domain asks to be attached to another. 0, or -EPROTO: it may not ask that. */
int peer_asked(struct daemon *d, const struct sd_ctl_msg *m);
void peers_close(struct daemon *d); /* the domain has ended */

/* NULL: out of memory. timeout_ms 0: none. */
struct request *request_add(struct daemon *d, struct conn *c, uint16_t type, uint32_t conn_seq,
			    unsigned timeout_ms);
/* Sends it to the domain, with a message of its own or an empty one; takes fds over. */
int request_send(struct daemon *d, struct request *r, struct sd_ctl_msg *m, const int *fds,
		 int nfds);
void request_drop(struct daemon *d, struct request *r); /* forgets it, unanswered */
/* ended: the domain has said so already. */
void request_detach(struct daemon *d, uint32_t client, bool ended);
/* The domain ended a client that is being detached. 0, or -EPROTO: there is none, or it said so
 * before. */
int request_ended(struct daemon *d, uint32_t client);
void request_ticket_drop(struct daemon *d, const uint64_t key[2]);
/* 0, or -EPROTO: answers nothing that was asked. */
int request_answered(struct daemon *d, const struct sd_ctl_msg *m);
void requests_expire(struct daemon *d);
uint64_t requests_next_deadline(struct daemon *d);
void requests_domain_ready(struct daemon *d);
void requests_domain_gone(struct daemon *d);
void requests_down(struct daemon *d);
void requests_forget(struct daemon *d, struct conn *c);
void request_status_reply(struct daemon *d, struct conn *c, uint32_t seq, int result,
			  const struct sd_ctl_stats *stats);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * sd/control.h - CONTRACT: the messages on the two control sockets of a domain.
 *
 *   program (hooked)  <-- client socket -->  kdom supervisor  <-- domain socket (fd 3) -->  domain process
 *
 * Both are AF_UNIX SOCK_SEQPACKET: one message is one packet of exactly sizeof(struct sd_ctl_msg) bytes; any other length,
 * magic, version or fd count is a protocol error and ends the connection. Nothing here points into memory; fds travel as
 * SCM_RIGHTS of the same packet, in the order given below, and are taken out by sd/ctlfds.h on all ends. Every request carries a seq chosen by the asker; its answer is
 * SD_CTL_REPLY with the same seq, `of` = the request's type, result = 0 or -errno. Requests on one connection are answered
 * in any order. The client's connection is its lifeline: EOF means DETACH.
 *
 * Of one build? The head of a message (all before u; version counts its changes) says by which contract its sender was
 * built: SD_CONTRACT, which runtime/include/contract.sh makes of the headers that both ends must have alike. From a peer of
 * another contract a message may have any length, and only its head is looked at. Such a client may still do what needs no
 * more (HELLO, DOWN, KILL, UP, STATUS: so that the new kdom can end an old domain), but its ATTACH is answered with
 * -EPROTONOSUPPORT. A domain of another contract is ended when it says READY; a supervisor of another is left by the domain.
 * Whether the calls themselves have the same form is the client's question: attach.stubs beside its own
 * sd_domain_stubs.contract. All of this is asked once per channel, never at a call.
 *
 * client -> supervisor
 *   HELLO    {}                         -> REPLY {hello}   generation and name of the running domain (-EREMOTEIO: none runs)
 *   ATTACH   {attach.parent: 0 or id}   -> REPLY {attach}  fds: region memfd, bell eventfd, bell page memfd (read-only)
 *                                          the new client's lifeline is the socket that asked. parent: only as below.
 *                                          pid/uid/gid are the kernel's word, what the client writes there is ignored.
 *   One connection attaches at most once. To make a channel for a child before fork(), send ATTACH {parent: the sender's own
 *   id} over the parent's lifeline with one fd, an end of a socketpair (AF_UNIX, SEQPACKET): it becomes a connection, as if it
 *   had asked itself, and gets the answer. So a program that changed its user id since can still fork. The child starts with
 *   copies of the parent's files, credentials and current directory.
 *   STATUS   {}                         -> REPLY {status}
 *   DOWN     {}                         -> REPLY           orderly stop: SHUTDOWN to the domain, then the supervisor ends
 *   KILL     {}                         -> REPLY           SIGKILL to the domain, bell.alive=0; the supervisor stays
 *   UP       {}                         -> REPLY {hello}   (re)spawn a domain that isn't running; -EALREADY if it is
 *   TICKET   {ticket}                   -> REPLY {ticket}  this connection is now the ticket (sd/ticket.h): the domain keeps the
 *                                          file for it, whoever gave it, until somebody redeems it, or the last descriptor
 *                                          of the connection is closed. A connection that did this does nothing else.
 *   SHARE    {ticket.key}               -> REPLY, fd: memfd. The memory of a file that programs have mapped to write (sd/share.h);
 *                                          the key is the domain's, and all the right there is. TICKET and SHARE, too, may go
 *                                          over a lifeline, with the fd of a socketpair's end in whose name they are asked.
 *
 * Who may ask what? A connection is of one of these kinds, and never becomes one that may more:
 *                          HELLO STATUS   UP DOWN KILL    ATTACH         TICKET SHARE    with one fd: ATTACH TICKET SHARE
 *   fresh: connected       yes            owner           once, as self  yes            no (-EPROTO)
 *   lifeline: attached     yes            -EPERM          -EALREADY      -EALREADY      yes: parent = its own client
 *   passed over a lifeline: only what it came with; then it is a lifeline (ATTACH) or holds a ticket, or is of no more use
 *   ticket                 -EALREADY      -EPERM          -EALREADY      -EALREADY      no (-EPROTO)
 * A lifeline of a domain that has ended is answered -EREMOTEIO. Clients that are domains (attach.calls) have no children.
 * What counts is who sends today (SCM_CREDENTIALS of each message; one without them is a protocol error), not who once
 * connected: "owner" is root or the supervisor's own user, others get -EPERM. A fresh connection attaches with the effective
 * ids it connected with (SO_PEERCRED) and the real ones of the sender; these two must be the same, or the sender root, else -EACCES:
 * who gave up what he connected with, or got the connection from another, connects anew. A stranger (neither root nor owner) has
 * a bound on his connections, and on his unanswered requests: beyond the first he is turned away, beyond the second -EAGAIN. So is
 * everybody while the domain owes too many answers.
 *
 * supervisor -> domain
 *   ATTACH   {attach}, fds: region memfd, bell eventfd     -> REPLY (after the domain can serve the region)
 *   DETACH   {detach.client}                               -> REPLY (after its files are closed and its region unmapped)
 *   STATS    {}                                            -> REPLY {stats}
 *   SHUTDOWN {}                                            -> REPLY, then the process exits with status 0
 *   TICKET   {ticket}, hold 1: it outlives its giver; 0: drop it, if it is still there     -> REPLY
 *   SHARE    {ticket.key}, fd: memfd    -> REPLY (-EEXIST: it has one)
 *   PEER_GONE {peer}  the connection to that domain's supervisor has ended. No answer.
 * domain -> supervisor
 *   READY    {ready}   once, seq 0, when it serves: seccomp is on by then. No answer.
 *   ENDED    {detach.client, reason}   the domain ended this client's channel itself (-EPROTO: it lied). No answer; the
 *                                      supervisor still sends DETACH when the lifeline goes. Once per client, and only of
 *                                      one that was attached and isn't detached yet.
 *   SHARE_GONE {ticket.key}   nobody uses that memory any more. No answer.
 *   PEER     {peer.name}   attach me to that domain as a client of it  -> REPLY {peer}, fds: region memfd, bell eventfd, bell page
 *                          (read-only). Only domains that this one's manifest names as peers. The supervisor holds the
 *                          lifeline; asking again ends the attachment before. The other domain knows such a client by
 *                          attach.calls: it has nobody's credentials, and may only redeem tickets and make those calls.
 *
 * A domain that says what isn't here, or takes nothing of what it is sent for ten seconds, or asks for more than it reads, is killed.
 *
 * Threads: on the domain's side one host thread owns the socket; see machine/process/ctl.c.
 */
#ifndef SD_CONTROL_H
#define SD_CONTROL_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define SD_CTL_MAGIC   0x6b736c31u /* "1lsk" */
#define SD_CTL_VERSION 1u	   /* of the head */
#define SD_CTL_FD      3	   /* the domain's end of its control socket */
#define SD_BELL_FD     4	   /* the domain's bell page memfd, writable */
#define SD_NAME_MAX    32
#define SD_CTL_FDS_MAX 3
#define SD_CALLS_MAX   64
#define SD_BELTS       16
#define SD_SHARE_SIZE  (1ull << 30) /* of a share's memfd; sealed, sparse */

enum sd_ctl_type {
	SD_CTL_REPLY = 1,
	SD_CTL_HELLO,
	SD_CTL_ATTACH,
	SD_CTL_DETACH,
	SD_CTL_STATS,
	SD_CTL_SHUTDOWN,
	SD_CTL_READY,
	SD_CTL_ENDED,
	SD_CTL_STATUS,
	SD_CTL_DOWN,
	SD_CTL_KILL,
	SD_CTL_UP,
	SD_CTL_TICKET,
	SD_CTL_PEER,
	SD_CTL_PEER_GONE,
	SD_CTL_SHARE,
	SD_CTL_SHARE_GONE,
};

struct sd_ctl_attach {
	uint32_t client; /* the new client's id, never 0, never used twice in one generation */
	uint32_t parent; /* 0 or the client whose files the new one starts with */
	uint32_t pid, uid, gid; /* of the program, as the supervisor's SO_PEERCRED saw them */
	uint32_t generation;	/* in replies */
	uint64_t region_size;	/* bytes of the region memfd */
	uint32_t stubs;		/* in replies to clients: the domain's sd_served_contract */
	uint32_t pad;
	char name[SD_NAME_MAX]; /* domain name, in replies to clients */
	uint32_t ruid, rgid; /* to the domain: the real ids, as SCM_CREDENTIALS of the request told
				them; uid and gid are the effective ones */
	uint32_t ngroups;    /* to the domain: supplementary groups; they lie in the region, behind
				struct sd_ctl_rights */
	char calls[SD_CALLS_MAX]; /* not empty: the client is a domain, and may make these calls
				     only: "writev,readv" */
};

/*
 * To the domain, in the region from lane 0's arena on, before the supplementary groups: what the
 * program may do at most. Capability sets by the kernel's numbers, of the process that connected;
 * none where the supervisor can't know them, or where they are of another user namespace. With a
 * parent it isn't looked at.
 */
struct sd_ctl_rights {
	uint64_t permitted, effective, inheritable, ambient, bounding;
	uint32_t no_new_privs;
	uint32_t pad;
};

struct sd_ctl_ticket {
	uint64_t key[2];
	uint32_t hold;
	uint32_t generation;	/* in replies to clients: of the domain */
	char name[SD_NAME_MAX]; /* the same: its name */
};

struct sd_ctl_peer {
	char name[SD_NAME_MAX];
	uint32_t generation, stubs; /* in replies: as in attach */
	uint64_t region_size;
};

struct sd_ctl_detach {
	uint32_t client;
	int32_t reason; /* ENDED: -errno */
};

struct sd_ctl_hello {
	uint32_t generation;
	uint32_t domain_pid;
	char name[SD_NAME_MAX];
};

struct sd_ctl_ready {
	uint64_t boot_ns;  /* start of the kernel to serving */
	uint32_t stubs;	   /* sd_served_contract */
	uint32_t unlocked; /* 0: Landlock confines it; else the errno of why not */
};

struct sd_ctl_stats {
	uint64_t calls;	  /* calls answered */
	uint64_t blocked; /* of them, how many slept */
	uint64_t sleeps;  /* times the vCPU slept */
	uint64_t uptime_ns;
	uint64_t mem_total, mem_free; /* bytes of the domain's RAM */
	uint32_t clients;	      /* attached now */
	uint32_t tasks;		      /* serving tasks */
};

struct sd_ctl_status {
	struct sd_ctl_stats stats;
	uint64_t boot_ns;
	uint32_t generation;
	uint32_t domain_pid; /* 0: not running */
	int32_t last_status; /* wait status of the last domain process that ended, or 0 */
	uint32_t clients;
	char name[SD_NAME_MAX];
	uint8_t belts[SD_BELTS]; /* what confines the domain, as kdom numbers it: 0: is there; else
				    the errno of why not */
};

struct sd_ctl_msg {
	uint32_t magic;
	uint16_t version;
	uint16_t type; /* enum sd_ctl_type */
	uint32_t seq;
	uint16_t of;	   /* REPLY: type of the request */
	uint16_t nfds;	   /* fds sent along */
	int32_t result;	   /* REPLY: 0 or -errno */
	uint32_t contract; /* the sender's SD_CONTRACT */
	union {
		struct sd_ctl_attach attach;
		struct sd_ctl_detach detach;
		struct sd_ctl_hello hello;
		struct sd_ctl_ready ready;
		struct sd_ctl_stats stats;
		struct sd_ctl_status status;
		struct sd_ctl_ticket ticket;
		struct sd_ctl_peer peer;
		uint8_t bytes[168];
	} u;
};

_Static_assert(sizeof(struct sd_ctl_msg) == 192, "control message is 192 bytes");

#endif

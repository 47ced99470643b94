/* SPDX-License-Identifier: MIT */
/*
 * sd/control.h - CONTRACT: the messages on the two control sockets of a domain.
 *
 *	program, kdom  <-- connection -->  supervisor  <-- control socket (fd 3) -->  domain
 *
 * Both are AF_UNIX SOCK_SEQPACKET sockets. One message is one packet of exactly sizeof(struct
 * sd_ctl_msg) bytes. No message contains a pointer. File descriptors travel as SCM_RIGHTS of the
 * same packet, in the order that sd/control.def gives. A message of another length, magic, version
 * or number of file descriptors, or of a type that its sender may not send, is a protocol error
 * and ends the connection.
 *
 * Every request has a seq that the asker chooses. Its answer is a REPLY with the same seq, in
 * which `of` is the type of the request and result is 0 or -errno. Requests of one connection may
 * be answered in any order. A client's connection is its lifeline: the supervisor detaches the
 * client when the connection ends.
 *
 * sd/control_msg.h builds and checks messages for all ends. On the domain's side one host thread
 * owns the socket; see ctl.c in the folder of its machine.
 *
 * # The ABI hash
 *
 * The head of a message (all fields before u) contains the ABI hash of its sender, SD_ABI.
 * runtime/include/abi.py computes it from the layouts, enumerators, constants and messages that
 * sd/control.h, sd/control.def, sd/ring.h and sd/wake_page.h declare. Comments, formatting and
 * functions don't change it. The layout of the head itself may change only together with
 * SD_CTL_VERSION.
 *
 * A peer with another ABI hash may send messages of any length; only their heads are read. Such a
 * client may still send HELLO, STATUS, UP, DOWN and KILL, so that a new kdom can stop an old
 * domain: these types (LOOK and POWER) never change their numbers. Its ATTACH fails with
 * EPROTONOSUPPORT. The supervisor kills a domain whose READY has another ABI hash. A domain exits
 * when its supervisor has another one.
 *
 * Whether the calls themselves have the same form is a separate question: the client compares
 * attach.stubs with its own sd_domain_stubs.abi. All of this is compared once per channel,
 * never at a call.
 *
 * # Who may ask what
 *
 * Each message wants one of the rights LOOK, POWER, ATTACH and KEY: its row of sd/control.def says
 * which. A connection is in one of these states, and no change of state gives it more rights:
 *
 *	state                LOOK          POWER         ATTACH         KEY           with an fd
 *	fresh: connected     yes           owner         once, as self  yes           no (-EPROTO)
 *	lifeline: attached   yes           -EPERM        -EALREADY      -EALREADY     LIFELINE rows
 *	ticket: holds one    -EALREADY     -EPERM        -EALREADY      -EALREADY     no (-EPROTO)
 *	tracer: traces       yes           -EPERM        -EALREADY      -EALREADY     no (-EPROTO)
 *
 * TRACE is the owner's, on a fresh connection and on the tracer's; elsewhere it fails with EPERM.
 *
 * A connection that was passed over a lifeline serves only the request that it came with. After
 * that it is a lifeline itself (ATTACH), holds a ticket (TICKET), or is closed. So a program that
 * has changed its user id since it attached can still fork. The child begins with copies of its
 * parent's files, credentials and current directory.
 *
 * After the domain has ended, requests on its clients' lifelines fail with EREMOTEIO. A client
 * that is a domain itself (attach.calls) has no children. Such a client has no credentials of its
 * own, and may only redeem tickets and make the calls that attach.calls names.
 *
 * Rights follow from the credentials of the process that sends a message (SCM_CREDENTIALS; a
 * message without them is a protocol error), not from those of the process that once connected.
 * "owner" is root or the supervisor's own user; others get -EPERM. A fresh connection attaches
 * with the effective ids of its connect() (SO_PEERCRED) and the real ids of the sender. These must
 * be the same, or the sender must be root; otherwise ATTACH fails with EACCES. A process that has
 * given up the ids it connected with, or received the connection from another process, must
 * connect again.
 *
 * A stranger is a user who is neither root nor the owner. The connections of a stranger are
 * bounded, and the supervisor closes further ones at once. So are the requests that the domain has
 * not answered yet; further ones fail with EAGAIN. Everybody's requests fail with EAGAIN while the
 * domain owes too many answers.
 *
 * The supervisor kills a domain that sends a message which is not listed here, that takes none of
 * the messages sent to it for ten seconds, or that asks for more than it reads.
 */
#ifndef SD_CONTROL_H
#define SD_CONTROL_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define SD_CTL_MAGIC	 0x6b736c31u /* "1lsk" */
#define SD_CTL_VERSION	 1u	     /* of the head */
#define SD_CTL_FD	 3	     /* the domain's end of its control socket */
#define SD_WAKE_PAGE_FD	 4	     /* the domain's wake-up page, writable */
#define SD_NAME_MAX	 32
#define SD_TRANSPORT_MAX 16
#define SD_CTL_FDS_MAX	 3
#define SD_CALLS_MAX	 64
#define SD_BELTS	 16
#define SD_SHARE_SIZE	 (1ull << 30) /* bytes of a share (sd/share.h), always */

enum sd_ctl_type {
	SD_CTL_REPLY = 1,
	SD_CTL_HELLO = 2,
	SD_CTL_ATTACH = 3,
	SD_CTL_DETACH = 4,
	SD_CTL_STATS = 5,
	SD_CTL_SHUTDOWN = 6,
	SD_CTL_READY = 7,
	SD_CTL_ENDED = 8,
	SD_CTL_STATUS = 9,
	SD_CTL_DOWN = 10,
	SD_CTL_KILL = 11,
	SD_CTL_UP = 12,
	SD_CTL_TICKET = 13,
	SD_CTL_PEER = 14,
	SD_CTL_PEER_GONE = 15,
	SD_CTL_SHARE = 16,
	SD_CTL_SHARE_GONE = 17,
	SD_CTL_TRACE = 18,
};

struct sd_ctl_attach {
	uint32_t client; /* the new client's id: never 0, never used twice in one generation. Not in
			    requests of clients */
	uint32_t parent; /* the client whose files the new one starts with, or 0 */
	uint32_t pid;	 /* of the program: SO_PEERCRED. What a client puts here is ignored */
	uint32_t uid;	 /* its effective user id, likewise */
	uint32_t gid;	 /* its effective group id, likewise */
	uint32_t generation;	/* in replies: how often the domain has been started */
	uint64_t region_size;	/* bytes of the region */
	uint32_t stubs;		/* in replies to clients: the domain's sd_served_abi */
	uint32_t pad;		/* 0 */
	char name[SD_NAME_MAX]; /* in replies to clients: the name of the domain */
	uint32_t ruid;	  /* to the domain: the real user id, by the request's SCM_CREDENTIALS */
	uint32_t rgid;	  /* to the domain: the real group id, likewise */
	uint32_t ngroups; /* to the domain: the number of supplementary groups, which are in
				   the region behind struct sd_ctl_cred */
	char calls[SD_CALLS_MAX]; /* not empty: the client is a domain, and may make only these
				     calls: "writev,readv" */
	char transport[SD_TRANSPORT_MAX]; /* in replies to clients: the transport for programs
				       (sd/transport.h); empty: the image's first */
};

/*
 * The program's credentials: the most that it may do. The supervisor writes it into the region
 * for the domain, at the beginning of queue pair 0's arena; the supplementary groups follow. The
 * capability sets, by the kernel's numbers, are those of the process that connected. They are empty
 * where the supervisor can't know them, or where they belong to another user namespace. For a
 * client with a parent it isn't read.
 */
struct sd_ctl_cred {
	uint64_t permitted;    /* capabilities */
	uint64_t effective;    /* capabilities */
	uint64_t inheritable;  /* capabilities */
	uint64_t ambient;      /* capabilities */
	uint64_t bounding;     /* capabilities */
	uint32_t no_new_privs; /* 1: PR_SET_NO_NEW_PRIVS is set */
	uint32_t pad;	       /* 0 */
};

struct sd_ctl_ticket {
	uint64_t key[2];	/* of the ticket or the share: 16 random bytes */
	uint32_t hold;		/* to the domain: 1: keep the ticket; 0: drop it */
	uint32_t generation;	/* in replies to clients: of the domain */
	char name[SD_NAME_MAX]; /* in replies to clients: of the domain */
};

struct sd_ctl_trace {
	uint32_t on;	  /* in requests: 1: the tracer listens */
	uint32_t clients; /* in replies: programs attached now */
	uint32_t hidden;  /* in replies: those that the asker may not trace, by their uid */
	uint32_t pad;	  /* 0 */
};

struct sd_ctl_peer {
	char name[SD_NAME_MAX]; /* of the other domain */
	uint32_t generation;	/* in replies: of the other domain */
	uint32_t stubs;		/* in replies: the other domain's sd_served_abi */
	uint64_t region_size;	/* in replies: bytes of the region */
};

struct sd_ctl_detach {
	uint32_t client; /* its id */
	int32_t reason;	 /* of ENDED: -errno */
};

struct sd_ctl_hello {
	uint32_t generation;	/* how often the domain has been started */
	uint32_t domain_pid;	/* the domain's process */
	char name[SD_NAME_MAX]; /* of the domain */
};

struct sd_ctl_ready {
	uint64_t boot_ns;  /* nanoseconds from the start of the kernel until it serves */
	uint32_t stubs;	   /* sd_served_abi */
	uint32_t unlocked; /* 0: Landlock confines the domain; else the errno why not */
};

struct sd_ctl_stats {
	uint64_t calls;	    /* calls that the domain has completed */
	uint64_t blocked;   /* how many of them slept */
	uint64_t sleeps;    /* how often the vCPU has slept */
	uint64_t uptime_ns; /* nanoseconds since the start of the kernel */
	uint64_t mem_total; /* bytes of the domain's RAM */
	uint64_t mem_free;  /* bytes of it that are free */
	uint32_t clients;   /* attached now */
	uint32_t tasks;	    /* tasks that serve calls */
};

struct sd_ctl_status {
	struct sd_ctl_stats stats; /* as the domain's REPLY to STATS has it */
	uint64_t boot_ns;	   /* as in ready */
	uint32_t generation;	   /* how often the domain has been started */
	uint32_t domain_pid;	   /* the domain's process; 0: it doesn't run */
	int32_t last_status;	   /* wait status of the domain process that ended last, or 0 */
	uint32_t clients;	   /* lifelines */
	char name[SD_NAME_MAX];	   /* of the domain */
	uint8_t belts[SD_BELTS]; /* what confines the domain, by kdom's enum belt: 0: in force; else
			       the errno why it isn't */
};

struct sd_ctl_msg {
	uint32_t magic;	  /* SD_CTL_MAGIC */
	uint16_t version; /* SD_CTL_VERSION */
	uint16_t type;	  /* enum sd_ctl_type */
	uint32_t seq;	  /* chosen by the asker; a REPLY has its request's */
	uint16_t of;	  /* REPLY: type of the request */
	uint16_t nfds;	  /* file descriptors that come with the message */
	int32_t result;	  /* REPLY: 0 or -errno */
	uint32_t abi;	  /* the sender's SD_ABI */
	union {
		struct sd_ctl_attach attach;
		struct sd_ctl_detach detach;
		struct sd_ctl_trace trace;
		struct sd_ctl_hello hello;
		struct sd_ctl_ready ready;
		struct sd_ctl_stats stats;
		struct sd_ctl_status status;
		struct sd_ctl_ticket ticket;
		struct sd_ctl_peer peer;
		uint8_t bytes[168];
	} u; /* the payload; bytes that the message doesn't use are 0 */
};

_Static_assert(sizeof(struct sd_ctl_msg) == 192, "control message is 192 bytes");

#endif

/* SPDX-License-Identifier: MIT */
/*
 * sd/client.h - CONTRACT: how programs get to domains through the launcher (runtime/client).
 *
 * Environment, read by build/lib/kdom-launch and kept over every exec, even one with an empty
 * environment: KDOM_DOMAINS=NAME=/path/of/NAME.sock[,NAME=...] domains the program uses, at most
 * SD_DOMAINS; each NAME must be one the launcher was linked with (generated/NAME/client.c). The
 * program itself sees neither it nor the launcher's own variables KDOM_X_*.
 *
 * Which call is sent to which domain is read from the generated table only (struct
 * sd_domain_stubs):
 *
 *	SD_ROUTE_KEY		by the value of an argument
 *	SD_ROUTE_FD		because its first argument is an fd that a domain made
 *	SD_ROUTE_PATH		by the names among its arguments: below a prefix they are the
 *				domain's
 *	SD_ROUTE_MIRRORED	the call is the host's, and every domain the program is attached
 *				to repeats it. A domain that doesn't accept a change of ids is
 *				not used any more (EPROTO)
 *
 * Names. ".", ".." and "//" are folded for that decision. A relative name belongs where its
 * directory does (fd, or current directory), unless its ".." lead out of it. /proc/self/fd/N,
 * /dev/fd/N, /dev/stdin ..., /proc/self/cwd and /proc/self/exe refer to a domain if the file behind
 * them is there. A call with names in two kernels fails with EXDEV. The current directory may be in
 * a domain; threads, fork and exec keep it. A program in a domain is run from a copy; set-user-id
 * bits there have no effect.
 *
 * A call that has no stub fails with EOPNOTSUPP if it names a domain's file or is about a domain's
 * fd, and is reported once on standard error, unless Linux refuses it for every file of that kind
 * (ENOTTY, ENOTSOCK, EPERM of epoll ...). The number of a domain's fd is reserved by a
 * placeholder, which children that aren't hooked inherit: an empty deleted directory for domains
 * with prefixes, else an unconnected socket.
 *
 * Identity: a new attachment has the ids and groups that the host's kernel reports to the
 * supervisor (SO_PEERCRED, SO_PEERGROUPS, SCM_CREDENTIALS), the capabilities that /proc shows
 * (runtime/supervisor/cred.c), and the program's umask; a child's attachment copies its parent's.
 * The client reports what the program gives up later (runtime/client/calls/caps.c); a domain never
 * grants more than is left. Credentials are the process's, as in POSIX: a thread that changes only
 * its own (raw system calls) changes those of the whole process in the domain.
 *
 * The client itself uses these calls of a domain, where there are stubs for them: close, fcntl,
 * poll, epoll_create1, epoll_ctl, epoll_wait. Waiting for a domain's fds needs the last four.
 *
 * An fd of a domain in SCM_RIGHTS of the host's unix sockets arrives as the same open file in any
 * program with this hook that uses the domain; elsewhere as a unix socket that can only be passed
 * on (runtime/client/calls/scm_rights.c). sendfile and splice work between domains, and between one
 * and the host (runtime/client/calls/sendfile.c, splice.c); from a domain that calls the other
 * (remote cuts of its spec), sendfile's data don't pass through the program.
 *
 * What a program sees when the transport fails:
 *
 *	EREMOTEIO	the domain died, or the fd is from an earlier start of it
 *	EPROTO		the domain broke the protocol, or has another ABI hash (sd/control.h),
 *			which is also reported once on standard error
 *	E2BIG		the arguments don't fit into the arena
 *	EAGAIN		no queue pair or serving task is left
 *
 * None of them can crash the program.
 *
 * Not supported, always an error: SCM_RIGHTS with an epoll instance that has members in domains,
 * passing the host's fds over a domain's own sockets, tee between two kernels, io_uring,
 * FASYNC/SIGIO, names of local sockets in a domain. fstat of an fd of a domain without prefixes
 * shows its placeholder, unless the domain exports fstat.
 */
#ifndef SD_CLIENT_H
#define SD_CLIENT_H

#include <sd/rpc.h>

#define SD_DOMAINS 4u

enum sd_route {		       /* how a call is recognised as the domain's */
		SD_ROUTE_FD,   /* by its first fd argument */
		SD_ROUTE_KEY,  /* by an argument's value, see routes in the spec: socket(family ...)
				*/
		SD_ROUTE_PATH, /* by the files its path arguments name, see sd_path_args */
		SD_ROUTE_MIRRORED, /* the host's; then every domain the program is attached to
				      repeats it: setuid, umask */
		SD_ROUTE_NONE	   /* the client handles it itself (dup, close, poll ...), or it is
			         only called directly */
};

/*
 * The arguments that name files. Such a call is the domain's if they are below one of its
 * prefixes; a relative path belongs where its directory does, and so does an empty or null one.
 * Two that belong to different places: -EXDEV.
 */
#define SD_PATH_CWD 0xff

struct sd_path_args {
	u8 n;
	struct {
		u8 path;
		u8 dirfd; /* the argument it is relative to, or SD_PATH_CWD: the current directory
			   */
	} arg[2];
};

struct sd_route_key { /* the domain's call if arg[arg] & mask is one of value[0..n); n = 0:
		         always */
	u8 arg, n;
	u64 mask;
	u64 value[8];
	const struct sd_route_key *and; /* and this one matches, too; NULL: no more */
};

/* Is the call one of those that the key is about? NULL: about all of them. */
static inline bool sd_key_matches(const struct sd_route_key *k, const u64 arg[6])
{
	for (; k && k->n; k = k->and) {
		u32 i = 0;

		while (i < k->n && (arg[k->arg] & k->mask) != k->value[i])
			i++;
		if (i == k->n)
			return false;
	}
	return true;
}

enum sd_stub_flags {
	SD_STUB_FDS_OUT = 1,  /* an out array of ints receives new fds: socketpair, pipe2 */
	SD_STUB_CMSG_IN = 2,  /* control messages going in may hold fds (SCM_RIGHTS) */
	SD_STUB_CMSG_OUT = 4, /* control messages coming back may hold fds */
	SD_STUB_BLOCKS = 8,   /* may block */
	SD_STUB_CREDIT = 16,  /* may follow an early call, see sd_call_credit() */
};

/* One row per call in generated/<domain>/client.c; route() and the tests read it. */
struct sd_stub {
	const char *name;
	u16 nr;				/* x86-64 system call number */
	u16 op;				/* SD_OP_CALLS + index */
	u8 fd_args;			/* bit i: arg i is a file descriptor */
	u8 ret_fd;			/* the result is a new file descriptor */
	u8 route;			/* enum sd_route */
	u16 flags;			/* enum sd_stub_flags */
	const struct sd_route_key *key; /* KEY; MIRRORED: only these calls, NULL: all */
	sd_stub_fn stub;
	const struct sd_path_args *paths; /* NULL: none of its arguments names a file */
	u8 cloexec; /* 1 + the argument whose O_CLOEXEC its new fds follow (SOCK_CLOEXEC and the
		       rest equal it); 0: none */
};

struct sd_domain_stubs {
	const char *name; /* "net" */
	const struct sd_stub *stub;
	u32 n;
	u32 abi; /* hash of the calls' layouts; a domain with another isn't called */
	u32 nprefix;
	const char *const *prefix; /* absolute paths, no trailing slash; the domain has them at the
				      same place: "/sd" */
};

/* The domains linked in; ends with NULL. Made by runtime/client/CMakeLists.txt. */
extern const struct sd_domain_stubs *const sd_linked_domains[];

#endif

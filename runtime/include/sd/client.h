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
 *	SD_ROUTE_KEY	by the value of an argument
 *	SD_ROUTE_FD	because its first argument is an fd that a domain made
 *	SD_ROUTE_PATH	by the names among its arguments: below a prefix they are the domain's
 *	SD_ROUTE_MIRRORED	the call is the host's, and every domain the program is attached to
 *			repeats it. A domain that doesn't accept a change of ids is not used any
 *			more (EPROTO)
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

/* The domains linked in; ends with NULL. Made by runtime/client/CMakeLists.txt. */
extern const struct sd_domain_stubs *const sd_linked_domains[];

#endif

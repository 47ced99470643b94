/* SPDX-License-Identifier: MIT */
/*
 * sd/client.h - CONTRACT: how programs get to domains through the launcher (runtime/user).
 *
 * Environment, read by build/lib/kdom-launch and kept over every exec, cleared environments
 * included: KDOM_DOMAINS=NAME=/path/of/NAME.sock[,NAME=...]   domains the program uses, at most
 * SD_DOMAINS; each NAME must be one the launcher was linked with (generated/NAME/client.c). The
 * program itself never sees it, nor KDOM_X_*, the launcher's own.
 *
 * Which call goes to which domain is read from the generated table only (struct sd_domain_stubs):
 * by the value of an argument (SD_ROUTE_KEY), or because its first argument is an fd that a domain
 * made (SD_ROUTE_FD). An fd call that its domain has no stub for is EOPNOTSUPP, said once on
 * standard error.
 *
 * Of a domain the client itself uses, where there are stubs for them: close, fcntl, poll,
 * epoll_create1, epoll_ctl, epoll_wait. A domain whose fds are to be waited for needs the last
 * four.
 *
 * What a program sees when the transport fails: EREMOTEIO: the domain died, or the fd is from an
 * earlier start of it; EPROTO: the domain broke the protocol, or was built by another contract
 * (sd/control.h), which is also said on standard error, once; E2BIG: the arguments don't fit the
 * arena; EAGAIN: no lane or serving task left. None of them can crash the program.
 *
 * Not carried, always an error: SCM_RIGHTS with a domain fd (either way), io_uring, splice and tee
 * on domain fds, FASYNC/SIGIO. fstat of a domain fd shows its placeholder, a host socket, unless
 * the domain exports fstat.
 */
#ifndef SD_CLIENT_H
#define SD_CLIENT_H

#include <sd/rpc.h>

#define SD_DOMAINS 4u

/* The domains linked in; ends with NULL. Made by runtime/user/CMakeLists.txt. */
extern const struct sd_domain_stubs *const sd_linked_domains[];

#endif

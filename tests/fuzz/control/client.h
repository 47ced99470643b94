/* SPDX-License-Identifier: GPL-2.0 */
/* client.h: between the two halves of the client's harness: one sees libc's headers, the other the
 * hook's, which are its own. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

/* What runtime/client/channel/attach.c makes of the answer on sock: 0 or -errno. Then *nfds fds are
 * in fd[SD_CTL_FDS_MAX]. */
long client_takes(int sock, unsigned short of, int peek, int *fd, unsigned int *nfds);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* memory.h: whether the domain is short of memory, and how much files hold. See serve_memory.c. */
#ifndef SD_MEMORY_H
#define SD_MEMORY_H

#include <linux/mm.h>
#include <asm/sd.h>

struct cred;
struct file;

/* One compare. */
static inline bool sd_memory_low(void)
{
	return global_zone_page_state(NR_FREE_PAGES) < sd_memory_mark;
}

/* dev_sock.c: bytes that a file holds because it is a socket: the socket, its queues, connections
 * to accept. 0: not a socket. */
u64 sd_sock_holds(struct file *file);
/* Bytes in its queue that no open socket is charged for: messages of closed senders, and files. */
u64 sd_sock_passed(struct file *file);
/* dev_sock.c: sets the limits of the network's memory by the domain's RAM. */
void sd_sock_limits(void) __weak;

/* serve_memory.c: bytes that a file holds, divided by the number of its holders. */
u64 sd_file_holds(struct file *file);
/* Bytes that credentials hold, divided by the number of their holders. */
u64 sd_cred_holds(const struct cred *cred);

#endif

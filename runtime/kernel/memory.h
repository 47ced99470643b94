/* SPDX-License-Identifier: GPL-2.0 */
/* memory.h: whether the domain's memory runs short, and what files hold of it. See serve_memory.c.
 */
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

/* dev_sock.c: bytes that a file holds because it is a socket: itself, its queues, what waits to be
 * accepted. 0: it is none. */
u64 sd_sock_holds(struct file *file);
/* What lies in its queue and is no socket's: of senders that are closed, and files. */
u64 sd_sock_passed(struct file *file);
/* dev_sock.c: what the network may make the domain hold, by its memory. */
void sd_sock_limits(void) __weak;

/* serve_memory.c: bytes that a file holds, for one of those who have it. */
u64 sd_file_holds(struct file *file);
/* What credentials hold, for one of those who have them. */
u64 sd_cred_holds(const struct cred *cred);

#endif

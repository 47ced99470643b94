// SPDX-License-Identifier: GPL-2.0
/* include/net/sock.h: sk_prot_mem_limits(). The limit of the pages that all sockets share:
 * runtime/kernel/sock_memory.c. */
extern long sd_sock_memory_limit(const struct sock *sk, int index);

static inline long sk_prot_mem_limits(const struct sock *sk, int index)
{
	return sd_sock_memory_limit(sk, index);
}

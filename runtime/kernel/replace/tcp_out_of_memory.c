// SPDX-License-Identifier: GPL-2.0
/* include/net/tcp.h: tcp_out_of_memory(). A user with much data in sockets gets no more memory from
 * an earlier limit on (runtime/kernel/sock_memory.c). That is no reason for a reset of a connection
 * whose program has closed it: what was accepted is only thrown away at Linux's own limit. */
static inline bool tcp_out_of_memory(struct sock *sk)
{
	return sk->sk_wmem_queued > SOCK_MIN_SNDBUF &&
	       sk_memory_allocated(sk) >
		       max(READ_ONCE(sk->sk_prot->sysctl_mem[2]), sk_prot_mem_limits(sk, 2));
}

// SPDX-License-Identifier: GPL-2.0
/* include/net/tcp.h: tcp_out_of_memory(). Must a closed connection be reset, so that its unsent
 * data is lost? runtime/kernel/sock_memory.c. */
extern bool sd_sock_out_of_memory(const struct sock *sk);

static inline bool tcp_out_of_memory(struct sock *sk)
{
	return sk->sk_wmem_queued > SOCK_MIN_SNDBUF && sd_sock_out_of_memory(sk);
}

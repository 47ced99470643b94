// SPDX-License-Identifier: GPL-2.0
/* net/ipv4/tcp.c: tcp_init_mem(). Linux gives TCP a sixteenth of the RAM before it is careful,
 * since a machine has other uses for it. A domain has little RAM, and it is for sockets: with a
 * sixteenth of it the connections of a hundred slow clients lose segments, and are reset when the
 * server closes them. */
static void __init tcp_init_mem(void)
{
	unsigned long limit = max(nr_free_buffer_pages() / 4, 128ul);

	sysctl_tcp_mem[0] = limit / 4 * 3;
	sysctl_tcp_mem[1] = limit;
	sysctl_tcp_mem[2] = sysctl_tcp_mem[0] * 2;
}

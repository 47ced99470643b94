// SPDX-License-Identifier: GPL-2.0
/*
 * sock_memory.c: fair shares of socket memory. Linux limits the memory of all TCP sockets, and of
 * all UDP sockets, by one number of pages for all users (tcp_mem, udp_mem). A few connections that
 * are never read exceed it, since Linux grants a socket its minimum in any case. Then all other
 * connections get their data only by retransmission, and datagrams are lost. So the range between
 * the first limit and the last is reserved for the users that hold little: each may hold an equal
 * part of it, whatever the others hold. For a user that holds more, the first limit acts as the
 * last, but not for a connection that its program has closed: Linux resets it at the last limit,
 * and what was accepted for it is lost.
 *
 * sk_prot_mem_limits() calls this (specs/net.json replaces it). Nothing is counted without memory
 * pressure; under pressure all sockets are, at most once a tick, and what was allocated since
 * counts for the user that asks. Any context.
 */
#include <linux/jiffies.h>
#include <net/inet_hashtables.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/udp.h>
#include "compat.h"

#define USERS 64u /* further ones count as one */

struct count {
	unsigned long at; /* jiffies */
	long used;	  /* pages, by the protocol's own count */
	unsigned int n;
	struct {
		kuid_t uid;
		long pages;
	} user[USERS];
};

long sd_sock_memory_limit(const struct sock *sk, int index);

static long *held_by(struct count *c, kuid_t uid)
{
	unsigned int i;

	for (i = 0; i < c->n; i++)
		if (uid_eq(c->user[i].uid, uid))
			return &c->user[i].pages;
	if (c->n == USERS)
		return &c->user[USERS - 1].pages;
	c->user[c->n].uid = uid;
	c->user[c->n].pages = 0;
	return &c->user[c->n++].pages;
}

static void sock_add(struct count *c, const struct sock *sk)
{
	if (sk_fullsock(sk))
		*held_by(c, sk->sk_uid) +=
			sk_mem_pages(READ_ONCE(sk->sk_wmem_queued) +
				     atomic_read(&sk->sk_rmem_alloc) + sk->sk_forward_alloc);
}

static void count_tcp(struct count *c)
{
	struct hlist_nulls_node *node;
	struct sock *sk;
	unsigned int i;

	for (i = 0; i <= tcp_hashinfo.ehash_mask; i++)
		sk_nulls_for_each_rcu (sk, node, &tcp_hashinfo.ehash[i].chain)
			sock_add(c, sk);
}

static void count_udp(struct count *c)
{
	struct sock *sk;
	unsigned int i;

	for (i = 0; i <= udp_table.mask; i++)
		sk_for_each_rcu (sk, &udp_table.hash[i].head)
			sock_add(c, sk);
}

static void sock_count(struct count *c, const struct sock *sk)
{
	c->n = 0;
	c->at = jiffies;
	c->used = sk_memory_allocated(sk);
	rcu_read_lock();
	if (sk->sk_protocol == IPPROTO_TCP)
		count_tcp(c);
	else
		count_udp(c);
	rcu_read_unlock();
}

/* Users that hold anything, and one more for a new user. */
static long sock_sharers(const struct count *c)
{
	unsigned int i;
	long n = 1;

	for (i = 0; i < c->n; i++)
		n += c->user[i].pages > 0;
	return n;
}

static bool has_little(const struct sock *sk, long used, long kept)
{
	static struct count counts[2];
	struct count *c = &counts[sk->sk_protocol == IPPROTO_UDP];

	if (c->at != jiffies || !c->n)
		sock_count(c, sk);
	return *held_by(c, sk->sk_uid) + max(0l, used - c->used) <= kept / sock_sharers(c);
}

/*
 * The limit of its protocol's pages, as it applies to this socket. TCP's "pressure" state ends at
 * limit 0 and begins at limit 1; that state counts as the first limit here. UDP has no such state
 * and gives each socket its minimum from limit 0 on.
 */
long sd_sock_memory_limit(const struct sock *sk, int index)
{
	const long *limits = sk->sk_prot->sysctl_mem;
	int first = sk->sk_protocol == IPPROTO_TCP ? 1 : 0;
	long limit = READ_ONCE(limits[index]), from = READ_ONCE(limits[first]),
	     used = sk_memory_allocated(sk);

	if (used <= from || (index != 2 && (first || index)) ||
	    (sk->sk_protocol != IPPROTO_TCP && sk->sk_protocol != IPPROTO_UDP))
		return limit;
	if (has_little(sk, used, READ_ONCE(limits[2]) - from))
		return LONG_MAX;
	return sock_flag(sk, SOCK_DEAD) ? limit : from;
}

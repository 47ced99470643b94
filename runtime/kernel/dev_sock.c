// SPDX-License-Identifier: GPL-2.0
/* dev_sock.c: sockets: how many bytes one can take at once (SD_R_CREDIT in sd/ring.h), the error of
 * an early call that failed, and how much memory sockets hold. */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <net/sock.h>
#include <sd/serve.h>
#include "compat.h"
#include "memory.h"

#define MARGIN 4 /* required room, in small credits */
#define SHARED 4 /* the same in the memory of all sockets: other clients make early calls, too */

#ifdef CONFIG_INET
#include <linux/igmp.h>
#include <net/af_unix.h>
#include <net/inet_connection_sock.h>
#include <net/inet_frag.h>

/* More than the data is charged: for segments of one packet each up to twice the data, for segments
 * that are split later little more than the data. */
static int room_for_big(const struct sock *sk)
{
	return SD_CREDIT_BIG + (sk_can_gso(sk) ? SD_CREDIT_BIG / 4 : SD_CREDIT_BIG);
}

/* The room that early calls need must remain whatever other clients do. So no call is completed
 * early while memory is short, or may soon be. */
static u8 shared_credit(const struct sock *sk)
{
	long left;

	if (sk_under_memory_pressure(sk) || sd_memory_low())
		return 0;
	if (!sk->sk_prot->memory_allocated || !sk->sk_prot->sysctl_mem)
		return 2;
	left = sk_prot_mem_limits(sk, 1) - sk_memory_allocated(sk);
	return left >= SHARED * (long)(SD_CREDIT_BIG >> PAGE_SHIFT) ? 2
								    : left >= SHARED * (long)MARGIN;
}

static u8 own_credit(const struct sock *sk)
{
	int room;

	/* A connected datagram socket is in the same state. AF_UNIX gets no credit: the peer's
	 * queue may be full. */
	if (sk->sk_family != AF_INET || sk->sk_state != TCP_ESTABLISHED)
		return 0;
	if (sk->sk_err || sk->sk_shutdown & SEND_SHUTDOWN)
		return 0;
	if (sk->sk_type == SOCK_STREAM) {
		room = sk_stream_wspace(sk);
		return room >= room_for_big(sk) ? 2 : room >= (int)(MARGIN * SD_CREDIT_SMALL);
	}
	if (sk->sk_type != SOCK_DGRAM)
		return 0;
	return READ_ONCE(sk->sk_sndbuf) - sk_wmem_alloc_get(sk) >= (int)(MARGIN * SD_CREDIT_SMALL);
}

static u8 socket_credit(const struct sock *sk)
{
	u8 credit = own_credit(sk);

	return credit ? min(credit, shared_credit(sk)) : 0;
}

/* NULL: no such file, or it isn't a socket. fdput() either way. */
static struct sock *sock_of(struct fd f)
{
	struct socket *sock = fd_file(f) ? sock_from_file(fd_file(f)) : NULL;

	return sock ? sock->sk : NULL;
}

u8 sd_file_credit(unsigned int fd)
{
	struct fd f = fdget(fd);
	const struct sock *sk = sock_of(f);
	u8 credit = sk ? socket_credit(sk) : 0;

	fdput(f);
	return credit;
}

/* EPIPE need not be kept: the next call gets it anyway. Nor need a temporary refusal: the client
 * retries. */
static bool worth_keeping(int err)
{
	return err != EPIPE && err != EAGAIN && err != EINTR && err < ERESTARTSYS;
}

/* Bytes of a stream are lost, so nothing may be sent after them. False: it is already closed, or
 * isn't a stream. */
static bool stream_ends(struct sock *sk, int err)
{
	return sk->sk_type == SOCK_STREAM && sk->sk_prot->diag_destroy &&
	       !sk->sk_prot->diag_destroy(sk, err);
}

void sd_file_error(unsigned int fd, int err)
{
	struct fd f = fdget(fd);
	struct sock *sk = sock_of(f);

	if (sk && worth_keeping(err) && !stream_ends(sk, err)) {
		lock_sock(sk);
		if (!sk->sk_err) {
			sk->sk_err = err;
			sk_error_report(sk);
		}
		release_sock(sk);
	}
	fdput(f);
}

/* ---- what sockets hold, see serve_memory.c ---- */
#define CHILD_BYTES   (4u << 10) /* a connection that isn't accepted yet, without its data */
#define REQUEST_BYTES 512u	 /* a connection request */
#define MEMBER_BYTES  512u	 /* of a multicast group: the socket's, the device's */
#define DEEP	      8		 /* sockets in messages of sockets in messages ... */

static u64 groups_hold(const struct sock *sk)
{
	const struct ip_mc_socklist *m;
	u64 bytes = 0;

	for (m = rcu_dereference_protected(inet_sk(sk)->mc_list, true); m;
	     m = rcu_dereference_protected(m->next_rcu, true))
		bytes += MEMBER_BYTES;
	return bytes;
}

static u64 own_bytes(struct sock *sk)
{
	u64 bytes = sk->sk_prot->obj_size + sk_wmem_alloc_get(sk) +
		    atomic_read(&sk->sk_rmem_alloc) + READ_ONCE(sk->sk_backlog.len) +
		    atomic_read(&sk->sk_omem_alloc);

	if (sk->sk_type == SOCK_STREAM && sk->sk_family == AF_INET)
		bytes += READ_ONCE(sk->sk_wmem_queued);
	if (sk->sk_family == AF_INET)
		bytes += groups_hold(sk);
	if (sk->sk_peer_cred)
		bytes += sd_cred_holds(sk->sk_peer_cred);
	return bytes;
}

static u64 waiting_hold(struct sock *sk)
{
	struct request_sock_queue *q = &inet_csk(sk)->icsk_accept_queue;
	const struct request_sock *req;
	u64 bytes = (u64)reqsk_queue_len(q) * REQUEST_BYTES;

	spin_lock_bh(&q->rskq_lock);
	for (req = q->rskq_accept_head; req; req = req->dl_next)
		bytes += REQUEST_BYTES + (req->sk ? own_bytes(req->sk) : 0);
	spin_unlock_bh(&q->rskq_lock);
	return bytes;
}

u64 sd_sock_holds(struct file *file)
{
	struct socket *sock = sock_from_file(file);
	struct sock *sk = sock ? sock->sk : NULL;

	if (!sk)
		return 0;
	return own_bytes(sk) +
	       (sk->sk_family == AF_INET && sk->sk_type == SOCK_STREAM && sk->sk_state == TCP_LISTEN
			? waiting_hold(sk)
			: 0);
}

#ifdef CONFIG_UNIX
static int depth;

static u64 passed_hold(const struct scm_fp_list *fp)
{
	u64 bytes = 0;
	int i;

	for (i = 0; fp && i < fp->count; i++)
		bytes += sd_file_holds(fp->fp[i]);
	return bytes;
}

static u64 queue_holds(struct sock *sk)
{
	/* then the queue holds connections to accept, not messages */
	const bool listens = sk->sk_state == TCP_LISTEN;
	struct sk_buff *skb;
	u64 bytes = 0;

	if (depth >= DEEP)
		return (u64)totalram_pages()
		       << PAGE_SHIFT; /* only a program that tries to hide memory nests so deep */
	depth++;
	spin_lock_bh(&sk->sk_receive_queue.lock);
	skb_queue_walk(&sk->sk_receive_queue, skb)
	{
		if (listens) {
			bytes += CHILD_BYTES + (skb->sk ? queue_holds(skb->sk) : 0);
			continue;
		}
		if (!skb->sk || sock_flag(skb->sk, SOCK_DEAD))
			bytes += skb->truesize;
		bytes += passed_hold(UNIXCB(skb).fp);
	}
	spin_unlock_bh(&sk->sk_receive_queue.lock);
	depth--;
	return bytes;
}

u64 sd_sock_passed(struct file *file)
{
	struct socket *sock = sock_from_file(file);

	return sock && sock->sk && sock->sk->sk_family == AF_UNIX ? queue_holds(sock->sk) : 0;
}
#endif

#define FRAGS_PART 32 /* part of the RAM for incomplete fragmented packets */

void sd_sock_limits(void)
{
	struct fqdir *fqdir = init_net.ipv4.fqdir;
	long most = (totalram_pages() << PAGE_SHIFT) / FRAGS_PART;

	fqdir->high_thresh = min(fqdir->high_thresh, most);
	fqdir->low_thresh = min(fqdir->low_thresh, most * 3 / 4);
}
#else
u8 sd_file_credit(unsigned int fd)
{
	return 0;
}

void sd_file_error(unsigned int fd, int err)
{
}
#endif

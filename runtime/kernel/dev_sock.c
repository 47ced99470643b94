// SPDX-License-Identifier: GPL-2.0
/* dev_sock.c: of sockets: what one would take at once, told with an answer (SD_R_CREDIT in sd/ring.h), and a broken promise's error. */
#include <linux/file.h>
#include <linux/net.h>
#include <net/sock.h>
#include <sd/serve.h>

#define MARGIN	4	/* room for so many times the small credit */

#ifdef CONFIG_INET
/* Data aren't all that is counted: segments of one packet each count most of it twice, those that are split later hardly. */
static int room_for_big(const struct sock *sk)
{
	return SD_CREDIT_BIG + (sk_can_gso(sk) ? SD_CREDIT_BIG / 4 : SD_CREDIT_BIG);
}

static u8 socket_credit(const struct sock *sk)
{
	int room;

	/* A datagram socket that is connected is in the same state. A local peer's queue may be full: nothing is said of AF_UNIX. */
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

/* NULL: the file is no socket, or there is none. fdput() either way. */
static struct sock *sock_of(struct fd f)
{
	struct socket *sock = f.file ? sock_from_file(f.file) : NULL;

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

/* EPIPE comes again by itself. What was refused for now the client gives again. */
static bool worth_keeping(int err)
{
	return err != EPIPE && err != EAGAIN && err != EINTR && err < ERESTARTSYS;
}

void sd_file_error(unsigned int fd, int err)
{
	struct fd f = fdget(fd);
	struct sock *sk = sock_of(f);

	if (sk && worth_keeping(err)) {
		lock_sock(sk);
		if (!sk->sk_err) {
			sk->sk_err = err;
			sk_error_report(sk);
		}
		release_sock(sk);
	}
	fdput(f);
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

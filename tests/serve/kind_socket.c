// SPDX-License-Identifier: GPL-2.0
/* kind_socket.c: see kind.h. */
#include "kind.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

void pair(struct sd_qp *l, bool cloexec, int fd[2])
{
	assert_int_equal(call4(l, OP(SOCKETPAIR), AF_UNIX,
			       SOCK_STREAM | (cloexec ? SOCK_CLOEXEC : 0), 0, BUF),
			 0);
	memcpy(fd, l->mem->arena + BUF, 2 * sizeof(int));
}

static long bind_port(struct sd_qp *l, int fd, int port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	memcpy(l->mem->arena + BUF, &in, sizeof(in));
	return call4(l, OP(BIND), (u64)fd, BUF, sizeof(in), 0);
}

void credentials(void **state)
{
	struct dclient root, user;
	struct sd_qp lr, lu;
	long fd;

	(void)state;
	attach(&root, &lr, 0);
	assert_int_equal(domain_attach(&dom, &user, 0, 1000), 0);
	dclient_qp(&dom, &user, &lu, 0);
	fd = call4(&lu, OP(SOCKET), AF_INET, SOCK_STREAM, 0, 0);
	assert_int_equal(bind_port(&lu, (int)fd, 80), -EACCES);
	assert_int_equal(bind_port(&lu, (int)fd, 8080), 0);
	fd = call4(&lr, OP(SOCKET), AF_INET, SOCK_STREAM, 0, 0);
	assert_int_equal(bind_port(&lr, (int)fd, 80), 0);
	assert_int_equal(domain_detach(&dom, &user), 0);
	assert_int_equal(domain_detach(&dom, &root), 0);
}

/* close() has closed when it answers, and so has the end of a client. */
void free_again(void **state)
{
	struct dclient a, b;
	struct sd_qp la, lb;
	long fd;
	int i;

	(void)state;
	attach(&b, &lb, 0);
	for (i = 0; i < 50; i++) {
		fd = call4(&lb, OP(SOCKET), AF_INET, SOCK_DGRAM, 0, 0);
		assert_int_equal(bind_port(&lb, (int)fd, 5000), 0);
		assert_int_equal(call4(&lb, OP(CLOSE), (u64)fd, 0, 0, 0), 0);
		attach(&a, &la, 0);
		fd = call4(&la, OP(SOCKET), AF_INET, SOCK_DGRAM, 0, 0);
		assert_int_equal(bind_port(&la, (int)fd, 5000), 0);
		assert_int_equal(domain_detach(&dom, &a), 0);
	}
	assert_int_equal(domain_detach(&dom, &b), 0);
}

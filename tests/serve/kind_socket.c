// SPDX-License-Identifier: GPL-2.0
/* kind_socket.c: see kind.h. */
#include "kind.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* A TCP connection within the domain. */
void pair(struct sd_qp *l, bool cloexec, int fd[2])
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	u64 type = SOCK_STREAM | (cloexec ? SOCK_CLOEXEC : 0);
	long from = call4(l, OP(SOCKET), AF_INET, type, 0, 0);
	long on = call4(l, OP(SOCKET), AF_INET, SOCK_STREAM, 0, 0), to;
	u32 len = sizeof(in);

	memcpy(l->mem->arena + BUF, &in, len);
	assert_int_equal(call4(l, OP(BIND), (u64)on, BUF, len, 0), 0);
	assert_int_equal(call4(l, OP(LISTEN), (u64)on, 1, 0, 0), 0);
	memcpy(l->mem->arena + BUF + len, &len, sizeof(len));
	assert_int_equal(call4(l, OP(GETSOCKNAME), (u64)on, BUF, BUF + len, 0), 0);
	assert_int_equal(call4(l, OP(CONNECT), (u64)from, BUF, len, 0), 0);
	to = call4(l, OP(ACCEPT4), (u64)on, SD_OFF_NULL, SD_OFF_NULL, cloexec ? SOCK_CLOEXEC : 0);
	assert_true(to >= 0);
	assert_int_equal(call4(l, OP(CLOSE), (u64)on, 0, 0, 0), 0);
	fd[0] = (int)from;
	fd[1] = (int)to;
}

/* A TCP socket learns of its closed peer from the answer to what it sends. */
void no_reader(struct sd_qp *l, const int fd[2])
{
	assert_int_equal(call4(l, OP(SHUTDOWN), (u64)fd[0], SHUT_WR, 0, 0), 0);
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

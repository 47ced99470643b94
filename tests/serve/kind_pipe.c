// SPDX-License-Identifier: GPL-2.0
/* kind_pipe.c: see kind.h. */
#include "kind.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define LARGE (2u << 20) /* more than a pipe of an unprivileged user may hold */

void pair(struct sd_qp *l, bool cloexec, int fd[2])
{
	int ends[2];

	assert_int_equal(call4(l, OP(PIPE2), BUF, cloexec ? O_CLOEXEC : 0, 0, 0), 0);
	memcpy(ends, l->mem->arena + BUF, sizeof(ends));
	fd[0] = ends[1];
	fd[1] = ends[0];
}

void no_reader(struct sd_qp *l, const int fd[2])
{
	assert_int_equal(call4(l, OP(CLOSE), (u64)fd[1], 0, 0, 0), 0);
}

void credentials(void **state)
{
	struct dclient root, user;
	struct sd_qp lr, lu;
	int fd[2];

	(void)state;
	attach(&root, &lr, 0);
	assert_int_equal(domain_attach(&dom, &user, 0, 1000), 0);
	dclient_qp(&dom, &user, &lu, 0);
	pair(&lu, false, fd);
	assert_int_equal(call4(&lu, OP(FCNTL), (u64)fd[0], F_SETPIPE_SZ, LARGE, 0), -EPERM);
	assert_int_equal(call4(&lu, OP(FCNTL), (u64)fd[0], F_SETPIPE_SZ, LARGE / 2, 0), LARGE / 2);
	pair(&lr, false, fd);
	assert_int_equal(call4(&lr, OP(FCNTL), (u64)fd[0], F_SETPIPE_SZ, LARGE, 0), LARGE);
	assert_int_equal(domain_detach(&dom, &user), 0);
	assert_int_equal(domain_detach(&dom, &root), 0);
}

/* A user may have so many pages in pipes: they come back with each close and each client. */
void free_again(void **state)
{
	struct dclient c;
	struct sd_qp l;
	int fd[2];

	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(domain_attach(&dom, &c, 0, 1000), 0);
		dclient_qp(&dom, &c, &l, 0);
		for (int j = 0; j < 10; j++) {
			pair(&l, false, fd);
			assert_int_equal(
				call4(&l, OP(FCNTL), (u64)fd[0], F_SETPIPE_SZ, LARGE / 2, 0),
				LARGE / 2);
			if (j % 2) {
				assert_int_equal(call4(&l, OP(CLOSE), (u64)fd[0], 0, 0, 0), 0);
				assert_int_equal(call4(&l, OP(CLOSE), (u64)fd[1], 0, 0, 0), 0);
			}
		}
		assert_int_equal(domain_detach(&dom, &c), 0);
	}
}

// SPDX-License-Identifier: GPL-2.0
/* kind_file.c: see kind.h. The two ends are a FIFO's. */
#include "kind.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

static u64 path(struct sd_qp *l, const char *name, unsigned int n)
{
	snprintf((char *)l->mem->arena + BUF, 256, "%s/%s%u", PREFIX, name, n);
	return BUF;
}

void pair(struct sd_qp *l, bool cloexec, int fd[2])
{
	static unsigned int made;
	unsigned int n = made++;
	u64 flags = cloexec ? O_CLOEXEC : 0;

	assert_int_equal(call4(l, OP(MKNOD), path(l, "fifo", n), S_IFIFO | 0600, 0, 0), 0);
	fd[1] = (int)call4(l, OP(OPEN), path(l, "fifo", n), O_RDONLY | O_NONBLOCK | flags, 0, 0);
	fd[0] = (int)call4(l, OP(OPEN), path(l, "fifo", n), O_WRONLY | flags, 0, 0);
	assert_true(fd[0] >= 0 && fd[1] >= 0);
	assert_int_equal(call4(l, OP(FCNTL), (u64)fd[1], F_SETFL, 0, 0), 0);
	assert_int_equal(call4(l, OP(UNLINK), path(l, "fifo", n), 0, 0, 0), 0);
}

void no_reader(struct sd_qp *l, const int fd[2])
{
	assert_int_equal(call4(l, OP(CLOSE), (u64)fd[1], 0, 0, 0), 0);
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
	assert_int_equal(call4(&lu, OP(OPEN), path(&lu, "secret", 0), O_RDWR | O_CREAT, 0600, 0),
			 -EACCES);
	fd = call4(&lr, OP(OPEN), path(&lr, "secret", 0), O_RDWR | O_CREAT, 0600, 0);
	assert_true(fd >= 0);
	assert_int_equal(call4(&lr, OP(CLOSE), (u64)fd, 0, 0, 0), 0);
	assert_int_equal(call4(&lu, OP(OPEN), path(&lu, "secret", 0), O_RDONLY, 0, 0), -EACCES);
	assert_int_equal(call4(&lu, OP(UNLINK), path(&lu, "secret", 0), 0, 0, 0), -EACCES);
	assert_int_equal(call4(&lr, OP(UNLINK), path(&lr, "secret", 0), 0, 0, 0), 0);
	assert_int_equal(domain_detach(&dom, &user), 0);
	assert_int_equal(domain_detach(&dom, &root), 0);
}

static long locked(struct sd_qp *l)
{
	long fd = call4(l, OP(OPEN), path(l, "lock", 0), O_RDWR | O_CREAT, 0600, 0);
	struct flock lock = {.l_type = F_WRLCK};

	assert_true(fd >= 0);
	assert_int_equal(call4(l, OP(FLOCK), (u64)fd, LOCK_EX | LOCK_NB, 0, 0), 0);
	memcpy(l->mem->arena + BUF, &lock, sizeof(lock));
	assert_int_equal(call4(l, OP(FCNTL), (u64)fd, F_SETLK, BUF, 0), 0);
	return fd;
}

/* close() has closed when it answers, and so has the end of a client: both kinds of locks are free.
 */
void free_again(void **state)
{
	struct dclient a, b;
	struct sd_qp la, lb;
	long fd;

	(void)state;
	attach(&b, &lb, 0);
	for (int i = 0; i < 50; i++) {
		fd = locked(&lb);
		assert_int_equal(call4(&lb, OP(CLOSE), (u64)fd, 0, 0, 0), 0);
		attach(&a, &la, 0);
		locked(&la);
		assert_int_equal(domain_detach(&dom, &a), 0);
	}
	assert_int_equal(domain_detach(&dom, &b), 0);
}

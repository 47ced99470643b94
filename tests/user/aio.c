/* SPDX-License-Identifier: GPL-2.0 */
/*
 * aio.c: io_submit and related calls on files in a directory (the first argument), in /tmp, or in
 * both at once. The results must be the same natively and in a domain's directory.
 */
#define _GNU_SOURCE
#include "cases.h"
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BS 4096

static char path[4096], other[64];
static int fd;
static aio_context_t ctx;

static long io_setup(unsigned nr, aio_context_t *c)
{
	return syscall(SYS_io_setup, nr, c);
}
static long io_destroy(aio_context_t c)
{
	return syscall(SYS_io_destroy, c);
}
static long io_submit(aio_context_t c, long n, struct iocb **i)
{
	return syscall(SYS_io_submit, c, n, i);
}
static long io_getevents(aio_context_t c, long min, long n, struct io_event *e, struct timespec *t)
{
	return syscall(SYS_io_getevents, c, min, n, e, t);
}

static struct iocb make(int f, int op, void *buf, size_t len, long off)
{
	return (struct iocb){.aio_fildes = f,
			     .aio_lio_opcode = op,
			     .aio_buf = (uintptr_t)buf,
			     .aio_nbytes = len,
			     .aio_offset = off,
			     .aio_data = 7};
}

static long one(struct iocb *i)
{
	return io_submit(ctx, 1, &i);
}

/* Submitted and done: its result, or -1000 - errno of the submission. */
static long result(struct iocb i)
{
	struct io_event e = {0};

	if (one(&i) != 1)
		return -1000 - errno;
	CHECK(io_getevents(ctx, 1, 1, &e, NULL) == 1);
	CHECK(e.data == 7 && e.obj == (uintptr_t)&i && e.res2 == 0);
	return e.res;
}

static void contexts(void)
{
	aio_context_t c = 0;
	struct io_event e;
	struct timespec zero = {0, 0}, some = {0, 20000000};

	CHECK(io_setup(0, &c) == -1 && errno == EINVAL);
	c = 1;
	CHECK(io_setup(4, &c) == -1 && errno == EINVAL);
	CHECK(io_setup(4, (void *)8) == -1 && errno == EFAULT);
	c = 0;
	CHECK(io_setup(4, &c) == 0 && c);
	CHECK(io_getevents(c, 0, 1, &e, NULL) == 0);
	CHECK(io_getevents(c, 1, 1, &e, &zero) == 0);
	CHECK(io_getevents(c, 1, 1, &e, &some) == 0);
	CHECK(io_getevents(c, 2, 1, &e, &zero) == -1 && errno == EINVAL);
	CHECK(io_getevents(c, -1, 1, &e, &zero) == -1 && errno == EINVAL);
	CHECK(io_getevents(c, 1, 1, &e, (void *)8) == -1 && errno == EFAULT);
	CHECK(io_submit(c, 0, NULL) == 0);
	CHECK(io_submit(c, -1, NULL) == -1 && errno == EINVAL);
	CHECK(io_destroy(c) == 0);
	CHECK(io_destroy(c) == -1 && errno == EINVAL);
	CHECK(io_getevents(c, 0, 1, &e, &zero) == -1 && errno == EINVAL);
	CHECK(io_submit(c, 1, (struct iocb *[]){&(struct iocb){0}}) == -1 && errno == EINVAL);
}

static void read_write(void)
{
	static char w[3 * BS], r[sizeof(w)];
	struct iovec v[3] = {{r, 10}, {r + 10, 0}, {r + 10, 5000}},
		     o[2] = {{w + 100, 200}, {w, 100}};

	for (size_t i = 0; i < sizeof(w); i++)
		w[i] = i * 7 + i / 256;
	CHECK(result(make(fd, IOCB_CMD_PWRITE, w, sizeof(w), 0)) == sizeof(w));
	CHECK(result(make(fd, IOCB_CMD_PREAD, r, sizeof(r), 0)) == sizeof(r) &&
	      !memcmp(r, w, sizeof(w)));
	CHECK(result(make(fd, IOCB_CMD_PREAD, r, sizeof(r), 100)) == sizeof(r) - 100 &&
	      !memcmp(r, w + 100, sizeof(r) - 100));
	CHECK(result(make(fd, IOCB_CMD_PREAD, r, 10, 1 << 20)) == 0);
	CHECK(result(make(fd, IOCB_CMD_PREAD, r, 0, 0)) == 0);
	memset(r, 0, sizeof(r));
	CHECK(result(make(fd, IOCB_CMD_PREADV, v, 3, 50)) == 5010 && !memcmp(r, w + 50, 5010) &&
	      !r[5010]);
	CHECK(result(make(fd, IOCB_CMD_PWRITEV, o, 2, 1000)) == 300);
	CHECK(pread(fd, r, 300, 1000) == 300 && !memcmp(r, w + 100, 200) &&
	      !memcmp(r + 200, w, 100));
	CHECK(result(make(fd, IOCB_CMD_FSYNC, NULL, 0, 0)) == 0);
	CHECK(result(make(fd, IOCB_CMD_FDSYNC, NULL, 0, 0)) == 0);
	CHECK(lseek(fd, 0, SEEK_CUR) == 0);
}

static void errors(void)
{
	char b[64] = "";
	struct iocb i, good = make(fd, IOCB_CMD_PWRITE, b, 8, 0), *list[3] = {&good, &i, &good};
	struct io_event e[3];
	int ro = open(path, O_RDONLY), wo = open(path, O_WRONLY);

	CHECK(result(make(fd, 99, b, 8, 0)) == -1000 - EINVAL);
	CHECK(result(make(fd, IOCB_CMD_FSYNC, b, 0, 0)) == -1000 - EINVAL);
	CHECK(result(make(fd, IOCB_CMD_FSYNC, NULL, 8, 0)) == -1000 - EINVAL);
	CHECK(result(make(999, IOCB_CMD_PREAD, b, 8, 0)) == -1000 - EBADF);
	CHECK(result(make(-1, IOCB_CMD_PREAD, b, 8, 0)) == -1000 - EBADF);
	CHECK(result(make(ro, IOCB_CMD_PWRITE, b, 8, 0)) == -1000 - EBADF);
	CHECK(result(make(wo, IOCB_CMD_PREAD, b, 8, 0)) == -1000 - EBADF);
	CHECK(result(make(fd, IOCB_CMD_PREAD, b, -8, 0)) == -1000 - EINVAL);
	CHECK(result(make(fd, IOCB_CMD_PREADV, (void *)8, 1, 0)) == -1000 - EFAULT);
	CHECK(result(make(fd, IOCB_CMD_PREADV, b, 5000, 0)) == -1000 - EINVAL);
	CHECK(result(make(fd, IOCB_CMD_PREAD, b, 8, -8)) < 0);
	i = make(fd, IOCB_CMD_PREAD, b, 8, 0);
	i.aio_reserved2 = 1;
	CHECK(result(i) == -1000 - EINVAL);
	i.aio_reserved2 = 0;
	i.aio_rw_flags = 0x40000000;
	CHECK(result(i) == -1000 - EOPNOTSUPP);
	/* Those before the first bad one are submitted. */
	i = make(fd, 99, b, 8, 0);
	CHECK(io_submit(ctx, 3, list) == 1);
	CHECK(io_getevents(ctx, 1, 3, e, NULL) == 1 && e[0].res == 8);
	list[1] = (void *)8;
	CHECK(io_submit(ctx, 3, list) == 1);
	CHECK(io_getevents(ctx, 1, 3, e, NULL) == 1 && e[0].res == 8);
	CHECK(io_submit(ctx, 1, list + 1) == -1 && errno == EFAULT);
	CHECK(io_submit(ctx, 1, (void *)8) == -1 && errno == EFAULT);
	i = make(fd, IOCB_CMD_PREAD, b, 8, 0);
	CHECK(syscall(SYS_io_cancel, ctx, &i, e) == -1 && errno == EINVAL);
	CHECK(result(make(fd, IOCB_CMD_PREAD, (void *)8, 8, 0)) == -EFAULT);
	CHECK(result(make(fd, IOCB_CMD_PWRITE, (void *)8, 8, 0)) == -EFAULT);
	close(ro);
	close(wo);
}

/* More requests than fit, and no event fetched: EAGAIN, until events are fetched. */
static void full(void)
{
	static char b[BS];
	struct iocb i = make(fd, IOCB_CMD_PREAD, b, 8, 0), *p = &i;
	struct io_event e[512];
	aio_context_t c = 0;
	long n = 0, got = 0, k;

	CHECK(io_setup(8, &c) == 0);
	while (n < 20000 && io_submit(c, 1, &p) == 1)
		n++;
	CHECK(n >= 8 && n < 20000 && errno == EAGAIN);
	while (got < n && (k = io_getevents(c, 1, 512, e, NULL)) > 0)
		got += k;
	CHECK(got == n);
	CHECK(io_submit(c, 1, &p) == 1);
	CHECK(io_destroy(c) == 0);
}

static void notified(void)
{
	char b[64] = "";
	struct iocb i = make(fd, IOCB_CMD_PREAD, b, 8, 0), *two[2] = {&i, &i};
	struct io_event e[2];
	int ev = eventfd(0, EFD_CLOEXEC);
	struct pollfd p = {ev, POLLIN, 0};
	uint64_t v = 0, sum = 0;

	i.aio_flags = IOCB_FLAG_RESFD;
	i.aio_resfd = ev;
	CHECK(io_submit(ctx, 2, two) == 2);
	while (sum < 2 && poll(&p, 1, 10000) == 1 && read(ev, &v, sizeof(v)) == sizeof(v))
		sum += v;
	CHECK(sum == 2);
	CHECK(io_getevents(ctx, 2, 2, e, NULL) == 2);
	i.aio_resfd = 999;
	CHECK(result(i) == -1000 - EBADF);
	i.aio_resfd = open("/dev/null", O_RDONLY);
	CHECK(result(i) == -1000 - EINVAL);
	close(i.aio_resfd);
	close(ev);
}

/* Requests to two places in one context. */
static void mixed(void)
{
	static char w[2][BS], r[8][BS];
	int o = open(other, O_RDWR | O_CREAT | O_TRUNC, 0600), n = 0;
	struct iocb i[8], *p[8];
	struct io_event e[8];
	unsigned seen = 0;

	memset(w[0], 'a', BS);
	memset(w[1], 'b', BS);
	CHECK(pwrite(fd, w[0], BS, 0) == BS && pwrite(o, w[1], BS, 0) == BS);
	for (int k = 0; k < 8; k++) {
		i[k] = make(k % 3 ? fd : o, IOCB_CMD_PREAD, r[k], BS, 0);
		i[k].aio_data = k;
		p[k] = &i[k];
	}
	CHECK(io_submit(ctx, 8, p) == 8);
	while (n < 8) {
		int k = io_getevents(ctx, 8 - n < 3 ? 8 - n : 3, 8 - n, e, NULL);

		CHECK(k > 0);
		if (k <= 0)
			break;
		for (n += k; k--;) {
			CHECK(e[k].res == BS && e[k].data < 8);
			seen |= 1u << e[k].data;
		}
	}
	CHECK(seen == 0xff);
	for (int k = 0; k < 8; k++)
		CHECK(!memcmp(r[k], w[k % 3 ? 0 : 1], BS));
	close(o);
	unlink(other);
}

static void large(void)
{
	size_t len = 5 << 19; /* 2.5 MiB */
	char *w = malloc(len), *r = calloc(1, len + 100);

	for (size_t i = 0; i < len; i++)
		w[i] = i * 31 + i / 4096;
	CHECK(result(make(fd, IOCB_CMD_PWRITE, w, len, 12345)) == (long)len);
	CHECK(result(make(fd, IOCB_CMD_PREAD, r, len + 100, 12345)) == (long)len &&
	      !memcmp(r, w, len));
	CHECK(result(make(fd, IOCB_CMD_PREAD, r, len, 12345 + (3 << 19))) == 1 << 20 &&
	      !memcmp(r, w + (3 << 19), 1 << 20));
	CHECK(ftruncate(fd, BS) == 0);
	free(w);
	free(r);
}

/* 300 requests, up to 100 at once, fetched as they come. */
static void many(void)
{
	static char w[300][BS], r[BS];
	static struct iocb i[300];
	struct iocb *p;
	struct io_event e[16];
	long in = 0, out = 0, k;
	aio_context_t c = 0;

	CHECK(io_setup(128, &c) == 0);
	while (out < 300) {
		for (; in < 300 && in - out < 100; in++) {
			memset(w[in], in, BS);
			i[in] = make(fd, IOCB_CMD_PWRITE, w[in], BS, in * 7 % 300 * BS);
			p = &i[in];
			CHECK(io_submit(c, 1, &p) == 1);
		}
		k = io_getevents(c, 1, 16, e, NULL);
		CHECK(k > 0);
		if (k <= 0)
			break;
		for (out += k; k--;)
			CHECK(e[k].res == BS);
	}
	for (k = 0; k < 300; k++)
		CHECK(pread(fd, r, BS, k * 7 % 300 * BS) == BS && !memcmp(r, w[k], BS));
	CHECK(ftruncate(fd, BS) == 0);
	/* Not fetched, and the fd closed: done nevertheless. */
	int f = open(path, O_RDWR);

	for (k = 0; k < 50; k++) {
		i[k] = make(f, IOCB_CMD_PWRITE, w[k], BS, k * BS);
		p = &i[k];
		CHECK(io_submit(c, 1, &p) == 1);
	}
	close(f);
	f = open(other, O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(io_destroy(c) == 0);
	for (k = 0; k < 50; k++)
		CHECK(pread(fd, r, BS, k * BS) == BS && !memcmp(r, w[k], BS));
	CHECK(lseek(f, 0, SEEK_END) == 0);
	close(f);
	unlink(other);
}

static void *submitter(void *buf)
{
	static struct iocb i[3];

	for (int k = 0; k < 3; k++) {
		usleep(30000);
		i[k] = make(fd, IOCB_CMD_PREAD, buf, 8, 0);
		CHECK(one(&i[k]) == 1);
	}
	return NULL;
}

static void *fetcher(void *n)
{
	struct io_event e;

	for (long k = (long)n; k; k--)
		CHECK(io_getevents(ctx, 1, 1, &e, NULL) == 1 && e.res == 8);
	return NULL;
}

static void threads(void)
{
	static char b[8];
	struct io_event e[3];
	pthread_t t, u = 0;

	CHECK(pwrite(fd, "12345678", 8, 0) == 8);
	CHECK(pthread_create(&t, NULL, submitter, b) == 0);
	CHECK(io_getevents(ctx, 3, 3, e, NULL) == 3);
	pthread_join(t, NULL);
	CHECK(pthread_create(&t, NULL, fetcher, (void *)2) == 0 &&
	      pthread_create(&u, NULL, fetcher, (void *)1) == 0);
	submitter(b);
	pthread_join(t, NULL);
	pthread_join(u, NULL);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void signals(void)
{
	struct sigaction a = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct io_event e;
	sigset_t block, none;
	struct {
		sigset_t *mask;
		size_t size;
	} arg = {&none, 8};

	sigaction(SIGALRM, &a, NULL);
	ualarm(50000, 0);
	CHECK(io_getevents(ctx, 1, 1, &e, NULL) == -1 && errno == EINTR);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGALRM);
	sigprocmask(SIG_BLOCK, &block, NULL);
	raise(SIGALRM);
	CHECK(syscall(SYS_io_pgetevents, ctx, 1, 1, &e, NULL, &arg) == -1 && errno == EINTR);
	sigprocmask(SIG_UNBLOCK, &block, NULL);
}

static void forked(void)
{
	char b[8];
	struct iocb i = make(fd, IOCB_CMD_PREAD, b, 8, 0);
	struct io_event e;
	int status = -1;
	pid_t pid;

	CHECK(one(&i) == 1);
	pid = fork();
	if (!pid) {
		check_failed = 0;
		CHECK(one(&i) == -1 && errno == EINVAL);
		ctx = 0;
		CHECK(io_setup(4, &ctx) == 0);
		CHECK(result(make(fd, IOCB_CMD_PREAD, b, 8, 0)) == 8);
		_exit(check_failed);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(io_getevents(ctx, 1, 1, &e, NULL) == 1 && e.res == 8);
}

static void direct(void)
{
	int d = open(path, O_RDWR | O_DIRECT);
	char *w = NULL, *r = NULL;

	CHECK(d >= 0 && !posix_memalign((void **)&w, BS, 8 * BS) &&
	      !posix_memalign((void **)&r, BS, 8 * BS));
	for (int i = 0; i < 8 * BS; i++)
		w[i] = i * 13 + i / BS;
	CHECK(result(make(d, IOCB_CMD_PWRITE, w, 8 * BS, 0)) == 8 * BS);
	CHECK(result(make(d, IOCB_CMD_PREAD, r, 8 * BS, 0)) == 8 * BS && !memcmp(r, w, 8 * BS));
	CHECK(result(make(d, IOCB_CMD_PREAD, r, 100, 0)) == -EINVAL);
	close(d);
}

int main(int argc, char **argv)
{
	static const struct check_case all[] = {{"contexts", contexts},
						{"read_write", read_write},
						{"errors", errors},
						{"full", full},
						{"notified", notified},
						{"mixed", mixed},
						{"large", large},
						{"many", many},
						{"threads", threads},
						{"signals", signals},
						{"forked", forked},
						{"direct", direct},
						{0}};

	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(path, sizeof(path), "%s/aio.%d", argc > 1 ? argv[1] : ".", getpid());
	snprintf(other, sizeof(other), "/tmp/aio.%d", getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && io_setup(32, &ctx) == 0);
	if (fd >= 0)
		run_cases_here(all, argc > 3 ? argv[3] : NULL, 120);
	unlink(path);
	printf("aio: %s\n", check_failed ? "FAILED" : "ok");
	return check_failed;
}

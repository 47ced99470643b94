// SPDX-License-Identifier: GPL-2.0
/*
 * remotes NET.sock BLOCK.sock DIR [killed]: a socket of net as a file of block (SD_OP_REMOTE), read
 * there. A program under the hook has such an fd only during a sendfile() into it, and never reads
 * one; so this is a client of both domains by the transport alone. `killed`: prints "waiting" and
 * expects net to be killed. See two_domains_test.py.
 */
#define _GNU_SOURCE
#include "cases.h"
#include "attach.h"
#include <block/calls.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sd/client.h>
#include <sd/qp.h>
#include <sd/ticket.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define READ_MAX 65536 /* runtime/kernel/remote_file.c: of one call */
#define TOTAL	 (2 << 20)
/* ERESTARTSYS, the kernel's own: the client's hook makes it EINTR or another call */
#define RESTART 512

extern const struct sd_domain_stubs sd_net_stubs, sd_block_stubs;

static struct side {
	const struct sd_domain_stubs *stubs;
	struct outsider o;
	struct sd_qp qp[2]; /* one a thread */
} net = {.stubs = &sd_net_stubs}, block = {.stubs = &sd_block_stubs};

static const char *dir;
static int a, b; /* a connection in net */
static int r;	 /* b, in block */

static void attach(struct side *s, const char *path)
{
	int err = outsider_attach(&s->o, path);

	if (err) {
		printf("%s: %s\n", path, strerror(-err));
		exit(1);
	}
	for (unsigned i = 0; i < 2; i++)
		sd_qp_init(&s->qp[i], s->o.head, i, s->o.wake_page, sd_transport_client(NULL));
}

/* The domain's answer, on the queue pair of this thread: 0 is main's. */
static long call(struct side *s, int thread, long nr, u64 x, u64 y, u64 z, u64 u, u64 v, u64 w)
{
	const u64 arg[6] = {x, y, z, u, v, w};
	enum sd_status st;
	long ret = -1;

	for (u32 i = 0; i < s->stubs->n; i++)
		if (s->stubs->stub[i].nr == nr) {
			st = s->stubs->stub[i].stub(&s->qp[thread], &ret, arg);
			return st == SD_OK ? ret : -1000 - (long)st;
		}
	return -ENOSYS;
}

#define P(x)			       ((u64)(uintptr_t)(x))
#define NET(nr, x, y, z)	       call(&net, 0, SYS_##nr, x, y, z, 0, 0, 0)
#define BLOCK(nr, ...)		       BLOCK_(nr, __VA_ARGS__, 0, 0, 0)
#define BLOCK_(nr, x, y, z, u, v, ...) call(&block, 0, SYS_##nr, x, y, z, u, v, 0)

static void connection(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	long l = NET(socket, AF_INET, SOCK_STREAM, 0);

	CHECK(l >= 0 && NET(bind, l, P(&at), len) == 0 && NET(listen, l, 1, 0) == 0);
	CHECK(NET(getsockname, l, P(&at), P(&len)) == 0);
	a = NET(socket, AF_INET, SOCK_STREAM, 0);
	CHECK(a >= 0 && NET(connect, a, P(&at), len) == 0);
	b = NET(accept, l, 0, 0);
	CHECK(b >= 0 && NET(close, l, 0, 0) == 0);
}

static void begin(void)
{
	u64 key[2];
	long ret = -1;

	connection();
	CHECK(sd_ticket_make(&net.qp[0], &ret, b, key) == SD_OK && ret == 0);
	CHECK(sd_ticket_remote(&block.qp[0], &ret, key, "net") == SD_OK && ret >= 0);
	r = ret;
}

static void end(void)
{
	CHECK(BLOCK(close, r, 0, 0) == 0 && NET(close, a, 0, 0) == 0 && NET(close, b, 0, 0) == 0);
}

static unsigned char byte_at(u64 pos)
{
	return (pos * 0x9e3779b97f4a7c15ull) >> 56;
}

static void *writer(void *arg)
{
	static unsigned char buf[50000];

	for (u64 pos = 0, n; pos < TOTAL; pos += n) {
		n = TOTAL - pos < sizeof(buf) ? TOTAL - pos : sizeof(buf);
		for (u64 i = 0; i < n; i++)
			buf[i] = byte_at(pos + i);
		CHECK(call(&net, 1, SYS_write, a, P(buf), n, 0, 0, 0) == (long)n);
	}
	CHECK(call(&net, 1, SYS_shutdown, a, SHUT_WR, 0, 0, 0, 0) == 0);
	return arg;
}

/* Several buffers, some of them empty, more than one call may have; then the end of the stream. */
static void scattered(void)
{
	static unsigned char x[1], y[4095], z[100000];
	struct iovec v[5] = {{x, 0}, {x, 1}, {y, sizeof(y)}, {z, 0}, {z, sizeof(z)}};
	u64 pos = 0, wrong = 0;
	pthread_t t;
	long n;

	begin();
	CHECK(pthread_create(&t, NULL, writer, NULL) == 0);
	while ((n = BLOCK(readv, r, P(v), 5)) > 0) {
		CHECK(n <= READ_MAX);
		for (long i = 0; i < n; i++, pos++)
			wrong += byte_at(pos) != (i < 1 ? x[i] : i < 4096 ? y[i - 1] : z[i - 4096]);
	}
	CHECK(n == 0 && pos == TOTAL && wrong == 0);
	pthread_join(t, NULL);
	CHECK(BLOCK(readv, r, P(v), 5) == 0);
	end();
}

static void whole(void)
{
	char buf[100] = "";
	struct iovec v[2] = {{buf, 3}, {buf + 50, 3}}, w[2] = {{"to ", 3}, {"net", 3}};

	begin();
	CHECK(NET(write, a, P("abcdefghij"), 10) == 10);
	CHECK(BLOCK(read, r, P(buf), 2) == 2 && !memcmp(buf, "ab", 2));
	CHECK(BLOCK(readv, r, P(v), 2) == 6 && !memcmp(buf, "cde", 3) &&
	      !memcmp(buf + 50, "fgh", 3));
	/* -1 is the file's position: what readv does */
	CHECK(BLOCK(preadv2, r, P(v), 2, -1ul, -1ul) == 2 && !memcmp(buf, "ije", 3));
	CHECK(BLOCK(writev, r, P(w), 2) == 6 && NET(read, a, P(buf), 100) == 6 &&
	      !memcmp(buf, "to net", 6));
	end();
}

/* It has no position, as a socket has none. */
static void errors(void)
{
	char buf[100], path[4200];
	struct iovec v = {buf, 10};
	long f;

	begin();
	CHECK(NET(write, a, P("x"), 1) == 1);
	CHECK(BLOCK(preadv, r, P(&v), 1) == -ESPIPE && BLOCK(preadv, r, P(&v), 1, 100) == -ESPIPE);
	CHECK(BLOCK(preadv2, r, P(&v), 1) == -ESPIPE && BLOCK(pread64, r, P(buf), 10) == -ESPIPE);
	CHECK(BLOCK(pwritev, r, P(&v), 1) == -ESPIPE && BLOCK(pwrite64, r, P(buf), 10) == -ESPIPE);
	CHECK(BLOCK(lseek, r, 0, SEEK_CUR) == -ESPIPE);
	CHECK(BLOCK(readv, r, P(&v), 1025) == -EINVAL && BLOCK(readv, r, P(&v), 0) == 0);
	CHECK(call(&block, 0, SYS_preadv2, r, P(&v), 1, -1ul, -1ul, 0x40000000) == -EOPNOTSUPP);
	snprintf(path, sizeof(path), "%s/remotes", dir);
	f = BLOCK(open, P(path), O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(f >= 0 && BLOCK(sendfile, f, r, 0, 10) == -EINVAL && BLOCK(close, f, 0, 0) == 0 &&
	      BLOCK(unlink, P(path), 0, 0) == 0);
	CHECK(BLOCK(readv, r, P(&v), 1) == 1 && buf[0] == 'x'); /* none of them took it */
	CHECK(NET(fcntl, b, F_SETFL, O_NONBLOCK) == 0);
	CHECK(BLOCK(readv, r, P(&v), 1) == -EAGAIN && BLOCK(read, r, P(buf), 10) == -EAGAIN);
	end();
}

static volatile int answered;

static void *waiter(void *buf)
{
	struct iovec v = {buf, 10};
	long ret = call(&block, 1, SYS_readv, r, P(&v), 1, 0, 0, 0);

	answered = 1;
	return (void *)ret;
}

/* One call waits for the other domain; this domain serves others. */
static void waits(void)
{
	char buf[10], path[4200];
	pthread_t t;
	void *ret;

	begin();
	answered = 0;
	snprintf(path, sizeof(path), "%s/remotes.d", dir);
	CHECK(pthread_create(&t, NULL, waiter, buf) == 0);
	for (int i = 0; i < 100; i++) {
		usleep(1000);
		CHECK(BLOCK(mkdir, P(path), 0700, 0) == 0 && BLOCK(rmdir, P(path), 0, 0) == 0);
	}
	CHECK(!answered);
	CHECK(NET(write, a, P("late"), 4) == 4);
	pthread_join(t, &ret);
	CHECK((long)ret == 4 && !memcmp(buf, "late", 4));
	end();
}

/* A cancelled read takes nothing. */
static void cancelled(void)
{
	char buf[10];
	struct sd_call c;
	long ret = 0;

	begin();
	for (int i = 0; i < 20; i++) {
		CHECK(sd_call_begin(&block.qp[0], &c, SD_BLOCK_READ) == SD_OK);
		c.arg[0] = r;
		c.arg[1] = sd_room(&c, 10);
		c.arg[2] = 10;
		CHECK(sd_call_post(&c) == SD_OK);
		usleep(i * 500);
		CHECK(!sd_call_done(&c));
		sd_call_cancel(&c);
		CHECK(sd_call_finish(&c, &ret) == SD_OK && (ret == -EINTR || ret == -RESTART));
		CHECK(sd_call_end(&c) == SD_OK);
		CHECK(NET(write, a, P("all of it"), 9) == 9 && BLOCK(read, r, P(buf), 10) == 9);
	}
	end();
}

/* The other domain dies during a waiting read. */
static void killed(void)
{
	char buf[10], path[4200];
	struct iovec v = {buf, 10};

	begin();
	printf("waiting\n");
	CHECK(BLOCK(readv, r, P(&v), 1) == -EREMOTEIO);
	CHECK(BLOCK(readv, r, P(&v), 1) == -EREMOTEIO && BLOCK(writev, r, P(&v), 1) == -EREMOTEIO);
	CHECK(BLOCK(close, r, 0, 0) == 0);
	snprintf(path, sizeof(path), "%s/remotes.d", dir);
	CHECK(BLOCK(mkdir, P(path), 0700, 0) == 0 && BLOCK(rmdir, P(path), 0, 0) == 0);
}

int main(int argc, char **argv)
{
	static const struct check_case all[] = {{"scattered", scattered}, {"whole", whole},
						{"errors", errors},	  {"waits", waits},
						{"cancelled", cancelled}, {0}},
				       dead[] = {{"killed", killed}, {0}};

	if (argc < 4)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	attach(&net, argv[1]);
	attach(&block, argv[2]);
	dir = argv[3];
	run_cases_here(argc > 4 && !strcmp(argv[4], "killed") ? dead : all,
		       argc > 4 ? argv[4] : NULL, 60);
	printf("remotes: %s\n", check_failed ? "FAILED" : "ok");
	return check_failed;
}

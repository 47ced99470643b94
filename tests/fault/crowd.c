// SPDX-License-Identifier: GPL-2.0
/*
 * crowd SOCKET WHAT OP...: clients that try to take all of a shared resource, while a client of
 * another user needs its part. SOCKET is the domain's; OP are the numbers of the calls that WHAT
 * makes:
 *
 *      tasks socket recvfrom close             clients with as many waiting calls as they get
 *      doorbells socket recvfrom close             a thousand channels that do nothing but ring
 * their
 *                                              doorbells
 *      tickets socket                          clients that make tickets
 *      watches socket epoll_create1 epoll_ctl  a client that adds to epoll sets
 *      pipes pipe2 fcntl                       a client whose pipes are as large as possible
 *      locks open fcntl                        one that locks parts of files in $FAULT_DIR
 *      attaches                                as many clients as there can be
 *      events PID                              clients that all detach while PID, the domain's
 *                                              vCPU, stands still
 *      copies socket recvmmsg close            clients whose waiting calls have as much private
 *                                              memory as they get
 *      polls socket poll close                 clients whose waiting calls have as many
 *                                              files as allowed
 *
 * Exit status 0: the bystander got its part. Only the bounds of each wait limit the time.
 */
#include "attach.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sd/ticket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define CHANNELS    1000
#define ADDRESS	    4096 /* in the arena */
#define LOCKS	    304	 /* of a file */
#define AT_ONCE	    16

struct client {
	struct outsider o;
	u32 n[SD_QPS]; /* entries published */
};

static const char *path;
static u16 op[4];
static int number; /* an invalid operation number */

static void fail(const char *what, long long got)
{
	printf("%s: %lld\n", what, got);
	exit(1);
}

/* As another user: fair shares are by real uid. */
static int attach_as(struct client *c, int uid)
{
	int err;

	memset(c, 0, sizeof(*c));
	if (setresgid(uid, uid, 0) || setresuid(uid, uid, 0))
		fail("setresuid", uid);
	err = outsider_attach(&c->o, path);
	if (setresuid(0, 0, 0) || setresgid(0, 0, 0))
		fail("setresuid", 0);
	return err;
}

static void post(struct client *c, unsigned int qp, u16 nr, u64 a, u64 b, u64 d, u64 e)
{
	struct sd_entry entry = {.op = nr, .arg = {a, b, d, e}};

	outsider_post(&c->o, qp, c->n[qp]++, &entry);
}

static s64 call(struct client *c, unsigned int qp, u16 nr, u64 a, u64 b, u64 d, u64 e)
{
	s64 ret = 0;
	int got;

	post(c, qp, nr, a, b, d, e);
	got = outsider_answer(&c->o, qp, c->n[qp] - 1, &ret, PATIENCE_MS);
	if (got <= 0)
		fail("no answer; its channel has ended", got < 0);
	if (outsider_qp(&c->o, qp)->sq[(c->n[qp] - 1) % SD_RING].flags & SD_R_REFUSED)
		fail("the domain refuses call", nr);
	return ret;
}

static s64 udp(struct client *c)
{
	s64 fd = call(c, 0, op[0], 2, 2, 0, 0);

	if (fd < 0)
		fail("socket", fd);
	return fd;
}

/* Calls of a queue pair begin in order: when the last one is answered, each of the others is
 * waiting or answered. */
static int waiting(struct client *c, unsigned int qp)
{
	struct sd_qp_mem *m = outsider_qp(&c->o, qp);
	int n = 0;

	if (call(c, qp, SD_OP_NULL, 1, 0, 0, 0) != 1)
		fail("null call in queue pair", qp);
	for (u32 i = 0; i < c->n[qp]; i++)
		n += m->sq[i % SD_RING].seq == 2 * i + 1;
	return n;
}

static int wait_everywhere(struct client *c)
{
	s64 fd = udp(c);
	int n = 0;

	for (unsigned int qp = 0; qp < SD_QPS; qp++)
		for (int i = 0; i < 16; i++)
			post(c, qp, op[1], fd, ADDRESS, 64, 0);
	for (unsigned int qp = 0; qp < SD_QPS; qp++)
		n += waiting(c, qp);
	return n;
}

static void some_calls(struct client *c, int n)
{
	for (int i = 0; i < n; i++) {
		s64 fd = udp(c);

		if (call(c, 0, op[2], fd, 0, 0, 0))
			fail("close", fd);
	}
}

static void tasks(void)
{
	static struct client greedy[4], honest;
	int n[4];

	for (int i = 0; i < 4; i++) {
		if (attach_as(&greedy[i], 64000 + i / 2))
			fail("attach", i);
		n[i] = wait_everywhere(&greedy[i]);
	}
	printf("waiting calls: %d %d %d %d\n", n[0], n[1], n[2], n[3]);
	if (n[0] < (int)SD_QPS)
		fail("not one for each queue pair of a client", n[0]);
	if (attach_as(&honest, 64100))
		fail("attach", -1);
	some_calls(&honest, 100);
	post(&honest, 1, op[1], udp(&honest), ADDRESS, 64, 0);
	if (waiting(&honest, 1) != 1)
		fail("its own call doesn't wait", 0);
	some_calls(&honest, 100);
}

static volatile int stop;
static u32 taken; /* doorbell words that the domain has read */

static void *ring_on(void *arg)
{
	struct client *c = arg;

	while (!stop) {
		for (int i = 0; i < CHANNELS; i++)
			for (unsigned int w = 0; c[i].o.head && w < SD_QPS / 32; w++)
				if (!__atomic_exchange_n(&c[i].o.head->doorbell[w], ~0u,
							 __ATOMIC_RELAXED))
					__atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
		outsider_ring(&c[0].o, 0);
		usleep(1000);
	}
	return NULL;
}

static void doorbells(void)
{
	static struct client c[CHANNELS], honest;
	pthread_t t;
	int n = 0;
	u32 beside;

	while (n < CHANNELS && !attach_as(&c[n], 64000 + n % 8))
		n++;
	printf("%d channels\n", n);
	if (n < 100)
		fail("attach", n);
	if (n < CHANNELS)
		c[n].o.head = NULL;
	if (attach_as(&honest, 64100) || pthread_create(&t, NULL, ring_on, c))
		fail("attach", -1);
	for (int i = 0; __atomic_load_n(&taken, __ATOMIC_RELAXED) < (u32)n; i++) {
		some_calls(&honest, 1);
		if (i > 100000)
			fail("doorbells that nobody looks at", n - (int)taken);
	}
	beside = taken;
	some_calls(&honest, 500);
	beside = __atomic_load_n(&taken, __ATOMIC_RELAXED) - beside;
	printf("bystander: 1000 calls, beside %u words of doorbells\n", beside);
	if (beside > 1000 * CHANNELS)
		fail("more than a quarter of all doorbells is looked at for each of its calls",
		     beside);
	stop = 1;
	pthread_join(t, NULL);
}

static s64 ticket(struct client *c, s64 fd)
{
	return call(c, 0, SD_OP_TICKET, fd, ADDRESS, 0, 0);
}

static void tickets(void)
{
	static struct client c[9], honest;
	u32 n = 0;
	s64 fd;

	for (int i = 0; i < 9; i++) {
		if (attach_as(&c[i], 64000 + i % 2))
			fail("attach", i);
		fd = udp(&c[i]);
		for (u32 k = 0; k <= SD_TICKETS && !ticket(&c[i], fd); k++)
			n++;
	}
	printf("%u tickets\n", n);
	if (attach_as(&honest, 64100))
		fail("attach", -1);
	fd = ticket(&honest, udp(&honest));
	if (fd)
		fail("ticket", fd);
}

static s64 watch(struct client *c, s64 ep, s64 fd)
{
	outsider_qp(&c->o, 0)->arena[ADDRESS] = 1; /* EPOLLIN */
	return call(c, 0, op[2], ep, 1, fd, ADDRESS);
}

static void watches(void)
{
	static struct client c, honest;
	s64 fd[200], ep, err = 0;
	u32 n = 0;

	if (attach_as(&c, 64000))
		fail("attach", 0);
	for (int i = 0; i < 200; i++)
		fd[i] = udp(&c);
	for (int e = 0; e < 400 && !err; e++) {
		ep = call(&c, 0, op[1], 0, 0, 0, 0);
		err = ep < 0 ? ep : 0;
		for (int i = 0; i < 200 && !err; i++, n++)
			err = watch(&c, ep, fd[i]);
	}
	printf("%u watches, then %lld\n", n, (long long)err);
	if (err != -ENOSPC)
		fail("watches of one user have no end", err);
	if (attach_as(&honest, 64100))
		fail("attach", -1);
	err = watch(&honest, call(&honest, 0, op[1], 0, 0, 0, 0), udp(&honest));
	if (err)
		fail("another user's first watch", err);
}

static s64 pipe_of(struct client *c)
{
	s64 err = call(c, 0, op[0], ADDRESS, O_NONBLOCK, 0, 0);

	return err ? err : *(s32 *)(outsider_qp(&c->o, 0)->arena + ADDRESS);
}

/* Bytes that the pipe has room for. */
static s64 pipe_size(struct client *c, s64 fd)
{
	return call(c, 0, op[1], fd, F_GETPIPE_SZ, 0, 0);
}

static void pipes(void)
{
	static struct client c, honest;
	s64 fd = 0, err = 0, usual;
	int n = 0;

	if (attach_as(&c, 64000))
		fail("attach", 0);
	usual = pipe_size(&c, pipe_of(&c));
	while (n < 1000 && err >= 0 && (fd = pipe_of(&c)) >= 0) {
		err = call(&c, 0, op[1], fd, F_SETPIPE_SZ, 1 << 20, 0);
		n += err >= 0;
	}
	printf("%d pipes of 1 MiB, then %lld; the next has %lld bytes of %lld\n", n, (long long)err,
	       (long long)pipe_size(&c, pipe_of(&c)), (long long)usual);
	if (err != -EPERM)
		fail("pipes of one user have no end", err);
	if (attach_as(&honest, 64100))
		fail("attach", -1);
	fd = pipe_of(&honest);
	if (fd < 0 || pipe_size(&honest, fd) != usual)
		fail("another user's first pipe", fd < 0 ? fd : pipe_size(&honest, fd));
	if (call(&honest, 0, op[1], fd, F_SETPIPE_SZ, 1 << 20, 0) != 1 << 20)
		fail("another user's big pipe", 0);
}

static s64 lock_file(struct client *c, int n)
{
	snprintf((char *)outsider_qp(&c->o, 0)->arena + ADDRESS, 256, "%s/lock%d",
		 getenv("FAULT_DIR"), n);
	return call(c, 0, op[0], ADDRESS, O_RDWR | O_CREAT, 0666, 0);
}

/* So many of a file, some at a time. 0, or what the first that failed says. */
static s64 lock_all(struct client *c, s64 fd, u32 *n)
{
	s64 ret, err = 0;

	for (int i = 0; i < LOCKS && !err; i += AT_ONCE) {
		for (int k = 0; k < AT_ONCE; k++) {
			struct flock l = {.l_type = F_WRLCK, .l_len = 1, .l_start = 2 * (i + k)};

			memcpy(outsider_qp(&c->o, 0)->arena + ADDRESS + k * sizeof(l), &l,
			       sizeof(l));
			post(c, 0, op[1], fd, F_SETLK, ADDRESS + k * sizeof(l), 0);
		}
		for (u32 k = AT_ONCE; k; k--) {
			int got = outsider_answer(&c->o, 0, c->n[0] - k, &ret, PATIENCE_MS);

			if (!got)
				fail("no answer to a lock", i);
			if (got < 0)
				return -ESHUTDOWN; /* it held most memory, so it was ended */
			err = err ? err : ret;
			*n += !ret;
		}
	}
	return err;
}

static void locks(void)
{
	static struct client c, honest;
	s64 err = 0, fd;
	u32 n = 0;

	if (attach_as(&c, 64000))
		fail("attach", 0);
	for (int f = 0; f < 10000 && !err; f++) {
		fd = lock_file(&c, f);
		err = fd < 0 ? fd : lock_all(&c, fd, &n);
	}
	printf("%u locks, then %lld\n", n, (long long)err);
	if (!err)
		fail("locks of one user have no end", n);
	if (attach_as(&honest, 64100))
		fail("attach", -1);
	fd = lock_file(&honest, 20000);
	err = fd < 0 ? fd : lock_all(&honest, fd, &n);
	if (err)
		fail("another user's locks", err);
}

static int as_many_as_get_in(struct client *c, int uid, int *err)
{
	int n = 0;

	while (n < CHANNELS && !(*err = attach_as(&c[n], uid)))
		n++;
	return n;
}

static void attaches(void)
{
	static struct client c[CHANNELS], honest;
	int err, n = as_many_as_get_in(c, 64000, &err);

	printf("%d clients, then %d\n", n, err);
	if (!err)
		fail("clients of one user have no end", n);
	err = attach_as(&honest, 64100);
	if (err)
		fail("another user's first client", err);
	if (call(&honest, 0, SD_OP_NULL, 1, 0, 0, 0) != 1)
		fail("its call", 0);
}

/* The number of clients according to the supervisor, whatever the domain does. */
static u32 clients_now(int sock)
{
	struct sd_ctl_msg m = {.type = SD_CTL_STATUS};
	int fd[3], err = outsider_ask(sock, &m, fd);

	if (err && err != -ETIMEDOUT)
		fail("STATUS", err);
	return m.u.status.clients;
}

static void events(void)
{
	static struct client c[CHANNELS], honest;
	int sock = outsider_connect(path), err, n, tries = 0;
	pid_t vcpu = number;

	for (n = 0; n < 700; n++)
		if (attach_as(&c[n], 64000))
			fail("attach", n);
	if (ptrace(PTRACE_SEIZE, vcpu, 0, 0) || ptrace(PTRACE_INTERRUPT, vcpu, 0, 0) ||
	    waitpid(vcpu, NULL, __WALL) != vcpu)
		fail("ptrace", errno);
	while (n)
		outsider_detach(&c[--n].o);
	while ((n = clients_now(sock)) && ++tries < 20)
		;
	if (n)
		fail("clients that the supervisor still has", n);
	err = outsider_begin(&honest.o, path);
	if (err)
		fail("connect", err);
	clients_now(sock); /* the request has been sent by now */
	if (ptrace(PTRACE_DETACH, vcpu, 0, 0))
		fail("ptrace", errno);
	err = outsider_attached(&honest.o);
	if (err)
		fail("attach behind 700 detaches", err);
	if (call(&honest, 0, SD_OP_NULL, 1, 0, 0, 0) != 1)
		fail("its call", 0);
	printf("700 clients gone at once\n");
}

/* ---- memory of calls ---- */
#define MESSAGES 1024
#define VECTOR	 (ADDRESS + MESSAGES * 64)
#define VECTORS	 56
#define NFDS	 5000
#define MANY	 6 /* clients */

/* A message of so many vectors of a byte, which all are the same. */
static void post_copies(struct client *c, unsigned int qp, s64 fd, u32 messages, u32 vectors)
{
	u8 *arena = outsider_qp(&c->o, qp)->arena;
	const u64 vector[2] = {64, 1};

	for (u32 i = 0; i < messages; i++) {
		const u64 m[8] = {0, 0, VECTOR, vectors};

		memcpy(arena + ADDRESS + i * sizeof(m), m, sizeof(m));
	}
	for (u32 i = 0; i < vectors; i++)
		memcpy(arena + VECTOR + i * sizeof(vector), vector, sizeof(vector));
	post(c, qp, op[1], fd, ADDRESS, messages, 0);
}

static void post_poll(struct client *c, unsigned int qp, s64 fd, u32 n, u32 unused)
{
	u8 *arena = outsider_qp(&c->o, qp)->arena;

	for (u32 i = 0; i < n; i++) {
		const struct {
			int fd;
			short events, revents;
		} p = {(int)fd, 2 /* POLLPRI */, 0};

		memcpy(arena + ADDRESS + i * sizeof(p), &p, sizeof(p));
	}
	(void)unused;
	post(c, qp, op[1], ADDRESS, n, (u64)-1, 0);
}

/* One of its user's must be there for each part of what there is; somebody else's works, the big
 * one, too. */
static void memory_of_calls(void (*post_one)(struct client *c, unsigned int qp, s64 fd, u32 n,
					     u32 m),
			    unsigned int qps, u32 n, u32 m)
{
	static struct client c[MANY], honest;
	int all = 0;
	s64 fd;

	for (int i = 0; i < MANY; i++) {
		if (attach_as(&c[i], 64000))
			fail("attach", i);
		fd = udp(&c[i]);
		for (unsigned int qp = 0; qp < qps; qp++)
			post_one(&c[i], qp, fd, n, m);
		for (unsigned int qp = 0; qp < qps; qp++)
			all += waiting(&c[i], qp);
	}
	printf("%d calls of one user wait\n", all);
	if (!all)
		fail("none of them waits", 0);
	if (attach_as(&honest, 64100))
		fail("attach", -1);
	some_calls(&honest, 20);
	fd = udp(&honest);
	post_one(&honest, 1, fd, n, m);
	if (waiting(&honest, 1) != 1)
		fail("another user's call doesn't wait", outsider_qp(&honest.o, 1)->sq[0].seq);
	some_calls(&honest, 20);
	for (int i = 0; i < MANY; i++)
		if (c[i].o.head->ended)
			fail("ended: client", i);
}

static void copies(void)
{
	memory_of_calls(post_copies, 8, MESSAGES, VECTORS);
}

static void polls(void)
{
	memory_of_calls(post_poll, SD_QPS, NFDS, 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} what[] = {{"tasks", tasks},	    {"doorbells", doorbells}, {"tickets", tickets},
		    {"watches", watches},   {"pipes", pipes},	      {"locks", locks},
		    {"attaches", attaches}, {"events", events},	      {"copies", copies},
		    {"polls", polls}};

	struct rlimit l;

	if (argc < 3 || argc > 7) {
		fprintf(stderr, "usage: crowd SOCKET WHAT OP...: see crowd.c\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &l);
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
	path = argv[1];
	number = argc > 3 ? atoi(argv[3]) : 0;
	for (int i = 3; i < argc; i++)
		op[i - 3] = atoi(argv[i]);
	for (unsigned int i = 0; i < sizeof(what) / sizeof(what[0]); i++)
		if (!strcmp(what[i].name, argv[2])) {
			what[i].run();
			return 0;
		}
	return 2;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz.c: invalid data on both sides of the generated stubs, under ASan and UBSan: fuzz [CASES
 * [SEED]].
 *   server  random entries over a random arena, the host kernel behind: nothing beside the arena
 *           and the private copies changes, whatever the entry says
 *   client  good calls answered by random results and arena contents: the program's memory
 *           outside the buffers it gave is untouched
 *   lies    every good call answered by more than it asked for, and by a value that is neither a
 *           valid number nor an errno: the channel ends (SD_PROTO), whatever the call; and by
 *           valid results, which pass
 * Runs in a network namespace of its own, so that no address or interface is real; and where the
 * domain serves files with that file system, as with_files.sh mounts it, for its root directory.
 */
#include "stub_test.h"
#include "../../runtime/transport/loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sd/qp.h>
#include <sd/serve_path.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#define TAIL 64 /* marked bytes behind every private copy */

long sd_host_call(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

int st_mutate;
bool st_mutating;
static u64 state = 1;
static u8 *region_mem;
static struct sd_sregion region;
static struct sd_qp qp;
static int fixture[4];
static u64 cases_done, faults_seen;

static u64 rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

void st_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (after %llu cases)\n", (unsigned long long)cases_done);
	exit(1);
}

const struct sd_stub *st_stub(unsigned int nr)
{
	(void)nr;
	return NULL;
}

/* ---- surroundings of the core ---- */

static void *checked_mem_get(void *owner, u64 len)
{
	u8 *p = calloc(1, len + 16 + TAIL);

	(void)owner;
	*(u64 *)p = len;
	memset(p + 16 + len, 0xc3, TAIL);
	return p + 16;
}

static void checked_mem_put(void *p)
{
	u8 *start = (u8 *)p - 16, *tail = (u8 *)p + *(u64 *)start;

	for (int i = 0; i < TAIL; i++)
		if (tail[i] != 0xc3)
			st_die("the kernel wrote behind a private copy of %llu bytes",
			       (unsigned long long)*(u64 *)start);
	free(start);
}

u8 sd_file_credit(unsigned int fd)
{
	(void)fd;
	return 0;
}

void sd_file_error(unsigned int fd, int err)
{
	(void)fd, (void)err;
}

static void no_wake(u32 *word)
{
	(void)word;
}

static const struct sd_server_ops ops = {
	.wake = no_wake, .mem_get = checked_mem_get, .mem_put = checked_mem_put};

static const struct sd_stub *stub_of(long nr)
{
	for (u32 i = 0; i < st_suite.stubs->n; i++)
		if (st_suite.stubs->stub[i].nr == nr)
			return &st_suite.stubs->stub[i];
	return NULL;
}

/* Calls that make or close descriptors, send signals, change our ids or never return are not
 * made; the others get one of our descriptors. */
static bool harmless(long nr, u64 b)
{
	static const long no[] = {SYS_close,	     SYS_dup,	     SYS_dup2,	    SYS_dup3,
				  SYS_socket,	     SYS_socketpair, SYS_accept,    SYS_accept4,
				  SYS_epoll_create1, SYS_pipe2,	     SYS_setuid,    SYS_setgid,
				  SYS_setreuid,	     SYS_setregid,   SYS_setresuid, SYS_setresgid,
				  SYS_setfsuid,	     SYS_setfsgid,   SYS_setgroups, SYS_capset,
				  SYS_prctl,	     SYS_sync};

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (nr == no[i])
			return false;
	return nr != SYS_fcntl || b == F_GETFL || b == F_GETLK || b == 16 /* F_GETOWN_EX */;
}

long sd_host_call(long nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	register u64 r10 __asm__("r10") = d;
	register u64 r8 __asm__("r8") = e;
	register u64 r9 __asm__("r9") = f;
	const struct sd_stub *st = stub_of(nr);
	long r;

	if (!harmless(nr, (u32)b))
		return -EMFILE;
	if (st->fd_args & 1)
		a = (u64)fixture[a % 4];
	if (st->fd_args & 4) /* splice's second */
		c = (u64)fixture[c % 4];
	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	faults_seen += r == -EFAULT;
	if (r >= 0 && st->ret_fd && nr != SYS_fcntl)
		close((int)r);
	return r;
}

/* ---- server ---- */

static u64 wild_offset(void)
{
	static const u64 edge[] = {0,
				   1,
				   63,
				   64,
				   SD_ARENA_SIZE - 64,
				   SD_ARENA_SIZE - 1,
				   SD_ARENA_SIZE,
				   SD_ARENA_SIZE + 1,
				   ~0ull,
				   ~0ull - 1,
				   ~0ull - 2,
				   1ull << 63,
				   4096};

	switch (rnd() % 4) {
	case 0:
		return edge[rnd() % (sizeof(edge) / sizeof(edge[0]))];
	case 1:
		return rnd() % 64;
	case 2:
		return 64 + rnd() % (SD_ARENA_SIZE - 64);
	default:
		return rnd() % 8 ? rnd() % 2048 : rnd();
	}
}

static const char names[4][8] = {"file", "dir", "dir/x", "."};

static void scribble(u8 *arena, u64 bytes)
{
	for (u64 i = 0; i + 8 <= bytes; i += 8)
		*(u64 *)(arena + i) = wild_offset();
	for (int i = 0; i < 8; i++)
		strcpy((char *)arena + 64 + rnd() % (bytes - 128), names[rnd() % 4]);
}

/* The queue pair's rings before the arena and the next queue pair behind it must stay as they are.
 * */
static void check_neighbours(const u8 *arena, const char *name)
{
	for (int i = 0; i < 4096; i++)
		if (arena[(int)SD_ARENA_SIZE + i] != 0x7e || arena[-1 - i] != 0x7e)
			st_die("serve_%s wrote outside the arena", name);
}

static void fuzz_server(u64 cases)
{
	u8 *arena = region_mem + SD_HEAD_SIZE + SD_QP_SIZE +
		    SD_ARENA_OFF; /* queue pair 1; 0 and 2 are its neighbours */
	const struct sd_table table = {sd_served, sd_nserved};
	struct sd_sqp *l = &region.qp[1];

	memset(arena - 4096, 0x7e, 4096);
	memset(arena + SD_ARENA_SIZE, 0x7e, 4096);
	for (u64 i = 0; i < cases; i++, cases_done++) {
		struct sd_req q = {.qp = l, .op = (u16)(SD_OP_CALLS + rnd() % sd_nserved)};
		bool bad = false;

		scribble(arena, 4096);
		for (int k = 0; k < 6; k++)
			q.arg[k] = wild_offset();
		sd_srv_call(&table, &q, &bad);
		if (i % 16 == 0 || bad)
			check_neighbours(arena, sd_served[q.op - SD_OP_CALLS].name);
	}
}

/* ---- client ---- */

static const s64 *says; /* NULL: nonsense */
static u64 served;

int sd_loop_attach(void *base)
{
	sd_sregion_init(&region, base, NULL, &ops);
	return 0;
}

int sd_loop_serve(u32 index)
{
	const struct sd_table table = {sd_served, sd_nserved};
	struct sd_sqp *l = &region.qp[index];
	static const long answers[] = {0, 1, 3, 64, -14, -4095, 4096, 1 << 20, 0x7fffffffffffffffl,
				       -1};
	struct sd_req q;

	while (sd_srv_take(l, &table, &q) > 0) {
		served++;
		if (says) {
			sd_srv_reply(&q, *says, SD_R_OK);
			continue;
		}
		scribble(l->mem->arena, 2048);
		sd_srv_reply(&q, answers[rnd() % 10], SD_R_OK);
	}
	return 0;
}

static u8 *canary;

static const struct side nobody = {.name = "nobody"};

static void new_channel(void)
{
	sd_qp_init(&qp, region_mem, 0, NULL, sd_transport_client(NULL));
	memset(region_mem, 0, SD_HEAD_SIZE + SD_ARENA_OFF);
	sd_sregion_init(&region, region_mem, NULL, &ops);
}

static void arguments(const struct st_call *call, const struct st_base *base, u64 arg[6])
{
	for (u32 k = 0; k < call->nparams; k++)
		arg[k] = base->arg[k].kind == ST_BUF
				 ? buffer_make((int)k, base->arg[k].name, &nobody)
				 : (u64)base->arg[k].num;
}

static void fuzz_client(u64 cases)
{
	for (u64 i = 0; i < cases; i++, cases_done++) {
		const struct st_call *call = st_suite.call[rnd() % st_suite.ncalls];
		const struct st_base *base = &call->base[rnd() % call->nbases];
		const struct sd_stub *stub = NULL;
		u64 arg[6] = {0};
		long ret = 0;

		for (u32 k = 0; k < st_suite.stubs->n; k++)
			if (!strcmp(st_suite.stubs->stub[k].name, call->name))
				stub = &st_suite.stubs->stub[k];
		arguments(call, base, arg);
		/* below what the buffers use: nobody's business */
		for (u32 k = 0; k < call->nparams; k++) {
			size_t len;
			u8 *low = buffer_used((int)k, &len);

			memset(low - 512, 0x3e, 512);
		}
		stub->stub(&qp, &ret, arg);
		if (qp.status != SD_OK) /* it has detected the violation */
			new_channel();
		for (u32 k = 0; k < call->nparams; k++) {
			size_t len;
			u8 *low = buffer_used((int)k, &len);

			for (int j = 1; j <= 512; j++)
				if (low[-j] != 0x3e)
					st_die("stub_%s/%s wrote %d bytes below the buffer of %s",
					       call->name, base->name, j, call->param[k].name);
		}
		if (canary[0] != 0x55)
			st_die("stub_%s wrote elsewhere", call->name);
	}
}

/* ---- lies about the result ---- */
/* The sum of the readable part; more than Linux takes is refused anyway. */
static s64 listed(const struct iovec *v, u64 n)
{
	struct iovec one;
	s64 sum = 0;

	for (u64 i = 0; i < n && i < 1024 && !sd_copy_from_prog(&one, v + i, sizeof(one)); i++)
		sum += one.iov_len < 0x7ffff000 ? (s64)one.iov_len : 0x7ffff000;
	return sum;
}

/* What this call, with these arguments, may return at most. */
static s64 most_of(const struct st_call *call, const u64 arg[6])
{
	const struct st_result *r = &call->result;
	struct msghdr m = {0};
	s64 n = r->most;

	if (r->keep_arg >= 0 && arg[r->keep_arg] & (u64)r->keep_mask &&
	    strcmp(call->name, "recvmmsg"))
		return 0x7fffffff;
	switch (r->kind) {
	case ST_RETURNS_MOST:
		return n;
	case ST_RETURNS_NUMBER:
		n = (s64)arg[r->of] * r->times;
		break;
	case ST_RETURNS_UNITS:
		n = (s64)arg[r->len];
		break;
	case ST_RETURNS_LIST:
		n = listed((const struct iovec *)arg[r->of], arg[r->len]);
		break;
	case ST_RETURNS_MESSAGE:
		if (sd_copy_from_prog(&m, (const void *)arg[r->of], sizeof(m)))
			return 0;
		n = listed(m.msg_iov, m.msg_iovlen);
		break;
	}
	return n ?: r->empty;
}

static enum sd_status answered(const struct st_call *call, const struct st_base *base,
			       const struct sd_stub *stub, s64 said, bool more)
{
	u64 arg[6] = {0}, before = served;
	long ret = 0;
	s64 answer = said;
	enum sd_status st;

	arguments(call, base, arg);
	if (more && __builtin_add_overflow(said, most_of(call, arg), &answer))
		return SD_PROTO; /* nothing is more */
	says = &answer;
	new_channel();
	st = stub->stub(&qp, &ret, arg);
	says = NULL;
	cases_done++;
	return served == before ? SD_PROTO : st; /* the stub itself has refused it */
}

static void lie_about(const struct st_call *call, const struct st_base *base,
		      const struct sd_stub *stub)
{
	static const s64 above[] = {1, 4096, 1 << 20, 1ll << 31, 1ll << 40, 1ll << 62};
	static const s64 below[] = {-4096, -(1 << 20), -(1ll << 31), -(1ll << 62),
				    -0x7fffffffffffffffll - 1};
	u64 before = served;

	for (size_t i = 0; i < sizeof(above) / sizeof(above[0]); i++)
		if (answered(call, base, stub, above[i], true) != SD_PROTO)
			st_die("stub_%s/%s believed a result that is %lld too much", call->name,
			       base->name, (long long)above[i]);
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
		if (answered(call, base, stub, below[i], false) != SD_PROTO)
			st_die("stub_%s/%s believed the result %lld", call->name, base->name,
			       (long long)below[i]);
	if (served == before ||
	    !strcmp(call->name, "recvmsg")) /* without control messages' length: a violation */
		return;
	for (s64 honest = 0; honest >= -4095; honest -= 4095)
		if (answered(call, base, stub, honest, false) != SD_OK)
			st_die("stub_%s/%s took %lld for a lie", call->name, base->name,
			       (long long)honest);
}

static void fuzz_results(void)
{
	for (u32 i = 0; i < st_suite.ncalls; i++)
		for (u32 k = 0; k < st_suite.stubs->n; k++)
			for (u32 b = 0;
			     !strcmp(st_suite.stubs->stub[k].name, st_suite.call[i]->name) &&
			     b < st_suite.call[i]->nbases;
			     b++)
				lie_about(st_suite.call[i], &st_suite.call[i]->base[b],
					  &st_suite.stubs->stub[k]);
}

static void tick(int sig)
{
	(void)sig;
}

/* The descriptors that calls get. */
static void make_fixtures(void)
{
	const char *root = st_suite.stubs->nprefix ? st_suite.stubs->prefix[0] : NULL;
	char proc[64];

	for (int i = 0; i < 4; i += 2)
		if (socketpair(AF_UNIX, (i ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0,
			       fixture + i))
			st_die("no sockets");
	if (!root)
		return;
	snprintf(proc, sizeof(proc), "%s/proc", root); /* the leak check at the end asks it */
	if (mkdir(proc, 0555) || mount("/proc", proc, NULL, MS_BIND | MS_REC, NULL) ||
	    chroot(root) || chdir("/") || mkdir("dir", 0777))
		st_die("%s: %s; run.sh mounts a file system of its own there", root,
		       strerror(errno));
	fixture[0] = open("file", O_RDWR | O_CREAT, 0666);
	fixture[1] = open("dir", O_RDONLY | O_DIRECTORY);
	if (fixture[0] < 0 || fixture[1] < 0)
		st_die("no files");
}

int main(int argc, char **argv)
{
	u64 cases = argc > 1 ? strtoull(argv[1], NULL, 0) : 200000;
	struct itimerval every = {{0, 2000}, {0, 2000}}; /* a call that blocks is interrupted */
	struct sigaction sa = {.sa_handler = tick};

	state = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 0x9e3779b97f4a7c15ull;
	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		st_die("no network namespace: %s", strerror(errno));
	region_mem = mmap(NULL, SD_REGION_SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	canary = malloc(64);
	if (region_mem == MAP_FAILED || !canary)
		st_die("no memory");
	memset(canary, 0x55, 64);
	make_fixtures();
	sigaction(SIGALRM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	signal(SIGURG, SIG_IGN);
	sd_loop_attach(region_mem);
	buffers_init();
	setitimer(ITIMER_REAL, &every, NULL);
	fuzz_server(cases);
	printf("server: %llu entries, %llu ended in EFAULT\n", (unsigned long long)cases_done,
	       (unsigned long long)faults_seen);
	sd_qp_init(&qp, region_mem, 0, NULL, sd_transport_client(NULL));
	memset(region_mem, 0, SD_HEAD_SIZE + SD_ARENA_OFF);
	fuzz_client(cases / 4);
	printf("client: %llu lies\n", (unsigned long long)(cases_done - cases));
	cases = cases_done;
	fuzz_results();
	printf("results: %llu lies, %llu of them answers to a call\n1 passed, 0 failed\n",
	       (unsigned long long)(cases_done - cases), (unsigned long long)served);
	return 0;
}
